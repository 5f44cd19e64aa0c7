"""Several runs side by side: the settings in which they differ, and their measures."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from space_jax.config_files import read_config
from space_jax.errors import UserError
from space_jax.printable import printable
from space_jax.remote import as_path
from space_jax.tasks.config import FinetuneConfig, is_finetuned
from space_jax.training.checkpoint import find_checkpoints
from space_jax.training.curves import draw_runs
from space_jax.training.run_report import evaluations
from space_jax.training.workdir import CHECKPOINTS

PathLike = str | os.PathLike[str]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `space-jax compare` prints.

    Attributes:
      runs: name of each run -> its workdir.
      fields: dotted name of a setting that differs -> its value in each run; None where a run does not have it.
      best: of each run the step of its best checkpoint, None without one, and the measures at that step.
      last: of each run the step of its last evaluation and the measures at that step.
    """

    runs: dict[str, Path]
    fields: dict[str, tuple[Any, ...]]
    best: tuple[tuple[int | None, dict[str, float]], ...]
    last: tuple[tuple[int, dict[str, float]], ...]

    def as_json(self) -> dict[str, Any]:
        """Run -> its settings that differ, and its measures."""
        return {
            name: {
                "fields": {field: values[n] for field, values in self.fields.items()},
                "best": {"step": self.best[n][0], **self.best[n][1]},
                "last": {"step": self.last[n][0], **self.last[n][1]},
            }
            for n, name in enumerate(self.runs)
        }

    def table(self) -> Table:
        """One column for each run: first the settings, then each measure at the best step and at the last one."""
        table = Table("", title="what differs, and held-out measures at the best (last) step")
        for name in self.runs:
            table.add_column(Text(name))
        for field, values in self.fields.items():
            table.add_row(Text(field), *map(_value, values))
        table.add_section()
        pairs = list(zip(self.best, self.last, strict=True))
        table.add_row("step", *(_both(best, last) for (best, _), (last, _) in pairs))
        for name in dict.fromkeys(name for _, found in self.last for name in found):
            cells = (_both(best.get(name), last.get(name)) for (_, best), (_, last) in pairs)
            table.add_row(Text(name.removeprefix("term/").replace("_", " ")), *cells)
        return table

    def draw(self, picture: PathLike) -> Path:
        """Draws the curves of all runs in the same panels into a PNG file.

        Raises:
          UserError: more runs than colours can tell apart.
        """
        target = Path(picture)
        target.parent.mkdir(parents=True, exist_ok=True)
        drawn = draw_runs(self.runs, target)
        assert drawn is not None, "every run has been evaluated"
        return drawn


def compare(runs: Sequence[PathLike]) -> Comparison:
    """Compares runs, which may still be going on.

    Args:
      runs: workdirs of pre-training runs, or of fine-tuning runs; may be in a bucket.

    Raises:
      UserError: fewer than two runs or one named twice, runs of both kinds, no such run, or one without an evaluation.
    """
    folders = {name: as_path(run) for name, run in zip(_names(runs), runs, strict=True)}
    kinds = {name: is_finetuned(folder) for name, folder in folders.items()}
    if len(set(kinds.values())) > 1:
        fine, other = (next(name for name, kind in kinds.items() if kind is wanted) for wanted in (True, False))
        raise UserError(f"compare: {fine} is a fine-tuning run and {other} is none; compare runs of one kind")
    settings = [_flat(_config(folder, kinds[name])) for name, folder in folders.items()]
    measured = [evaluations(folder) for folder in folders.values()]
    for folder, found in zip(folders.values(), measured, strict=True):
        if not found:
            raise UserError(f"{folder}: no evaluation yet; compare runs that have begun")
    last = tuple((max(found), found[max(found)]) for found in measured)
    return Comparison(folders, _differing(settings), tuple(map(_best, folders.values(), measured)), last)


def _best(folder: Path, measured: dict[int, dict[str, float]]) -> tuple[int | None, dict[str, float]]:
    step = find_checkpoints(folder / CHECKPOINTS).best
    return step, {} if step is None else measured.get(step, {})


def _config(folder: Path, finetuned: bool) -> Any:
    return read_config(folder, FinetuneConfig) if finetuned else read_config(folder)


def _names(runs: Sequence[PathLike]) -> list[str]:
    """The last part of each path, or the whole where two runs have the same."""
    paths = [os.fspath(run).rstrip("/") or "/" for run in runs]
    if len(paths) < 2:
        raise UserError("compare: expected at least two runs")
    if len(set(paths)) < len(paths):
        raise UserError(f"compare: {next(path for path in paths if paths.count(path) > 1)} is named twice")
    last = [path.rpartition("/")[2] for path in paths]
    return last if len(set(last)) == len(last) else paths


def _flat(config: Any) -> dict[str, Any]:
    """The settings by dotted name."""
    flat: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            flat |= {f"{field.name}.{name}": inner for name, inner in _flat(value).items()}
        else:
            flat[field.name] = value
    return flat


def _differing(settings: Sequence[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    names = dict.fromkeys(name for one in settings for name in one)
    values = {name: tuple(one.get(name) for one in settings) for name in names}
    return {name: found for name, found in values.items() if any(value != found[0] for value in found)}


def _value(value: Any) -> Text:
    if value is None or value in ("", ()):
        return Text("-")
    return Text(printable(", ".join(map(str, value)) if isinstance(value, tuple) else str(value)))


def _both(best: float | None, last: float | None) -> str:
    """`0.876 (0.868)`; one number where both are the same, `-` for one that is not known."""
    first, second = _number(best), _number(last)
    return first if first == second else f"{first} ({second})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
