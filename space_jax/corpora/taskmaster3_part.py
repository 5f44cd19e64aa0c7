"""The piece of Taskmaster-3 (movie tickets; Byrne et al., ACL 2021) that is rows of model input and output.

A row is `last event <C> events before it`, a tab, the next output, a tab, the dialogue's id; without `<C>` the last
event is the first. `<U>` and `<A>` mark the words of user and agent; `<S>` begins a dialogue; the other marks are calls
to a service with arguments (`<PN>`, `<PAN>`, `<PAV>`) and its results (`<PR>`, `<PRAN>`, `<PRAV>`).

What becomes what:
  turns       the words of user and agent, in order, up to and including the output if the agent says it. The dialogue
              continues in pieces that are not here. Two turns of one speaker in a row (93 times) and empty turns (2)
              are kept
  rows        1,517 rows are of 1,462 dialogues: rows of one dialogue contain each other, so the longest represents all
  left out    calls and results, including those in an output after the words
  frames, acts, state, delexicalised: None, because calls are actions of the program
  text        runs of blanks are one blank
  split       train, as the piece is
  id          the split and the source's id
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.archives import corpus_files, has_corpus_files
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError
from space_jax.reading.delimited import QUOTED_TSV, checked_rows

ARCHIVE = "taskmaster3_part.zip"
MARKS = {"U", "A", "S", "PN", "PAN", "PAV", "PR", "PRAN", "PRAV"}
_ROLES = {"U": USER, "A": SYSTEM}
_FILE = re.compile(r"(^|/)train-[a-z]+\.tsv$")
_NOW = "<C>"


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues, in the order of their first rows; one file is in memory at a time.

    Args:
      source: the folder with `taskmaster3_part.zip`, or its unpacked files.
      split: "train".

    Raises:
      UserError: files that are missing or damaged, a mark that `MARKS` lacks; with the file and the line.
    """
    for where, content in corpus_files(source, ARCHIVE, _FILE, "train-*.tsv"):
        longest: dict[str, tuple[Turn, ...]] = {}
        for name, turns in _rows(content, where):
            longest[name] = max(longest.get(name, ()), turns, key=len)
        for name, turns in longest.items():
            yield Dialogue(f"{split}-{name}", turns)


def find_splits(source: Path) -> tuple[str, ...]:
    """Train, where there are files."""
    return ("train",) if has_corpus_files(source, ARCHIVE, _FILE) else ()


def _rows(content: bytes, where: str) -> Iterator[tuple[str, tuple[Turn, ...]]]:
    """Each row's dialogue id and turns."""
    for row in checked_rows(io.BytesIO(content), QUOTED_TSV, where):
        at = f"{where}:{row.number}"
        if len(row.cells) != 3 or not row.cells[2].strip():
            raise UserError(f"{at}: expected input, output and dialogue id, found {len(row.cells)} columns")
        yield row.cells[2], _turns(row.cells[0], row.cells[1], at)


def _turns(given: str, output: str, where: str) -> tuple[Turn, ...]:
    now, _, before = given.partition(_NOW)
    parts = re.split(r"<([A-Z]+)>", before + now)
    unknown = [mark for mark in dict.fromkeys(parts[1::2]) if mark not in MARKS]
    if unknown or parts[0].strip():
        found = ", ".join(f"<{mark}>" for mark in unknown) or repr(parts[0][:40])
        raise UserError(f"{where}: field input: expected events with marks of {__name__}.MARKS, found {found}")
    events = list(zip(parts[1::2], parts[2::2], strict=True))
    mark, _, said = output.partition("]")
    if mark not in ("[A", "[PN"):
        raise UserError(f"{where}: field output: expected it to begin with [A] or [PN], found {output[:40]!r}")
    if mark == "[A":
        events.append(("A", said.partition("[PN]")[0]))
    turns = tuple(Turn(_ROLES[mark], collapsed(text)) for mark, text in events if mark in _ROLES)
    if not turns:
        raise UserError(f"{where}: expected at least one turn, found none")
    return turns


CORPUS = Corpus(
    name="taskmaster3_part",
    description="a piece of Taskmaster-3: 1,462 beginnings of dialogues about movie tickets, unlabelled",
    licence="CC BY 4.0",
    citation="Byrne et al., ACL 2021, arXiv 2012.12458; "
    "https://github.com/google-research-datasets/Taskmaster, TM-3-2020",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
    splits=("train",),
)
