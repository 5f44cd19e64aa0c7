"""The records that a task takes from files, and why it leaves out or refuses the others."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from space_jax.corpora.splits import SPLITS
from space_jax.dialogue.jsonl import ReadReport, read_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue
from space_jax.errors import UserError
from space_jax.tasks.checking.places import Places
from space_jax.tasks.dialogue.records import records_with
from space_jax.tasks.intent.records import from_dialogue
from space_jax.tasks.record_sources import FORMS, Row, rows_of
from space_jax.tasks.slots.records import of_dialogue as slots_of
from space_jax.tasks.task import Task
from space_jax.tasks.track.records import of_dialogue as tracked
from space_jax.world.backend import Backend

SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".csv", ".tsv")
_OF_DIALOGUES = ({"turns"}, {"id", "turns"})  # the keys of a dialogue; a row of tracking has others beside them


@dataclasses.dataclass
class Selection:
    """One split.

    Attributes:
      file: that holds it.
      kind: "dialogues" or "rows".
      read: how many of them could be read.
      records: that the task learns from.
      where: the place of each record: file and line, or dialogue and turn.
      left_out: turns that the task passes over, by reason.
      stops: errors at which fine-tuning ends.
      dialogues: that were read, if it holds dialogues.
    """

    file: Path
    kind: str
    read: int = 0
    records: list[Any] = dataclasses.field(default_factory=list)
    where: list[str] = dataclasses.field(default_factory=list)
    left_out: Places = dataclasses.field(default_factory=Places)
    stops: list[str] = dataclasses.field(default_factory=list)
    dialogues: list[Dialogue] = dataclasses.field(default_factory=list)

    def take(self, record: Any, where: str) -> None:
        """Adds a record."""
        self.records.append(record)
        self.where.append(where)


def files_of(source: Path) -> dict[str, Path]:
    """Split -> its file: a file is the train split, a folder has one named after each split.

    Raises:
      UserError: none, or two files of one split.
    """
    if source.is_file():
        return {"train": source}
    if not source.is_dir():
        raise UserError(f"{source}: expected a file, or a folder with train, validation and test files, found neither")
    found = {split: [path for end in SUFFIXES if (path := source / f"{split}{end}").is_file()] for split in SPLITS}
    twice = next((paths for paths in found.values() if len(paths) > 1), None)
    if twice:
        raise UserError(f"{source}: expected one file of a split, found {' and '.join(path.name for path in twice)}")
    there = {split: paths[0] for split, paths in found.items() if paths}
    if not there:
        raise UserError(f"{source}: expected files such as train.jsonl or train.csv, found none")
    return there


def select(kind: type[Task], config: Any, path: Path, backend: Backend) -> Selection:
    """What a task takes from a file.

    Args:
      kind: of the task.
      config: its configuration.
      path: dialogues as in docs/data_format.md, or rows for this task.
      backend: the tables of an agent.

    Raises:
      UserError: a file that cannot be read at all, or a table for an agent.
    """
    if kind.name == "dialogue" and path.suffix in FORMS:
        raise UserError(f"{path}: expected dialogues for an agent, JSONL as in docs/data_format.md, found a table")
    if kind.name == "dialogue" or holds_dialogues(path):
        return _from_dialogues(_SELECTORS[kind.name](backend), path)
    return _from_rows(functools.partial(kind.read_row, config), kind, config, path)


def holds_dialogues(path: Path) -> bool:
    """Whether the first line that can be read is a dialogue."""
    if path.suffix in FORMS:
        return False
    if path.suffix == ".gz":
        return True
    first = next((row.values for row in rows_of(path) if row.values is not None), {})
    return set(first) in _OF_DIALOGUES


def _from_rows(
    read: Callable[[Mapping[str, Any], str, int], Any], kind: type[Task], config: Any, path: Path
) -> Selection:
    """As `record_sources.records_of` reads them, which stops at each of the errors."""
    found, first = Selection(path, "rows"), dict[str, str]()
    for row in rows_of(path):
        found.read += row.values is not None
        try:
            record = _record(read, row)
        except UserError as error:
            found.stops.append(str(error))
            continue
        if not kind.has_truth(record):
            found.left_out.add(_without_truth(kind, config, row), row.where)
        elif record.id in first:
            found.stops.append(f"{row.where}: expected a unique id, found {record.id!r} of {first[record.id]} again")
        else:
            first[record.id] = row.where
            found.take(record, row.where)
    for what, count, places in found.left_out.ranked():
        found.stops.append(f"{places[0]}: {what}, as in {count} rows; fine-tuning needs it in every row")
    return found


def _record(read: Callable[[Mapping[str, Any], str, int], Any], row: Row) -> Any:
    if row.values is None:
        raise UserError(row.error)
    return read(row.values, row.where, row.number)


_TRUTHS = {"slots": "spans", "parse": "parse", "track": "after"}


def _without_truth(kind: type[Task], config: Any, row: Row) -> str:
    field = _TRUTHS.get(kind.name) or config.label_field
    there = row.values or {}
    return f"{field} is empty" if field in there else f"no {field} (found {', '.join(there)})"


def _from_dialogues(selector: "Selector", path: Path) -> Selection:
    found, report = Selection(path, "dialogues"), ReadReport()
    for dialogue in read_jsonl(path, "skip", report):
        found.read += 1
        found.dialogues.append(dialogue)
        for number, record, reason in selector(dialogue):
            where = f"dialogue {dialogue.id}, turn {number}"
            if record is not None:
                found.take(record, where)
            elif reason.startswith(f"dialogue {dialogue.id}:"):
                found.stops.append(f"{path}: {reason}")
            else:
                found.left_out.add(reason, where)
    found.stops += report.skipped
    return found


Selector = Callable[[Dialogue], Iterator[tuple[int, Any, str]]]
"""Dialogue -> of each turn that the task looks at its number, and its record, or the reason why it has none."""


def _turns_by(select_from: Callable[[Dialogue], Iterable[Any]], reason: Callable[[Any], str]) -> Selector:
    """Selects user turns by a task's own function, each alone, so that one that stops it stops no other."""

    def turns(dialogue: Dialogue) -> Iterator[tuple[int, Any, str]]:
        for number, turn in enumerate(dialogue.turns):
            if turn.role == USER:
                try:
                    record = next(iter(select_from(_annotated_at(dialogue, number))), None)
                except UserError as error:
                    yield number, None, str(error)
                else:
                    yield number, record, reason(turn)

    return turns


def _annotated_at(dialogue: Dialogue, number: int) -> Dialogue:
    """The dialogue in which no other user turn has frames."""
    turns = (
        turn if turn.role == SYSTEM or place == number else dataclasses.replace(turn, frames=None)
        for place, turn in enumerate(dialogue.turns)
    )
    return dataclasses.replace(dialogue, turns=tuple(turns))


def _tracked_turns(dialogue: Dialogue) -> Iterator[tuple[int, Any, str]]:
    numbers = (number for number, turn in enumerate(dialogue.turns) if turn.role == USER)
    for number, record in zip(numbers, tracked(dialogue), strict=True):
        yield number, record if record.after is not None else None, "the user turn has no state"


def _system_turns(backend: Backend) -> Selector:
    def turns(dialogue: Dialogue) -> Iterator[tuple[int, Any, str]]:
        made = {record.id: record for record in records_with(dialogue, backend)}
        for number, turn in enumerate(dialogue.turns):
            if turn.role == SYSTEM:
                record = made.get(f"{dialogue.id}-{number}")
                yield number, record, "the system turn follows no user turn, so it is context only"

    return turns


_SELECTORS: dict[str, Callable[[Backend], Selector]] = {
    "intent": lambda _: _turns_by(
        from_dialogue,
        lambda turn: "the user turn has no frames" if turn.frames is None else "the frames are an empty list",
    ),
    "slots": lambda _: _turns_by(slots_of, lambda turn: "the user turn has no frames"),
    "track": lambda _: _tracked_turns,
    "dialogue": _system_turns,
}
