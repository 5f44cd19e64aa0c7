"""A user's own corpus: JSONL files in the format of `docs/data_format.md`."""

from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.corpus import Corpus
from space_jax.corpora.splits import SPLITS
from space_jax.dialogue.jsonl import ReadReport, read_jsonl
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError

SUFFIXES = (".jsonl", ".jsonl.gz")


def load(source: Path, split: str, on_error: str = "stop", report: ReadReport | None = None) -> Iterator[Dialogue]:
    """The dialogues of a split.

    Args:
      source: a folder with `<split>.jsonl` or `<split>.jsonl.gz`; or one file, which becomes the train split.
      split: "train", "validation" or "test".
      on_error: as in `read_jsonl`.
      report: as in `read_jsonl`.

    Raises:
      UserError: there is no file for the split, or two; a line that is wrong.
    """
    return read_jsonl(_file(source, split), on_error, report)


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` has a file for."""
    return ("train",) if source.is_file() else tuple(split for split in SPLITS if _candidates(source, split))


def _candidates(folder: Path, split: str) -> list[Path]:
    return [path for suffix in SUFFIXES if (path := folder / f"{split}{suffix}").is_file()]


def _file(source: Path, split: str) -> Path:
    if source.is_file():
        if split != "train":
            raise UserError(
                f"{source}: a single file is the train split; put {split}.jsonl beside it and give the folder"
            )
        return source
    found = _candidates(source, split)
    if len(found) != 1:
        what = "both" if found else "neither"
        raise UserError(f"{source}: expected one of {split}.jsonl and {split}.jsonl.gz, found {what}")
    return found[0]


CORPUS = Corpus(
    name="jsonl",
    description="your own dialogues: a JSONL file, or a folder with train.jsonl, validation.jsonl, test.jsonl",
    licence="yours",
    citation="docs/data_format.md",
    needs_source=True,
    options={"on_error": "stop", "report": None},
    read=load,
    find_splits=find_splits,
    expects="train.jsonl, which `space-jax data split` makes of one file, or the file instead of its folder",
)
