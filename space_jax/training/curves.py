"""`curves.png`: the losses and held-out measures of a run, drawn from its `metrics.jsonl`."""

import math
import os
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from space_jax.training.metrics import Record, read_records

_COLUMNS = 3
_HELD_OUT = "eval"
# Of a training record, what is a loss; the other numbers are about the machine and the schedule.
_LOSS, _TERM = "loss", "term/"


def _series(records: list[Record], kind: str, name: str) -> tuple[list[int], list[float]]:
    points = [(r["step"], r[name]) for r in records if r["kind"] == kind and r.get(name) is not None]
    return [step for step, _ in points], [value for _, value in points]


def panel_names(records: list[Record]) -> list[str]:
    """The panels in order: the loss, its terms by name, then what only an evaluation measures."""
    seen = {
        name
        for record in records
        for name, value in record.items()
        if isinstance(value, float) and (record["kind"] == _HELD_OUT or name.startswith(_TERM) or name == _LOSS)
    }
    terms = sorted(name for name in seen if name.startswith(_TERM))
    return [name for name in (_LOSS,) if name in seen] + terms + sorted(seen - {_LOSS, *terms})


def draw_curves(workdir: Path) -> Path | None:
    """Draws the curves of a run.

    Args:
      workdir: holds `metrics.jsonl` and gets `curves.png`.

    Returns:
      The picture, or None where there is nothing to draw yet.
    """
    records = read_records(workdir / "metrics.jsonl")
    names = panel_names(records)
    if not names:
        return None
    rows = math.ceil(len(names) / _COLUMNS)
    figure = Figure(figsize=(4 * _COLUMNS, 2.8 * rows), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    for index, name in enumerate(names):
        axes = figure.add_subplot(rows, _COLUMNS, index + 1)
        axes.plot(*_series(records, "train", name), color="#9db4c0", linewidth=1, label="train")
        axes.plot(*_series(records, _HELD_OUT, name), color="#c2410c", linewidth=1.5, marker=".", label="held out")
        axes.set_title(name.removeprefix(_TERM).replace("_", " "), fontsize=10)
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3)
        axes.margins(x=0.02)
    figure.axes[0].legend(fontsize=8)
    target, temporary = workdir / "curves.png", workdir / ".curves.png.tmp"
    canvas.draw()
    # A palette makes the picture a third as large, and these curves have few colours.
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]).quantize(48)
    picture.save(temporary, format="PNG", optimize=True)
    os.replace(temporary, target)
    return target
