"""Keeps benchmarks' test data out of training: the hashes of their splits, and the parts of a dialogue among them.

A dialogue is dropped for one of these reasons, the first that holds:

  id         a corpus that shares its ids with it has a dialogue of this id in a guarded split
  text       a guarded dialogue has the same words in the same turns
  near       a guarded dialogue has nearly the same shingles; only dialogues of `wording.NEAR_WORDS` words or more
  utterance  one of its user turns has the words of a user turn, or of an utterance, of a guarded split; only turns with
             at least `content_words` different words that are neither very common nor courtesies

So "yes" or "thank you, goodbye" drops only a dialogue that consists of it, and only if the benchmark has such a
dialogue too; an intent corpus does lose the "yes" of a test split. System turns count only within whole dialogues:
wizards pick them from templates (STAR) or a program writes them (bAbI, SGD), and half of a train split would share one
with its test split.
"""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from space_jax.corpora.mixtures.deduplication import BANDS, band_keys
from space_jax.corpora.mixtures.description import Guard
from space_jax.corpora.mixtures.sources import Benchmark
from space_jax.corpora.mixtures.wording import HASHES, NEAR_WORDS, Wording, agreement, hash64, wording
from space_jax.corpora.splits import SPLITS
from space_jax.features.build_units import Tick
from space_jax.reading.arrays import read_arrays

REASONS = ("", "id", "text", "near", "utterance")
"""Why a dialogue is dropped, by the number in `Verdicts.reason`; 0 keeps it."""

NEAREST = 64
"""Guarded dialogues of one band that a dialogue is compared with; only templates make more share a band."""


@dataclasses.dataclass(frozen=True)
class Table:
    """Hashes, rising, and the place in `GuardIndex.benchmarks` of the first benchmark that has each."""

    hashes: np.ndarray
    benchmarks: np.ndarray

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> "Table":
        """The table of pairs (hash, place)."""
        found = np.array(sorted(pairs), np.uint64).reshape(-1, 2)
        hashes, first = np.unique(found[:, 0], return_index=True)
        return cls(hashes, found[first, 1].astype(np.int64))

    def look_up(self, hashes: np.ndarray) -> np.ndarray:
        """For each hash its benchmark's place, or -1."""
        if not len(self.hashes):
            return np.full(len(hashes), -1)
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[places] == hashes, self.benchmarks[places], -1)


@dataclasses.dataclass(frozen=True)
class Verdicts:
    """For N dialogues: why each is dropped (`REASONS`), and for which benchmark (its place)."""

    reason: np.ndarray
    benchmark: np.ndarray


@dataclasses.dataclass(frozen=True)
class GuardIndex:
    """The guarded data.

    Attributes:
      benchmarks: names such as "sgd/test".
      ids: of the ids, in the corpora that share them.
      texts: of whole dialogues.
      utterances: of user turns with enough content words.
      signatures: `[G, HASHES]` of the dialogues that are long enough.
      signed: `[G]` their benchmarks' places.
      near: overlap from which dialogues count as the same.
    """

    benchmarks: tuple[str, ...]
    ids: Table
    texts: Table
    utterances: Table
    signatures: np.ndarray
    signed: np.ndarray
    near: float

    def judge(self, ids: np.ndarray, words: list[Wording]) -> Verdicts:
        """The reasons to drop each of N dialogues.

        Args:
          ids: `[N]` uint64, `id_hash` of each.
          words: the N wordings.
        """
        utterances = np.array([hashed for one in words for hashed in one.utterances], np.uint64)
        speakers = np.repeat(np.arange(len(words)), [len(one.utterances) for one in words])
        said = self.utterances.look_up(utterances)
        by_utterance = np.full(len(words), -1)
        by_utterance[speakers[said >= 0][::-1]] = said[said >= 0][::-1]  # the first reason counts
        found = (
            self.ids.look_up(ids),
            self.texts.look_up(np.array([one.text for one in words], np.uint64)),
            self._near_to(words),
            by_utterance,
        )
        verdicts = Verdicts(np.zeros(len(words), np.uint8), np.full(len(words), -1))
        for reason, benchmark in reversed(list(enumerate(found, start=1))):
            verdicts.reason[benchmark >= 0] = reason
            verdicts.benchmark[benchmark >= 0] = benchmark[benchmark >= 0]
        return verdicts

    def save(self, path: Path) -> None:
        """Writes a file that `load` reads."""
        tables = {name: getattr(self, name) for name in ("ids", "texts", "utterances")}
        arrays = {f"{name}_hashes": table.hashes for name, table in tables.items()}
        arrays |= {f"{name}_benchmarks": table.benchmarks for name, table in tables.items()}
        with path.open("wb") as file:
            np.savez(
                file,
                allow_pickle=False,
                names=np.array(self.benchmarks, np.str_),
                signatures=self.signatures,
                signed=self.signed,
                near=np.float64(self.near),
                **arrays,
            )

    @classmethod
    def load(cls, path: Path) -> "GuardIndex":
        """Reads what `save` wrote."""
        arrays = read_arrays(path)
        tables = {
            name: Table(arrays[f"{name}_hashes"], arrays[f"{name}_benchmarks"])
            for name in ("ids", "texts", "utterances")
        }
        names = tuple(arrays["names"].tolist())
        return cls(
            names, **tables, signatures=arrays["signatures"], signed=arrays["signed"], near=float(arrays["near"])
        )

    def _near_to(self, words: list[Wording]) -> np.ndarray:
        """For each dialogue the place of a benchmark that has a near one, or -1."""
        found = np.full(len(words), -1)
        long = np.array([n for n, one in enumerate(words) if one.words >= NEAR_WORDS], np.int64)
        if not len(long) or not len(self.signatures) or not self.near:
            return found
        asked = np.stack([words[n].signature for n in long])
        for band in range(BANDS):
            keys = band_keys(self.signatures, band)
            order = np.argsort(keys, kind="stable")
            wanted = band_keys(asked, band)
            first, last = (np.searchsorted(keys[order], wanted, side) for side in ("left", "right"))
            for step in range(min(NEAREST, int((last - first).max()))):
                there = first + step < last
                guarded = order[first[there] + step]
                alike = agreement(asked[there], self.signatures[guarded]) >= self.near
                places = long[np.flatnonzero(there)[alike]]
                found[places] = np.where(found[places] < 0, self.signed[guarded[alike]], found[places])
        return found


def index_of(guard: Guard, benchmarks: list[Benchmark], tick: Tick | None = None) -> GuardIndex:
    """Reads the guarded splits, one dialogue at a time.

    Args:
      guard: its settings.
      benchmarks: what is guarded.
      tick: called with the name of a benchmark and the number of its dialogues read.
    """
    ids, texts, utterances = [], [], []
    signatures: list[np.ndarray] = []
    signed: list[int] = []
    for place, benchmark in enumerate(benchmarks):
        group = id_group(guard, benchmark.corpus)
        for done, dialogue in enumerate(benchmark.dialogues, start=1):
            words = wording(dialogue, guard.content_words)
            if group is not None:
                ids.append((id_hash(group, dialogue.id), place))
            texts.append((words.text, place))
            utterances += [(hashed, place) for hashed in words.utterances]
            if words.words >= NEAR_WORDS:
                signatures.append(words.signature)
                signed.append(place)
            if tick is not None:
                tick(benchmark.name, done)
    return GuardIndex(
        tuple(benchmark.name for benchmark in benchmarks),
        Table.of(ids),
        Table.of(texts),
        Table.of(utterances),
        signatures=np.array(signatures, np.uint32).reshape(-1, HASHES),
        signed=np.array(signed, np.int64),
        near=guard.near,
    )


def id_group(guard: Guard, corpus: str) -> str | None:
    """A name for the corpora that share their ids with this one; None where no other does."""
    return next(("+".join(group) for group in guard.same_ids if corpus in group), None)


def id_hash(group: str | None, dialogue_id: str) -> int:
    """The hash of a source's own id: ours without the prefix of the split."""
    split, dash, own = dialogue_id.partition("-")
    return hash64(f"{group}/{own if dash and split in SPLITS else dialogue_id}")
