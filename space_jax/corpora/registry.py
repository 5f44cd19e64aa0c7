"""The corpora by name: what each is, under which licence, and how its dialogues are read."""

import dataclasses
import difflib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from space_jax.corpora import jsonl, sgd
from space_jax.corpora.splits import SPLITS
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError

SEED_STRIDE = 2**32
"""Distance between the seeds of the simulated splits, above any seed that is given by hand."""


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A corpus that can be loaded.

    Attributes:
      name: its key in `CORPORA`.
      description: one line about what it holds.
      licence: the licence of the data.
      citation: the paper and where the files come from.
      needs_source: whether `load` reads files; the simulated world has none.
      options: the keyword options of `load` with their defaults.
      read: the loader behind `load`: `(source, split, **options)` -> dialogues.
      find_splits: which splits a source holds.
      splits: the splits that exist when the source is complete.
    """

    name: str
    description: str
    licence: str
    citation: str
    needs_source: bool
    options: Mapping[str, Any]
    read: Callable[..., Iterator[Dialogue]]
    find_splits: Callable[[Path], tuple[str, ...]] | None = None
    splits: tuple[str, ...] = SPLITS

    def load(self, source: Path | str | None, split: str, **options: Any) -> Iterator[Dialogue]:
        """The dialogues of a split, one after the other.

        Args:
          source: the folder or file with the corpus; None for a corpus without files.
          split: "train", "validation" or "test".
          **options: of `self.options`.

        Raises:
          UserError: a split, an option or a source that does not exist; anything wrong in the files, while reading.
        """
        if split not in self.splits:
            raise UserError(f"corpus {self.name}: split {split!r} is not one of {', '.join(self.splits)}")
        for option in options:
            if option not in self.options:
                known = ", ".join(self.options) or "none"
                raise UserError(f"corpus {self.name}: option {option!r} is not one of those it has: {known}")
        return self.read(self._source(source), split, **{**self.options, **options})

    def available_splits(self, source: Path | str | None) -> tuple[str, ...]:
        """The splits that `source` holds, in the order of `SPLITS`."""
        path = self._source(source)
        if self.find_splits is None or path is None:
            return self.splits
        found = self.find_splits(path)
        if not found:
            raise UserError(f"corpus {self.name}: {path} holds none of the splits {', '.join(self.splits)}")
        return found

    def _source(self, source: Path | str | None) -> Path | None:
        if not self.needs_source:
            if source is not None:
                raise UserError(f"corpus {self.name}: expected no source, because it is not read from files")
            return None
        if source is None:
            raise UserError(f"corpus {self.name}: expected a source, the folder or file that holds it")
        if not Path(source).exists():
            raise UserError(f"corpus {self.name}: source {source} does not exist")
        return Path(source)


def corpus(name: str) -> Corpus:
    """The corpus of that name.

    Raises:
      UserError: there is none; the message names the nearest.
    """
    if name not in CORPORA:
        near = difflib.get_close_matches(name.lower(), CORPORA, n=3) or list(CORPORA)
        raise UserError(f"corpus {name!r} is not known; expected one of {', '.join(near)}")
    return CORPORA[name]


def _simulated(source: Path | None, split: str, dialogues: int, seed: int) -> Iterator[Dialogue]:
    """Train is dialogues 0, 1, ... of `seed`; the other splits have seeds of their own, which no train can reach."""
    if dialogues < 1:
        raise UserError(f"corpus simulated: option dialogues is {dialogues}; expected at least 1")
    if not 0 <= seed < SEED_STRIDE:
        raise UserError(f"corpus simulated: option seed is {seed}; expected 0 to {SEED_STRIDE - 1}")
    from space_jax.corpora.simulated import simulate  # here, so that a corpus of files does not build the world

    count = dialogues if split == "train" else max(1, dialogues // 10)
    world = simulate(seed + SPLITS.index(split) * SEED_STRIDE, count)
    return (dataclasses.replace(dialogue, id=f"{split}-{dialogue.id}") for dialogue in world)


CORPORA: dict[str, Corpus] = {
    entry.name: entry
    for entry in (
        Corpus(
            name="simulated",
            description="dialogues of a simulated user and system, fully annotated, made on the fly",
            licence="none of its own: this program makes it",
            citation="space_jax.corpora.simulated",
            needs_source=False,
            options={"dialogues": 1000, "seed": 0},
            read=_simulated,
        ),
        Corpus(
            name="sgd",
            description="Schema-Guided Dialogue: 16,142 / 2,482 / 4,201 dialogues over 45 services",
            licence="CC BY-SA 4.0",
            citation="Rastogi et al., AAAI 2020, arXiv 1909.05855; "
            "https://github.com/google-research-datasets/dstc8-schema-guided-dialogue",
            needs_source=True,
            options={},
            read=sgd.load,
            find_splits=sgd.find_splits,
        ),
        Corpus(
            name="jsonl",
            description="your own dialogues: a JSONL file, or a folder with train.jsonl, validation.jsonl, test.jsonl",
            licence="yours",
            citation="docs/data_format.md",
            needs_source=True,
            options={"on_error": "stop", "report": None},
            read=jsonl.load,
            find_splits=jsonl.find_splits,
        ),
    )
}
