"""Writers of a run's metrics: `metrics.jsonl`, one object per line, and TensorBoard."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Protocol

import jax
from tensorboardX import SummaryWriter

Record = dict[str, Any]
EVALUATION_SECONDS = "evaluation_seconds"  # key in evaluation records


class Writer(Protocol):
    """Writes the records of a run: `kind` ("train", "eval" or "compile"), `step` and numbers by name."""

    def write(self, record: Record) -> None:
        """Writes one record."""
        ...

    def close(self) -> None:
        """Closes open files."""
        ...


def read_records(path: Path) -> list[Record]:
    """The records of a `metrics.jsonl`; a half-written last line, left by a killed run, is dropped."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]  # only a line with a line end is complete


def _cut_back(path: Path, last_step: int) -> None:
    """Drops the records after `last_step`, which the resumed run will write again."""
    remaining = [record for record in read_records(path) if record["step"] <= last_step]
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text("".join(json.dumps(record) + "\n" for record in remaining), encoding="utf-8")
    os.replace(temporary, path)


class JsonlWriter:
    """Appends one JSON object per line, flushing each; NaN and infinity become null."""

    def __init__(self, path: Path, last_step: int):
        """Opens `path` after dropping records of steps after `last_step` (-1 drops all)."""
        _cut_back(path, last_step)
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def write(self, record: Record) -> None:
        """Writes and flushes one line."""
        clean = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
        self._file.write(json.dumps(clean, allow_nan=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class TensorBoardWriter:
    """Scalars as `<kind>/<name>`; TensorBoard itself hides the steps that a resumed run repeats."""

    def __init__(self, folder: Path, last_step: int):
        self._writer = SummaryWriter(str(folder), purge_step=last_step + 1)

    def write(self, record: Record) -> None:
        """Writes every number of a record."""
        for name, value in record.items():
            if name != "step" and isinstance(value, int | float):
                self._writer.add_scalar(f"{record['kind']}/{name}", value, record["step"])

    def close(self) -> None:
        """Flushes and closes the event file."""
        self._writer.close()


class Writers:
    """All writers of a run; only the first process has any."""

    def __init__(self, workdir: Path, last_step: int):
        """Opens the writers.

        Args:
          workdir: gets `metrics.jsonl` and `tensorboard/`.
          last_step: step of the checkpoint that the run resumes from, -1 for a new run.
        """
        self._writers: list[Writer] = []
        if jax.process_index() == 0:
            workdir.mkdir(parents=True, exist_ok=True)
            self._writers.append(JsonlWriter(workdir / "metrics.jsonl", last_step))
            self._writers.append(TensorBoardWriter(workdir / "tensorboard", last_step))

    def __enter__(self) -> "Writers":
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.close()

    def write(self, kind: str, step: int, values: Mapping[str, Any]) -> None:
        """Passes one record to every writer."""
        for writer in self._writers:
            writer.write({"kind": kind, "step": step, **values})
