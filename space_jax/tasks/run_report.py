"""A report on a fine-tuning run: its measures before and after, and predictions beside the truth."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from space_jax.tasks.predictor import Predictor
from space_jax.training.checkpoint import find_checkpoints
from space_jax.training.run_report import before_and_after
from space_jax.training.workdir import CHECKPOINTS


def measures(workdir: Path) -> Table:
    """The validation measures at the first, the best and the last evaluation.

    Raises:
      UserError: the run has no evaluation yet.
    """
    return before_and_after(workdir, fewest=1, kept=find_checkpoints(workdir / CHECKPOINTS).best)


def examples(workdir: Path, count: int, overrides: Mapping[str, Any] | None = None) -> Iterator[Table]:
    """Records of the validation split, evenly spread over it, each with the truth and the prediction.

    Args:
      workdir: of a run for any task but dialogue, whose turns `agent.run_report` shows.
      count: how many.
      overrides: fields of the configuration to change, such as where the data lies.

    Raises:
      UserError: there is no checkpoint, or the validation split is not where it was.
    """
    trained = Predictor(workdir, overrides=overrides)
    records = type(trained.task).read_split(trained.config.task, trained.config.data, "validation")
    chosen = records[:: max(len(records) // count, 1)][:count]
    for record, prediction in zip(chosen, trained.predict_records(chosen), strict=True):
        yield beneath(zip(("text", "true", "predicted"), trained.task.side_by_side(record, prediction), strict=True))


def beneath(lines: Iterable[tuple[str, str]]) -> Table:
    """Named texts one beneath the other; empty ones are left out."""
    shown = Table.grid(padding=(0, 2))
    shown.add_column(justify="right", style="bold", min_width=len("predicted"))
    shown.add_column()
    for name, text in lines:
        if text:
            shown.add_row(name, Text(text))
    shown.add_row()
    return shown
