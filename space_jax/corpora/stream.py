"""The dialogues of a split as an object that can be read repeatedly and sent to another process."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from space_jax.corpora.registry import corpus
from space_jax.corpora.unify import unified
from space_jax.dialogue.record import Dialogue

UNIFIED, SOURCE = NAMES = ("unified", "source")
"""The names of domains, intents and slots: the shared ones of `unify`, or the source's."""

START = "start"  # the option of a corpus that can start at a dialogue without making earlier ones


@dataclasses.dataclass(frozen=True)
class Stream:
    """The dialogues of a split; each iteration reads them from the beginning."""

    corpus: str
    source: Path | None
    split: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    names: str = UNIFIED

    def __iter__(self) -> Iterator[Dialogue]:
        return self._load(self.options)

    def _load(self, options: Mapping[str, Any]) -> Iterator[Dialogue]:
        dialogues = corpus(self.corpus).load(self.source, self.split, **options)
        if self.names == SOURCE:
            return dialogues
        return (unified(dialogue, self.corpus) for dialogue in dialogues)


@dataclasses.dataclass(frozen=True)
class SeekableStream(Stream):
    """A stream of a corpus that can start anywhere."""

    def starting_at(self, start: int) -> Iterator[Dialogue]:
        """The dialogues from number `start` on."""
        first = self.options.get(START, 0)
        return self._load({**self.options, START: first + start})


def stream(name: str, source: Path | None, split: str, options: Mapping[str, Any], names: str = UNIFIED) -> Stream:
    """The stream of a split; it can start anywhere if the corpus can."""
    kind = SeekableStream if START in corpus(name).options else Stream
    return kind(name, source, split, options, names)


def state_of(source: Path | None) -> list[tuple[str, int, int]]:
    """Path, size and modification time of a file, or of all files of a folder, to detect changes."""
    if source is None:
        return []
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    return [(str(file.absolute()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
