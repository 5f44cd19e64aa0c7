"""BANKING77 (Casanueva et al., NLP4ConvAI 2020): utterances to a bank's helpdesk, one of 77 intents each.

What becomes what:
  dialogue    one user turn; runs of blanks and line breaks in its text are collapsed, because no offsets refer to it
  frames      one: domain `banking`, the intent in lower case without slots. `label_names` tells how the source spells
              an intent (`Refund_not_showing_up`), for files with its labels
  acts        None: not annotated

Which file is which split:
  train       subset "full": `few_shot/train` (8,622 lines, lower-cased); "train_10", "train_5": the folders of that
              name, 10 or 5 lines an intent, all of them in `few_shot/train` too
  validation  `few_shot/valid`, 1,540 lines, 20 an intent: 159 of them repeat another to fill up small intents, and are
              kept. No line of it is in any of the train folders: together they partition `train.csv`
  test        `few_shot/test`, where a user has it
  "published" is the release itself: train is the whole `train.csv` (10,003 rows, letter case kept), test is
              `test.csv`, where a user has it. There is no validation, since `train.csv` holds those utterances
"""

from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.archives import one_file
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed, strings
from space_jax.corpora.utterances import labelled_lines, normal, utterance
from space_jax.dialogue.record import Dialogue, Frame
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.delimited import CSV, checked_rows
from space_jax.reading.json_text import parse_json
from space_jax.reading.text import opened

DOMAIN = "banking"
SUBSETS = ("full", "train_10", "train_5", "published")
FOLDERS = {"train": "train", "validation": "valid", "test": "test"}


def load(source: Path, split: str, subset: str = "full") -> Iterator[Dialogue]:
    """The utterances of a split, in the order of the file.

    Args:
      source: a folder with `categories.json`, `train.csv` and the folder `few_shot`.
      split: "train", "validation" or "test".
      subset: what train is, one of `SUBSETS`; see above.

    Raises:
      UserError: files that are missing or damaged, an intent that `categories.json` lacks; with file and line.
    """
    if subset not in SUBSETS:
        raise UserError(f"option subset: expected one of {', '.join(SUBSETS)}, found {subset!r}")
    labels = set(label_names(source).values())
    of_subset = subset == "published" or (split == "train" and subset != "full")
    prefix = f"{split}-{subset}" if of_subset else split
    for number, (where, text, label) in enumerate(_rows(source, split, subset)):
        if label not in labels:
            raise UserError(f"{where}: expected an intent of categories.json, found {label!r}")
        yield utterance(f"{prefix}-{number}", text, (Frame(DOMAIN, normal(label)),))


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds; with `train.csv` alone there is a train split, as subset "published"."""
    found = [split for split, name in FOLDERS.items() if (source / "few_shot" / name).is_dir()]
    published = [split for split in ("train", "test") if (source / f"{split}.csv").is_file()]
    return tuple(split for split in FOLDERS if split in (found or published))


def label_names(source: Path) -> dict[str, str]:
    """The intent of a frame -> the label as the source spells it, in the order of `categories.json`.

    Raises:
      UserError: the file is missing or damaged.
    """
    where, content = one_file(source, "categories.json", "categories.zip")
    return {normal(label): label for label in strings(parse_json(content, where), where)}


def _rows(source: Path, split: str, subset: str) -> Iterator[tuple[str, str, str]]:
    """The place of a row, its text and its label."""
    if subset != "published":
        folder = subset if split == "train" and subset != "full" else FOLDERS[split]
        return labelled_lines(source / "few_shot" / folder)
    if split == "validation":
        raise UserError("option subset: published has no validation, because train.csv holds it; expected full")
    return _csv_rows(source / f"{split}.csv")


def _csv_rows(path: Path) -> Iterator[tuple[str, str, str]]:
    if not path.is_file():
        raise UserError(f"{path}: expected a CSV file with the columns text,category, found no such file")
    with opened(path) as file:
        rows = checked_rows(file, CSV, str(path))
        header = next(rows, None)
        if header is None or header.cells != ("text", "category"):
            found = "no line" if header is None else shown(",".join(header.cells))
            raise UserError(f"{path}:1: expected the columns text,category, found {found}")
        for row in rows:
            where = f"{path}:{row.number}"
            if len(row.cells) != 2 or not row.cells[1].strip():
                raise UserError(f"{where}: expected a text and a category, found {shown(list(row.cells))}")
            yield where, collapsed(row.cells[0]), row.cells[1].strip()


CORPUS = Corpus(
    name="banking77",
    description="BANKING77: utterances to a bank's helpdesk with one of 77 intents",
    licence="CC BY 4.0",
    citation="Casanueva et al., NLP4ConvAI 2020, arXiv 2003.04807; "
    "https://github.com/PolyAI-LDN/task-specific-datasets; its split: Zhang et al., EMNLP 2021 (few-shot intents), "
    "https://github.com/jianguoz/Few-Shot-Intent-Detection",
    needs_source=True,
    options={"subset": "full"},
    read=load,
    find_splits=find_splits,
)
