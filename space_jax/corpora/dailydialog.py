"""DailyDialog (Li et al., IJCNLP 2017) in ConvLab's unified format: one JSON file -> `Dialogue`, for unlabelled use.

What becomes what:
  turns       as they are; `user` begins; the two speakers are equals
  acts        None. Every utterance has one of four acts, and they do not fit the twenty: `inform` also holds greetings,
              thanks and opinions; `directive` is a request, a proposal, an instruction or a reply to an offer;
              `commissive` is an agreement, a refusal or an offer. Only `question` would be one act (`request`), and
              labelling it alone would mark every other turn as having no act
  frames, state, delexicalised: None; topic and emotion of the source are left out
  text        runs of blanks are one blank
  id          the source's (`train-0`)
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora.archives import corpus_files, has_corpus_files
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed, field, json_list
from space_jax.corpora.splits import SPLITS
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError

ARCHIVE = "dailydialog_unified.zip"
_ROLES = {"user": USER, "system": SYSTEM}
_FILE = re.compile(r"(^|/)data/dialogues\.json$")


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split. All splits are in one file of 47 MB, which is decoded as a whole.

    Args:
      source: the folder with `dailydialog_unified.zip`, or its unpacked folder `data`.
      split: "train", "validation" or "test".

    Raises:
      UserError: files that are missing or damaged; with the file, the dialogue and the turn.
    """
    for where, content in corpus_files(source, ARCHIVE, _FILE, "data/dialogues.json"):
        found = False
        for index, record in enumerate(json_list(content, where)):
            at = f"{where}: dialogue {index}"
            if _split(record, at) == split:
                found = True
                yield _dialogue(record, split, at)
        if not found:
            raise UserError(f"{where}: expected dialogues with data_split {split}, found none")


def find_splits(source: Path) -> tuple[str, ...]:
    """All splits where the file is there: they share it."""
    return SPLITS if has_corpus_files(source, ARCHIVE, _FILE) else ()


def _split(record: Any, where: str) -> str:
    split = field(record, "data_split", str, where)
    if split not in SPLITS:
        raise UserError(f"{where}: field data_split: expected one of {', '.join(SPLITS)}, found {split!r}")
    return split


def _dialogue(record: Any, split: str, where: str) -> Dialogue:
    name = field(record, "original_id", str, where).removeprefix(f"{split}-")
    turns = field(record, "turns", list, f"{where} ({name})")
    if not turns:
        raise UserError(f"{where} ({name}): expected at least one turn, found none")
    return Dialogue(
        f"{split}-{name}",
        tuple(_turn(turn, f"{where} ({name}), turn {number}") for number, turn in enumerate(turns)),
    )


def _turn(record: Any, where: str) -> Turn:
    speaker = field(record, "speaker", str, where)
    if speaker not in _ROLES:
        raise UserError(f"{where}: field speaker: expected user or system, found {speaker!r}")
    return Turn(_ROLES[speaker], collapsed(field(record, "utterance", str, where)))


CORPUS = Corpus(
    name="dailydialog",
    description="DailyDialog: 11,118 / 1,000 / 1,000 dialogues of daily life, unlabelled",
    licence="CC BY-NC-SA 4.0",
    citation="Li et al., IJCNLP 2017, arXiv 1710.03957; https://github.com/ConvLab/ConvLab-3, "
    "data/unified_datasets/dailydialog",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
)
