"""`curves.png`: the held-out measures and losses of a run, plotted from its `metrics.jsonl`."""

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from PIL import Image

from space_jax.errors import UserError
from space_jax.training.curve_panels import HELD_OUT, TRAINING, Panel, sections
from space_jax.training.curve_style import MARKERS, MOST_RUNS, PALETTE, styles
from space_jax.training.metrics import Record, read_records

_WITH_TRAINING = 3  # runs; of more only the held-out curves are drawn where there are any
_POINTS = 2  # a curve through so few would tell of a course that nobody has measured
_NAMED = 5  # members of a family with a colour, those that are lowest at the end
_SPAN = 0.1  # that an axis of shares has at least
_GREY = "#666666"
_WIDTH, _HEIGHT, _HEAD = 3.3, 2.35, 0.3  # inches, of a panel and of a heading

Points = tuple[list[int], list[float]]


class Curves(Figure):
    """A figure that a notebook shows, whether or not pyplot and its backend are set up."""

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.savefig(content, format="png", dpi=80)
        return content.getvalue()


def draw_curves(workdir: Path) -> Path | None:
    """Plots the curves of a run.

    Args:
      workdir: holds `metrics.jsonl` and gets `curves.png`.

    Returns:
      The image file, or None if there is nothing to plot yet.
    """
    return draw_runs({"": workdir}, workdir / "curves.png")


def draw_runs(runs: Mapping[str, Path], target: Path) -> Path | None:
    """Plots the curves of several runs in the same panels.

    Args:
      runs: label -> workdir of each run.
      target: the image file to write.

    Returns:
      `target`, or None if there is nothing to plot yet.

    Raises:
      UserError: more than `MOST_RUNS` runs.
    """
    figure = curves_of(runs)
    return None if figure is None else save(figure, target)


def curves_of(runs: Mapping[str, Path]) -> Curves | None:
    """The figure that `draw_runs` writes; None if there is nothing to plot yet.

    Raises:
      UserError: more than `MOST_RUNS` runs.
    """
    return figure_of({name: read_records(workdir / "metrics.jsonl") for name, workdir in runs.items()})


def save(figure: Figure, target: Path) -> Path:
    """Writes a figure as a small PNG, whole or not at all."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # A palette makes the file a third as large; of the ways to choose one, this keeps the colours of thin lines.
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]).quantize(64, Image.Quantize.FASTOCTREE)
    temporary = target.with_name(f".{target.name}.tmp")
    picture.save(temporary, format="PNG", optimize=True)
    os.replace(temporary, target)
    return target


def figure_of(runs: Mapping[str, Sequence[Record]]) -> Curves | None:
    """The figure for the records of each run; None if there is nothing in them to plot.

    Raises:
      UserError: more than `MOST_RUNS` runs.
    """
    if len(runs) > MOST_RUNS:
        raise UserError(
            f"curves of {len(runs)} runs: no more than {MOST_RUNS} can be told apart in one picture; name fewer"
        )
    parts = sections((record for records in runs.values() for record in records), families=len(runs) == 1)
    if not parts:
        return None
    columns = max(2, *(len(row) for part in parts for row in part.rows))
    heights = [inches for part in parts for inches in (_HEAD, *(_HEIGHT for _ in part.rows))]
    figure = Curves(figsize=(_WIDTH * columns, sum(heights) + _HEAD), layout="constrained", dpi=100)
    grid = figure.add_gridspec(len(heights), columns, height_ratios=heights)
    last = max((record["step"] for records in runs.values() for record in records), default=0)
    places = iter(range(len(heights)))
    for part in parts:
        _draw_heading(figure.add_subplot(grid[next(places), :]), part.heading)
        for row in part.rows:
            _draw_row(figure, grid, next(places), row, runs, last)
    _draw_legend(figure, runs)
    return figure


def _draw_heading(axes: Axes, text: str) -> None:
    axes.text(0, 0, text, fontsize=11, fontweight="bold")
    axes.axis("off")


def _draw_row(
    figure: Figure, grid: GridSpec, y: int, row: Sequence[Panel], runs: Mapping[str, Sequence[Record]], last: int
) -> None:
    first: dict[str, Axes] = {}
    for x, panel in enumerate(row):
        axes = figure.add_subplot(grid[y, x], sharey=first.get(panel.scale))
        _draw_panel(axes, panel, runs)
        _label(axes, panel, last, of_first=panel.scale not in first)
        if panel.scale:
            first.setdefault(panel.scale, axes)


def _draw_panel(axes: Axes, panel: Panel, runs: Mapping[str, Sequence[Record]]) -> None:
    if len(panel.names) > 1:
        (records,) = runs.values()
        _draw_family(axes, panel, records)
        return
    (name,) = panel.names
    for records, style in zip(runs.values(), styles(len(runs)), strict=True):
        training, held_out = _series(records, TRAINING, name), _series(records, HELD_OUT, name)
        if len(runs) <= _WITH_TRAINING or not held_out[0]:
            _plot(axes, training, {**style.training, "marker": "." if len(training[0]) <= _POINTS else ""})
        _plot(axes, held_out, style.held_out)


def _draw_family(axes: Axes, panel: Panel, records: Sequence[Record]) -> None:
    """One line for each member; the lowest at the end are named."""
    found = {name: _series(records, HELD_OUT, name) for name in panel.names}
    lowest = sorted((points[1][-1], name) for name, points in found.items() if points[1])[:_NAMED]
    for points in found.values():
        _plot(axes, points, {"color": "#BBBBBB", "linewidth": 0.7, "marker": "."})
    for (_, name), colour, marker in zip(lowest, PALETTE, MARKERS, strict=False):
        label = name.partition("/")[2].replace("_", " ")
        _plot(axes, found[name], {"color": colour, "marker": marker, "markersize": 3, "label": label})
    axes.legend(fontsize=7, title=f"lowest of {len(found)}", title_fontsize=7, loc="best")


def _plot(axes: Axes, points: Points, style: Mapping[str, Any]) -> None:
    few = {"linestyle": "", "markersize": 6} if len(points[0]) <= _POINTS else {}
    axes.plot(*points, **{**style, **few})


def _label(axes: Axes, panel: Panel, last: int, of_first: bool) -> None:
    axes.set_title(panel.words.title, loc="left", fontsize=9)
    axes.set_title(panel.better, loc="right", fontsize=8, color=_GREY)
    axes.set_xlabel("training step", fontsize=8)
    if of_first:
        axes.set_ylabel(panel.words.unit, fontsize=8)
    axes.set_xlim(-0.03 * max(last, 1), 1.03 * max(last, 1))
    axes.tick_params(labelsize=8, which="both")
    axes.grid(alpha=0.3)
    if panel.words.log:
        axes.set_yscale("log")
        low, high = axes.dataLim.intervaly
        axes.yaxis.set_major_locator(LogLocator(subs=(1,) if high > 100 * low else (1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif panel.words.share:
        _widen(axes)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g}"))


def _widen(axes: Axes) -> None:
    """Gives an axis of shares at least `_SPAN`, so that a small change looks small."""
    low, high = axes.get_ylim()
    if high - low < _SPAN:
        bottom = min(max((low + high - _SPAN) / 2, -0.01), 1.01 - _SPAN)
        axes.set_ylim(bottom, bottom + _SPAN)


def _draw_legend(figure: Figure, runs: Mapping[str, Sequence[Record]]) -> None:
    trained = any(record["kind"] == TRAINING for records in runs.values() for record in records)
    both = trained and len(runs) <= _WITH_TRAINING
    handles = []
    for name, style in zip(runs, styles(len(runs)), strict=True):
        if both:
            handles.append(Line2D([], [], **style.training, label=f"{name} training".strip()))
        label = f"{name} held out".strip() if both else name or "held out"
        handles.append(Line2D([], [], **style.held_out, label=label))
    title = None if both or len(runs) == 1 else "held out"
    figure.legend(
        handles=handles, loc="outside upper right", ncols=min(len(handles), 6), fontsize=8, title=title, handlelength=3
    )


def _series(records: Sequence[Record], kind: str, name: str) -> Points:
    points = [(r["step"], r[name]) for r in records if r["kind"] == kind and isinstance(r.get(name), float)]
    return [step for step, _ in points], [value for _, value in points]
