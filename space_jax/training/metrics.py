"""Writers of a run's metrics: `metrics.jsonl`, one object per line, and TensorBoard."""

import json
import math
import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import jax
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto import event_pb2
from tensorboardX.summary import scalar

from space_jax.errors import UserError
from space_jax.reading.json_text import parse_json
from space_jax.reading.text import read_bytes
from space_jax.writing import append, writing

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
    """The records of a `metrics.jsonl`; a half-written last line, left by a killed run or a full disk, is dropped.

    Raises:
      UserError: any other line is no record; with its number.
    """
    return _records(path)[0]


def _records(path: Path) -> tuple[list[Record], bool]:
    """The records, and whether the last line was dropped."""
    if not path.exists():
        return [], False
    *lines, rest = read_bytes(path).split(b"\n")
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(_record(line, f"{path}:{number}"))
        except UserError as error:
            if number == len(lines) and not rest:
                return records, True
            raise UserError(f"{error}; delete that line, which nothing but the curves needs") from error
    return records, bool(rest)  # only a line with a line end is complete


def _record(line: bytes, where: str) -> Record:
    record = parse_json(line, where)
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str) or type(record.get("step")) is not int:
        raise UserError(f"{where}: expected a record of a run, an object with its kind and its step")
    return record


def _cut_back(path: Path, last_step: int) -> bool:
    """Drops the records after `last_step`, which the resumed run will write again; whether a half line went too."""
    records, broken = _records(path)
    remaining = [record for record in records if record["step"] <= last_step]
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text("".join(json.dumps(record) + "\n" for record in remaining), encoding="utf-8")
    os.replace(temporary, path)
    return broken


class JsonlWriter:
    """Appends one JSON object per line, each at once; NaN and infinity become null.

    Attributes:
      cut_back: whether a half-written last line was dropped.
    """

    def __init__(self, path: Path, last_step: int):
        """Drops the records of `path` after `last_step` (-1 drops all)."""
        self._path, self.cut_back = path, _cut_back(path, last_step)

    def write(self, record: Record) -> None:
        """Writes one line."""
        clean = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
        append(self._path, json.dumps(clean, allow_nan=False) + "\n")

    def close(self) -> None:
        """Nothing is open between two records."""


class TensorBoardWriter:
    """Scalars as `<kind>/<name>`; TensorBoard itself hides the steps that a resumed run repeats.

    Without `SummaryWriter`, whose thread dies of a full disk, after which it waits for ever.
    """

    def __init__(self, folder: Path, last_step: int):
        folder.mkdir(exist_ok=True)
        self._writer = EventsWriter(str(folder / "events"))
        self._add(step=last_step + 1, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))

    def write(self, record: Record) -> None:
        """Writes every number of a record."""
        for name, value in record.items():
            if name != "step" and isinstance(value, int | float):
                self._add(step=record["step"], summary=scalar(f"{record['kind']}/{name}", value))
        self._writer.flush()

    def _add(self, **content: Any) -> None:
        self._writer.write_event(event_pb2.Event(wall_time=time.time(), **content))

    def close(self) -> None:
        """Flushes and closes the event file."""
        self._writer.close()


class Writers:
    """All writers of a run; only the first process has any.

    Attributes:
      remark: on a half-written line that was dropped; "" if there was none.
    """

    def __init__(self, workdir: Path, last_step: int):
        """Opens the writers.

        Args:
          workdir: gets `metrics.jsonl` and `tensorboard/`.
          last_step: step of the checkpoint that the run resumes from, -1 for a new run.
        """
        self._writers: list[Writer] = []
        self._path, self.remark = workdir / "metrics.jsonl", ""
        if jax.process_index() == 0:
            workdir.mkdir(parents=True, exist_ok=True)
            with self._writing():
                lines = JsonlWriter(self._path, last_step)
                self._writers += [lines, TensorBoardWriter(workdir / "tensorboard", last_step)]
            self.remark = f"{self._path}: the last line was half-written and is left out" if lines.cut_back else ""

    def __enter__(self) -> "Writers":
        return self

    def __exit__(self, *_: object) -> None:
        with self._writing():
            for writer in self._writers:
                writer.close()

    def write(self, kind: str, step: int, values: Mapping[str, Any]) -> None:
        """Passes one record to every writer."""
        with self._writing():
            for writer in self._writers:
                writer.write({"kind": kind, "step": step, **values})

    def _writing(self) -> AbstractContextManager[None]:
        return writing(self._path, "the checkpoints are whole; make room, and the same command goes on from the last")
