"""Files of dialogues: a JSON object per line (JSONL), plain or gzipped. `docs/data_format.md` describes the format."""

import codecs
import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from space_jax.dialogue.from_json import dialogue_from_json
from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from space_jax.reading.archives import gzip_writer, packed_lines
from space_jax.reading.json_text import parse_json

__all__ = ["ReadReport", "dialogue_from_json", "dialogue_to_json", "read_jsonl", "write_jsonl"]

_log = logging.getLogger(__name__)

LISTED = 100  # messages of skipped lines that a report stores


class Writable(Protocol):
    """A file of bytes, packed or not."""

    def write(self, content: bytes, /) -> int:
        """Appends bytes."""


@dataclasses.dataclass
class ReadReport:
    """The progress of `read_jsonl`; pass one in and inspect it after reading.

    Attributes:
      read: number of dialogues yielded.
      skipped_count: number of invalid lines skipped.
      skipped: messages for the first `LISTED` of them.
    """

    read: int = 0
    skipped_count: int = 0
    skipped: list[str] = dataclasses.field(default_factory=list)

    def skip(self, message: str) -> None:
        """Counts a skipped line."""
        self.skipped_count += 1
        if len(self.skipped) < LISTED:
            self.skipped.append(message)


def read_jsonl(path: str | os.PathLike, on_error: str = "stop", report: ReadReport | None = None) -> Iterator[Dialogue]:
    """Yields the dialogues of a file, using memory for one line and 8 bytes per id.

    Args:
      path: a `.jsonl` file, or a gzipped one whose name ends in `.gz`.
      on_error: "stop" raises at the first invalid line; "skip" skips invalid lines and counts them.
      report: filled while reading. Without one, "skip" logs a warning at the end if any line was skipped.

    Raises:
      UserError: `file:line: field ...: expected ..., found ...`; with "skip" only if the file cannot be read at all.
    """
    if on_error not in ("stop", "skip"):
        raise UserError(f'on_error: expected "stop" or "skip", found {on_error!r}')
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: expected a JSONL file with one dialogue per line, found no such file")
    return _read(path, on_error, report)


def _read(path: Path, on_error: str, report: ReadReport | None) -> Iterator[Dialogue]:
    counts = ReadReport() if report is None else report
    known: dict[bytes, int] = {}
    for number, line in packed_lines(path):
        try:
            dialogue = dialogue_from_json(_decode(line))
            _check_new(dialogue.id, number, known)
        except UserError as error:
            message = f"{path}:{number}: {error}"
            if on_error == "stop":
                raise UserError(message) from None
            counts.skip(message)
            continue
        counts.read += 1
        yield dialogue
    if report is None and counts.skipped:
        _log.warning("%s: skipped %d lines; the first: %s", path, counts.skipped_count, counts.skipped[0])


def _decode(line: bytes) -> Any:
    if line.startswith(codecs.BOM_UTF8):
        raise UserError("the line: expected JSON, found a byte order mark (BOM), which belongs to the first line only")
    return parse_json(line, "the line")


def _check_new(name: str, number: int, known: dict[bytes, int]) -> None:
    """Raises if the id was seen before; stores 8 bytes per id, which collide only among billions of dialogues."""
    digest = hashlib.blake2b(name.encode("utf-8"), digest_size=8).digest()
    first = known.setdefault(digest, number)
    if first != number:
        raise UserError(f"field id: expected a unique id, found {name!r}, already used in line {first}")


def write_jsonl(path: str | os.PathLike, dialogues: Iterable[Dialogue]) -> int:
    """Writes dialogues for `read_jsonl`, which gives equal ones; the file appears once it is complete.

    Args:
      path: the file to write; gzipped if its name ends in `.gz`.
      dialogues: the dialogues to write, consumed one at a time.

    Returns:
      The number of dialogues written.

    Raises:
      UserError: `read_jsonl` would reject a dialogue (a span does not match its value, an id is repeated).
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise UserError(f"{path}: expected an existing folder to write to, found no {path.parent}")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        os.fchmod(handle, 0o644)  # mkstemp makes files that only their owner can read
        with open(handle, "wb") as file:
            zipped = gzip_writer(file) if path.suffix == ".gz" else None
            with zipped or contextlib.nullcontext(file) as target:
                count = _write(target, dialogues)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return count


def _write(file: Writable, dialogues: Iterable[Dialogue]) -> int:
    known: dict[bytes, int] = {}
    count = 0
    for count, dialogue in enumerate(dialogues, start=1):
        record = dialogue_to_json(dialogue)
        try:
            dialogue_from_json(record)
            _check_new(dialogue.id, count, known)
        except UserError as error:
            raise UserError(f"dialogue {count} ({dialogue.id!r}) cannot be written: {error}") from None
        file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n")
    return count


def dialogue_to_json(dialogue: Dialogue) -> dict[str, Any]:
    """The dialogue as a JSON object for `json.dumps`; annotations that are None are omitted."""
    return {"id": dialogue.id, "turns": [_turn_to_json(turn) for turn in dialogue.turns]}


def _turn_to_json(turn: Turn) -> dict[str, Any]:
    record: dict[str, Any] = {"role": turn.role, "text": turn.text}
    if turn.frames is not None:
        record["frames"] = [_frame_to_json(frame) for frame in turn.frames]
    if turn.acts is not None:
        record["acts"] = list(turn.acts)
    if turn.state is not None:
        record["state"] = {
            domain: {slot: list(values) for slot, values in slots.items()} for domain, slots in turn.state.items()
        }
    if turn.delexicalised is not None:
        record["delexicalised"] = turn.delexicalised
    return record


def _frame_to_json(frame: Frame) -> dict[str, Any]:
    return {"domain": frame.domain, "intent": frame.intent, "slots": [_slot_to_json(slot) for slot in frame.slots]}


def _slot_to_json(slot: Slot) -> dict[str, Any]:
    return {"name": slot.name, "values": [_value_to_json(value) for value in slot.values]}


def _value_to_json(value: Value) -> dict[str, Any]:
    span = {} if value.start is None else {"start": value.start, "end": value.end}
    return {"value": value.text, **span}
