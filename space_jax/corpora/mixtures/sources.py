"""The sources of a mixture and the benchmarks under a data root: a folder for each source."""

import dataclasses
from pathlib import Path

from space_jax.corpora import source_files
from space_jax.corpora.mixtures.description import Mixture, MixtureSource
from space_jax.corpora.registry import corpus
from space_jax.corpora.stream import SOURCE, Stream, stream
from space_jax.errors import UserError

BENCHMARK_SPLITS = ("validation", "test")


@dataclasses.dataclass(frozen=True)
class Part:
    """One split of a source; `place` is its place in the order of preference among duplicates."""

    place: int
    source: MixtureSource
    split: str
    dialogues: Stream

    @property
    def texts(self) -> Stream:
        """The dialogues for their texts, with the source's label names, which is faster."""
        return dataclasses.replace(self.dialogues, names=SOURCE)

    @property
    def key(self) -> str:
        """Names the part in files."""
        return f"{self.place:03}"


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """A split that must not be in a mixture."""

    corpus: str
    split: str
    dialogues: Stream

    @property
    def name(self) -> str:
        """As reports call it."""
        return f"{self.corpus}/{self.split}"


def parts(mixture: Mixture, data_root: Path | None) -> list[Part]:
    """The splits of the sources, without the corpora that are left out as a whole.

    Raises:
      UserError: files that are not there; with the place where each source's files belong.
    """
    found: list[Part] = []
    missing: dict[str, str] = {}
    for source in mixture.sources:
        if source.corpus in mixture.guard.leave_out:
            continue
        folder = folder_of(source, data_root)
        absent = [split for split in source.splits if not _is_there(source.corpus, folder, split)]
        if absent:
            missing[source.name] = f"{' and '.join(absent)} of {source.name} in {folder} ({_from(source.corpus)})"
        for split in source.splits:
            found.append(Part(len(found), source, split, stream(source.corpus, folder, split, source.options)))
    if missing:
        flags = " ".join(f"--without {name}" for name in missing)
        raise UserError(
            f"mixture {mixture.name}: files are missing; add them or build without them by {flags}: "
            + "; ".join(missing.values())
        )
    if not found:
        raise UserError(f"mixture {mixture.name}: every source is left out")
    return found


def benchmarks(mixture: Mixture, data_root: Path | None) -> tuple[list[Benchmark], list[str]]:
    """The splits to keep out of a mixture, and the benchmarks without any file."""
    found: list[Benchmark] = []
    absent: list[str] = []
    for name in dict.fromkeys((*mixture.guard.benchmarks, *mixture.guard.leave_out)):
        folder = folder_of(MixtureSource(name, name), data_root)
        wanted = corpus(name).splits if name in mixture.guard.leave_out else BENCHMARK_SPLITS
        splits = [split for split in wanted if _is_there(name, folder, split)]
        found += [Benchmark(name, split, stream(name, folder, split, {}, SOURCE)) for split in splits]
        if not splits:
            absent.append(name)
    return found, absent


def folder_of(source: MixtureSource, data_root: Path | None) -> Path | None:
    """Where the files of a source are expected."""
    if not corpus(source.corpus).needs_source:
        return None
    if data_root is None:
        raise UserError(f"--data-root: expected the folder that holds the folders of the sources, {source.name} is one")
    if not data_root.is_dir():
        raise UserError(f"--data-root {data_root}: no such folder")
    return data_root / (source.folder or source_files.folder_of(source.corpus))


def _is_there(name: str, folder: Path | None, split: str) -> bool:
    known = corpus(name)
    if split not in known.splits:
        return False
    if folder is None:
        return True
    if not folder.exists():
        return False
    return known.find_splits is None or split in known.find_splits(folder)


def _from(name: str) -> str:
    return f"{corpus(name).description}; from {corpus(name).citation}"
