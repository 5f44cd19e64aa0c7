"""Taskmaster-4 (coffee orders, 2024): its raw files -> `Dialogue`, for unlabelled use.

What becomes what:
  turns       the utterances; `assistant` is the system
  left out    the calls to the ordering service beside user turns: they are actions of the program, not speech. 82 user
              utterances have one marked segment each (`request`), too few for a labelled corpus. `reward/` repeats
              pieces of the dialogues with other answers and scores
  frames, acts, state, delexicalised: None
  text        runs of blanks are one blank
  split       the source has none; all is train
  id          the split and the source's id
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora.archives import corpus_files, has_corpus_files
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed, field, json_list
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError

ARCHIVE = "taskmaster4.zip"
_ROLES = {"user": USER, "assistant": SYSTEM}
_FILE = re.compile(r"(^|/)data_\d+\.json$")


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues, in the order of the file names; one file is in memory at a time.

    Args:
      source: the folder with `taskmaster4.zip`, or its unpacked files.
      split: "train".

    Raises:
      UserError: files that are missing or damaged; with the file, the dialogue and the utterance.
    """
    for where, content in corpus_files(source, ARCHIVE, _FILE, "data/data_NN.json"):
        for index, record in enumerate(json_list(content, where)):
            yield _dialogue(record, split, f"{where}: dialogue {index}")


def find_splits(source: Path) -> tuple[str, ...]:
    """Train, where there are files."""
    return ("train",) if has_corpus_files(source, ARCHIVE, _FILE) else ()


def _dialogue(record: Any, split: str, where: str) -> Dialogue:
    name = field(record, "conversation_id", str, where)
    utterances = field(record, "utterances", list, f"{where} ({name})")
    if not utterances:
        raise UserError(f"{where} ({name}): expected at least one utterance, found none")
    return Dialogue(
        f"{split}-{name}",
        tuple(_turn(said, f"{where} ({name}), utterance {number}") for number, said in enumerate(utterances)),
    )


def _turn(record: Any, where: str) -> Turn:
    speaker = field(record, "speaker", str, where)
    if speaker not in _ROLES:
        raise UserError(f"{where}: field speaker: expected user or assistant, found {speaker!r}")
    return Turn(_ROLES[speaker], collapsed(field(record, "text", str, where)))


CORPUS = Corpus(
    name="taskmaster4",
    description="Taskmaster-4: 3,710 dialogues about ordering coffee, unlabelled",
    licence="CC BY 4.0",
    citation="https://github.com/google-research-datasets/Taskmaster, TM-4-2024",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
    splits=("train",),
)
