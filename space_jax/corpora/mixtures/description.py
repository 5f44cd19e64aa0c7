"""The description of a mixture; `files` reads it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from space_jax.corpora.registry import corpus
from space_jax.errors import UserError

KEPT, HIDDEN = ANNOTATION = ("kept", "hidden")


@dataclasses.dataclass(frozen=True)
class MixtureSource:
    """A corpus in a mixture.

    Attributes:
      corpus: its name in the registry.
      name: its name here; the corpus's name unless one corpus occurs twice.
      folder: under the data root, or absolute; by default `source_files.folder_of` the corpus.
      splits: which splits enter.
      options: of the corpus.
      annotation: "kept", or "hidden": only the texts enter.
      proportion: how often each dialogue enters: 0.25 is a quarter of them, 2.5 each twice and half of them once more.
      cap_dialogues: the most dialogues that enter.
      cap_turns: the most turns that enter.
      near: whether near duplicates are left out; not where all dialogues are made of a few templates.
    """

    corpus: str
    name: str = ""
    folder: str | None = None
    splits: tuple[str, ...] = ("train",)
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    annotation: str = "kept"
    proportion: float = 1.0
    cap_dialogues: int | None = None
    cap_turns: int | None = None
    near: bool = True


@dataclasses.dataclass(frozen=True)
class Deduplication:
    """Which repetitions are left out.

    Attributes:
      exact: whether dialogues with the words of another one are left out.
      near: overlap of shingles from which dialogues count as the same; 0 keeps near duplicates.
    """

    exact: bool = True
    near: float = 0.8


@dataclasses.dataclass(frozen=True)
class Guard:
    """The data that must not be in the mixture.

    Attributes:
      benchmarks: corpora whose validation and test splits are guarded.
      leave_out: corpora that are guarded as a whole, with their train split.
      content_words: the least number of different content words that make a user's utterance distinctive.
      near: overlap of shingles from which a dialogue counts as a benchmark's; 0 compares only whole texts.
      same_ids: groups of corpora that share their ids: a test dialogue of one is a test dialogue of all.
    """

    benchmarks: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    content_words: int = 5
    near: float = 0.8
    same_ids: tuple[tuple[str, ...], ...] = ()


@dataclasses.dataclass(frozen=True)
class Mixture:
    """A mixture.

    Attributes:
      name: its name in tables.
      description: one line about it.
      sources: the corpora in the order in which duplicates are kept.
      held_out: share of the dialogues that becomes the validation split.
      few: source -> its few-shot subset, "10" of each class or "10%" of each or a file with ids, as `finetune --shots`
        takes it. Only these dialogues keep their labels; the others of the source enter as texts.
      few_seed: of the draw, as `finetune --seeds` has it.
      deduplication: see `Deduplication`.
      guard: see `Guard`.
    """

    name: str
    description: str
    sources: tuple[MixtureSource, ...]
    held_out: float = 0.01
    few: Mapping[str, str] = dataclasses.field(default_factory=dict)
    few_seed: int = 0
    deduplication: Deduplication = Deduplication()
    guard: Guard = Guard()

    def without(self, names: tuple[str, ...]) -> "Mixture":
        """The mixture without some of its sources; a benchmark of that name stays guarded."""
        known = [source.name for source in self.sources]
        for name in names:
            if name not in known:
                raise UserError(f"--without {name}: not a source of {self.name}, which has {', '.join(known)}")
        sources = tuple(source for source in self.sources if source.name not in names)
        if not sources:
            raise UserError(f"--without: {self.name} has no source left")
        few = {name: shots for name, shots in self.few.items() if name not in names}
        return dataclasses.replace(self, sources=sources, few=few)

    def with_few(self, few: Mapping[str, str], seed: int | None) -> "Mixture":
        """The mixture with further few-shot subsets, or with others in place of its own."""
        known = [source.name for source in self.sources]
        for name in few:
            if name not in known:
                raise UserError(f"--few {name}: not a source of {self.name}, which has {', '.join(known)}")
        return dataclasses.replace(self, few={**self.few, **few}, few_seed=self.few_seed if seed is None else seed)

    def leaving_out(self, names: tuple[str, ...]) -> "Mixture":
        """The mixture without everything that is in these corpora."""
        for name in names:
            corpus(name)
        together = tuple(dict.fromkeys((*self.guard.leave_out, *names)))
        return dataclasses.replace(self, guard=dataclasses.replace(self.guard, leave_out=together))
