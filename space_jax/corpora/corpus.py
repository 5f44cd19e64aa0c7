"""The description of a corpus, and the access to its dialogues."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from space_jax.corpora.source_files import SourceFile, source_files
from space_jax.corpora.splits import SPLITS
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A corpus that can be loaded.

    Attributes:
      name: its key in `registry.CORPORA`.
      description: one line about its content.
      licence: the licence of the data.
      citation: the paper and where the files come from.
      needs_source: whether `load` reads files; the simulated world has none.
      options: the keyword options of `load` with their defaults.
      read: the loader behind `load`: `(source, split, **options)` -> dialogues.
      find_splits: which splits a source holds.
      splits: the splits that exist when the source is complete.
      expects: what a source holds, for the message about one that holds nothing of it; "" if its docstring says so.
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
    expects: str = ""

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """Its files, with checksums and addresses."""
        return source_files(self.name)

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
            expected = self.expects and f"; expected {self.expects}"
            raise UserError(f"corpus {self.name}: {path} holds none of the splits {', '.join(self.splits)}{expected}")
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
