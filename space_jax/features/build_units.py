"""The work units of a build: runs of dialogues, each written to its own files, completely or not at all.

A stream of dialogues is cut in order into units of `DIALOGUES`. A unit becomes one ArrayRecord file per split that has
an example from it, and a manifest that is written last; the same dialogues give the same bytes. The files of all units,
in order, are the shards of the prepared corpus, so the result does not depend on who wrote which unit, or when.
"""

import dataclasses
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from space_jax.dialogue.labels import FACTS
from space_jax.dialogue.record import Dialogue
from space_jax.dialogue.slot_roles import SlotSchema
from space_jax.features.example import Example, Limits, dialogue_examples, stable_hash, without_labels
from space_jax.features.prepared_corpus import Counts, train_split
from space_jax.features.slots import SlotMaker
from space_jax.features.storage import RecordFile
from space_jax.features.tokenizer import Tokenizer
from space_jax.features.words import BLANKS, segmenter
from space_jax.reading.json_text import read_json
from space_jax.reading.text import sha256

DIALOGUES = 4096
"""Dialogues per unit: some 30 MB of examples, a few seconds of work."""

Tick = Callable[[str, int], None]
"""Called with the name of a split and the number of its dialogues done so far."""


@runtime_checkable
class Seekable(Protocol):
    """A stream that can start at its n-th dialogue without producing the earlier ones."""

    def starting_at(self, start: int) -> Iterator[Dialogue]:
        """The dialogues starting at number `start`."""


@dataclasses.dataclass(frozen=True)
class Encoding:
    """The settings that turn dialogues into examples."""

    tokenizer: Tokenizer
    limits: Limits
    labelled_share: float
    seed: int
    words: str = BLANKS
    schema: SlotSchema | None = None  # of the corpus, where examples get their slots


@dataclasses.dataclass(frozen=True)
class UnitFile:
    """One file of a unit: its name, counts, and the checksum that shows it is complete."""

    name: str
    counts: Counts
    record_bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Unit:
    """The manifest of a unit."""

    split: str  # of the source: "train", "validation", "test"
    number: int
    dialogues: int
    files: dict[str, UnitFile]  # by the split of the prepared corpus


@dataclasses.dataclass(frozen=True)
class Lanes:
    """The work of a build, divided into lanes: lane k of n reads every stream and writes units k, k + n, k + 2n, ..."""

    splits: Mapping[str, Iterable[Dialogue]]
    encoding: Encoding
    folder: Path
    dialogues: int = DIALOGUES

    def __call__(self, lane: int, lanes: int, tick: Tick | None = None, stop: Callable[[], bool] | None = None) -> None:
        """Writes the missing units of one lane; checks `stop` between units."""
        for split, stream in self.splits.items():
            units = Reader(stream)
            for number in itertools.count(lane, lanes):
                if stop is not None and stop():
                    return
                done = read_unit(self.folder, split, number)
                if done is None:
                    chosen = units.take(number * self.dialogues, self.dialogues)
                    done = _write_unit(self.folder, split, number, chosen, self.encoding, tick, self.dialogues)
                elif tick is not None:
                    tick(split, number * self.dialogues + done.dialogues)
                if done.dialogues < self.dialogues:
                    break


def keeps_labels(dialogue_id: str, labelled_share: float, seed: int) -> bool:
    """Whether a dialogue belongs to the share that keeps its labels."""
    return stable_hash(f"{seed}/{dialogue_id}", bits=53) < labelled_share * 2**53


def read_unit(folder: Path, split: str, number: int) -> Unit | None:
    """The manifest of a unit, or None where the unit is missing or incomplete."""
    path = folder / _manifest(split, number)
    if not path.is_file():
        return None
    raw = read_json(path)
    files = {name: UnitFile(**{**file, "counts": Counts(**file["counts"])}) for name, file in raw.pop("files").items()}
    whole = all((folder / file.name).is_file() and sha256(folder / file.name) == file.sha256 for file in files.values())
    return Unit(**raw, files=files) if whole else None


def read_units(folder: Path, splits: Iterable[str]) -> list[Unit]:
    """All complete units, in the order of the streams."""
    found = ((split, itertools.takewhile(bool, map(_reader(folder, split), itertools.count()))) for split in splits)
    return [unit for _, units in found for unit in units if unit is not None]


def finished(folder: Path, split: str) -> int:
    """How many units of a split have a manifest; their files are not checked."""
    return sum(1 for _ in folder.glob(f"{split}-*.json"))


class Reader:
    """Reads runs of a stream in ascending order."""

    def __init__(self, stream: Iterable[Dialogue]) -> None:
        """Reads nothing yet."""
        self._stream = stream
        self._iterator: Iterator[Dialogue] | None = None
        self._next = 0

    def take(self, start: int, count: int) -> Iterator[Dialogue]:
        """The dialogues `start` to `start + count`; read them before the next call."""
        if isinstance(self._stream, Seekable):
            return itertools.islice(self._stream.starting_at(start), count)
        if self._iterator is None:
            self._iterator = iter(self._stream)
        skipped = start - self._next
        self._next = start + count
        return itertools.islice(self._iterator, skipped, skipped + count)


def _reader(folder: Path, split: str) -> Callable[[int], Unit | None]:
    return lambda number: read_unit(folder, split, number)


def _manifest(split: str, number: int) -> str:
    return f"{split}-{number:06}.json"


def _write_unit(
    folder: Path,
    split: str,
    number: int,
    dialogues: Iterator[Dialogue],
    encoding: Encoding,
    tick: Tick | None,
    unit_dialogues: int,
) -> Unit:
    files: dict[str, RecordFile] = {}
    counts: dict[str, Counts] = {}
    done = 0
    slots = None if encoding.schema is None else SlotMaker(encoding.schema, encoding.tokenizer)
    for done, dialogue in enumerate(dialogues, start=1):
        touched = set()
        for example in _examples(dialogue, split, encoding, slots):
            into = train_split(example.known) if split == "train" else split
            if into not in files:
                # A lost process may still be writing this unit, so each process uses its own file name.
                temporary = folder / f"{split}-{number:06}.{into}.{os.getpid()}.partial"
                files[into] = RecordFile(temporary)
            files[into].add(example)
            counts[into] = counts.get(into, Counts()) + _counted(example, new_dialogue=into not in touched)
            touched.add(into)
        if tick is not None:
            tick(split, number * unit_dialogues + done)
    unit = Unit(split, number, done, {into: _closed(file, counts[into]) for into, file in sorted(files.items())})
    temporary = folder / f"{_manifest(split, number)}.{os.getpid()}.partial"
    temporary.write_text(json.dumps(dataclasses.asdict(unit), indent=1), encoding="utf-8")
    os.replace(temporary, folder / _manifest(split, number))
    return unit


def _examples(dialogue: Dialogue, split: str, encoding: Encoding, slots: SlotMaker | None) -> Iterator[Example]:
    if split == "train" and not keeps_labels(dialogue.id, encoding.labelled_share, encoding.seed):
        dialogue = without_labels(dialogue)
    return dialogue_examples(dialogue, encoding.tokenizer, encoding.limits, segmenter(encoding.words), slots)


def _closed(file: RecordFile, counts: Counts) -> UnitFile:
    file.close()
    final = file.path.with_name(file.path.name.rsplit(".", 2)[0] + ".array_record")
    digest = sha256(file.path)
    os.replace(file.path, final)
    return UnitFile(final.name, counts, file.record_bytes, digest)


def _counted(example: Example, new_dialogue: bool) -> Counts:
    known = {fact: int(getattr(example.known, fact)) for fact in FACTS}
    return Counts(int(new_dialogue), 1, tokens=example.tokens, **known)
