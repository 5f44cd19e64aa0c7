"""A record of hashes for each dialogue of a mixture's sources, in units that let an interrupted build resume."""

import dataclasses
import functools
import itertools
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from space_jax.corpora.mixtures.description import Guard
from space_jax.corpora.mixtures.guard import REASONS, GuardIndex, id_group, id_hash
from space_jax.corpora.mixtures.sources import Part
from space_jax.corpora.mixtures.wording import HASHES, NEAR_WORDS, hash64, wording
from space_jax.dialogue.record import Dialogue
from space_jax.features.build_units import Reader, Tick
from space_jax.reading.arrays import read_array
from space_jax.reading.json_text import read_json

DIALOGUES = 4096
"""Dialogues of a unit."""

RECORD = np.dtype(
    [
        ("text", np.uint64),
        ("draw", np.uint64),  # uniform; a function of source and id
        ("turns", np.uint32),
        ("long", np.bool_),  # enough words for the signature
        ("reason", np.uint8),  # of the guard, in `REASONS`
        ("few", np.bool_),  # in the few-shot subset of its source
        ("signature", np.uint32, HASHES),
    ]
)


@dataclasses.dataclass(frozen=True)
class Sketching:
    """Divisible work, see `features.runners`: judges and sketches every dialogue of every part.

    Attributes:
      parts: the splits of the sources.
      guard: settings.
      index: the file of the guard's hashes.
      folder: for the units; a unit is `<part>-<number>.npy`, and `.json` with what the guard dropped.
      seed: of the draws.
      few: source -> the ids of its few-shot subset.
    """

    parts: tuple[Part, ...]
    guard: Guard
    index: Path
    folder: Path
    seed: int
    few: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    dialogues: int = DIALOGUES

    def __call__(self, lane: int, lanes: int, tick: Tick | None = None, stop: Callable[[], bool] | None = None) -> None:
        """Writes the missing units of one lane."""
        index = GuardIndex.load(self.index)
        for part in self.parts:
            reader = Reader(part.texts)
            for number in itertools.count(lane, lanes):
                if stop is not None and stop():
                    return
                path = self._path(part, number)
                if not path.exists():
                    self._write(path, part, list(reader.take(number * self.dialogues, self.dialogues)), index)
                done = len(read_array(path, mapped=True))
                if tick is not None:
                    tick(part.source.name, number * self.dialogues + done)
                if done < self.dialogues:
                    break

    def records(self, part: Part) -> np.ndarray:
        """The records of a part, `[N]` of `RECORD`, once all lanes are done."""
        return np.concatenate([read_array(path) for path in self._paths(part)])

    def dropped(self, part: Part) -> list[dict[str, str]]:
        """What the guard dropped of a part: id, reason and benchmark of each."""
        return [one for path in self._paths(part) for one in read_json(path.with_suffix(".json"))]

    def _path(self, part: Part, number: int) -> Path:
        return self.folder / f"{part.key}-{number:06}.npy"

    def _paths(self, part: Part) -> list[Path]:
        return sorted(self.folder.glob(f"{part.key}-*.npy"))

    def _write(self, path: Path, part: Part, dialogues: list[Dialogue], index: GuardIndex) -> None:
        words = [wording(dialogue, self.guard.content_words) for dialogue in dialogues]
        group = id_group(self.guard, part.source.corpus)
        ids = np.array([id_hash(group, dialogue.id) if group else 0 for dialogue in dialogues], np.uint64)
        verdicts = index.judge(ids, words)
        records = np.zeros(len(dialogues), RECORD)
        records["reason"] = verdicts.reason
        few = self.few.get(part.source.name, frozenset())
        records["few"] = [dialogue.id in few for dialogue in dialogues]
        for record, dialogue, one in zip(records, dialogues, words, strict=True):
            record["text"], record["long"], record["signature"] = one.text, one.words >= NEAR_WORDS, one.signature
            record["draw"] = hash64(f"{self.seed}/{part.source.name}/{dialogue.id}")
            record["turns"] = len(dialogue.turns)
        dropped = [
            {"id": dialogues[n].id, "reason": REASONS[verdicts.reason[n]], "benchmark": index.benchmarks[place]}
            for n, place in enumerate(verdicts.benchmark)
            if place >= 0
        ]
        _atomic(path.with_suffix(".json"), functools.partial(_dump, dropped))
        _atomic(path, functools.partial(_save, records))


def _dump(value: object, path: Path) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def _save(records: np.ndarray, path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, records, allow_pickle=False)


def _atomic(path: Path, write: Callable[[Path], None]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.partial")
    write(temporary)
    os.replace(temporary, path)
