"""`curves.png`: the losses and held-out measures of a run, plotted from its `metrics.jsonl`."""

import io
import math
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from space_jax.training.metrics import EVALUATION_SECONDS, Record, read_records

_COLUMNS = 3
_COLOURS = (("#9db4c0", "#c2410c"), ("#c3d69b", "#1d4ed8"), ("#d8c3e0", "#15803d"))  # (training, held-out) for each run
_HELD_OUT = "eval"
# The losses in a training record; its other numbers concern the machine and the schedule.
_LOSS, _TERM = "loss", "term/"


def _series(records: list[Record], kind: str, name: str) -> tuple[list[int], list[float]]:
    points = [(r["step"], r[name]) for r in records if r["kind"] == kind and r.get(name) is not None]
    return [step for step, _ in points], [value for _, value in points]


def panel_names(records: list[Record]) -> list[str]:
    """The panels in order: the loss, its terms by name if there are several, then measures of evaluations only."""
    seen = {
        name
        for record in records
        for name, value in record.items()
        if isinstance(value, float) and (record["kind"] == _HELD_OUT or name.startswith(_TERM) or name == _LOSS)
    } - {EVALUATION_SECONDS}
    terms = sorted(name for name in seen if name.startswith(_TERM))
    shown = terms if len(terms) > 1 else []
    return [name for name in (_LOSS,) if name in seen] + shown + sorted(seen - {_LOSS, *terms})


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
      runs: label -> workdir of each run; at most `len(_COLOURS)`.
      target: the image file to write.

    Returns:
      `target`, or None if there is nothing to plot yet.
    """
    figure = curves_of(runs)
    if figure is None:
        return None
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # A palette makes the file a third as large, and these curves have few colours.
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]).quantize(48)
    temporary = target.with_name(f".{target.name}.tmp")
    picture.save(temporary, format="PNG", optimize=True)
    os.replace(temporary, target)
    return target


def curves_of(runs: Mapping[str, Path]) -> Curves | None:
    """The figure that `draw_runs` writes; None if there is nothing to plot yet."""
    records = {name: read_records(workdir / "metrics.jsonl") for name, workdir in runs.items()}
    names = panel_names([record for run_records in records.values() for record in run_records])
    if not names:
        return None
    rows = math.ceil(len(names) / _COLUMNS)
    figure = Curves(figsize=(4 * _COLUMNS, 2.8 * rows), layout="constrained")
    for index, name in enumerate(names):
        axes = figure.add_subplot(rows, _COLUMNS, index + 1)
        for (run, run_records), (pale, strong) in zip(records.items(), _COLOURS, strict=False):
            axes.plot(*_series(run_records, "train", name), color=pale, linewidth=1, label=f"{run} train".strip())
            held_out = f"{run} held out".strip()
            axes.plot(*_series(run_records, _HELD_OUT, name), color=strong, linewidth=1.5, marker=".", label=held_out)
        axes.set_title(name.removeprefix(_TERM).replace("_", " "), fontsize=10)
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3)
        axes.margins(x=0.02)
    figure.axes[0].legend(fontsize=8)
    return figure
