"""bAbI dialog (Bordes et al., ICLR 2017): task 5, synthetic, and task 6, made from DSTC2; text -> `Dialogue`.

What becomes what:
  turns       an exchange is a user turn and a system turn. `<SILENCE>` is no turn: the system continues, or begins.
              An empty user turn (6 in task 6) is kept
  left out    everything but utterances: facts of the knowledge base (lines without a tab), and the `api_call ...` of
              the bot, which is a query. Its arguments are neither a frame (no one says them in that turn) nor a belief
              state (it occurs once or twice in a dialogue, not at every user turn)
  frames, acts, state, delexicalised: None, the source has no such annotation
  text        runs of blanks are one blank
  id          the split and the dialogue's place in the file, from 0; `test-oov-0` for the OOV test
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.archives import corpus_files, has_corpus_files
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError
from space_jax.reading.text import decoded

ARCHIVE = "dialog-bAbI-tasks.zip"
_FILES = {"train": "trn", "validation": "dev", "test": "tst"}
_LINE = re.compile(r"(\d+) (.*)")
_FACT = re.compile(r"\S.* R_\w+ .*\S|api_call no result")
_SILENCE, _QUERY = "<SILENCE>", "api_call "


def load(source: Path, split: str, task: int, oov: bool = False) -> Iterator[Dialogue]:
    """The dialogues of a split.

    Args:
      source: the folder with `dialog-bAbI-tasks.zip`, or its unpacked files.
      split: "train", "validation" or "test".
      task: 5 or 6.
      oov: whether "test" is the test with entities that train lacks; task 5 only, of no effect on the other splits.

    Raises:
      UserError: files that are missing or damaged, a line that is no exchange and no fact; with the file and the line.
    """
    unseen = oov and split == "test"
    for where, content in corpus_files(source, ARCHIVE, _pattern(task, split, unseen), _name(task, split, unseen)):
        for number, turns in enumerate(_dialogues(decoded(content, where), where)):
            yield Dialogue(f"{split}-oov-{number}" if unseen else f"{split}-{number}", turns)


def find_splits(source: Path, task: int) -> tuple[str, ...]:
    """The splits that `source` holds."""
    return tuple(split for split in _FILES if has_corpus_files(source, ARCHIVE, _pattern(task, split, False)))


def _name(task: int, split: str, unseen: bool) -> str:
    return f"dialog-babi-task{task}{_FILES[split]}{'-OOV' if unseen else ''}.txt"


def _pattern(task: int, split: str, unseen: bool) -> re.Pattern[str]:
    return re.compile(rf"(^|/){re.escape(_name(task, split, unseen))}$")


def _dialogues(text: str, where: str) -> Iterator[tuple[Turn, ...]]:
    """The turns of each dialogue; a blank line ends one, and so does a number 1."""
    turns: list[Turn] = []
    last = 0
    for index, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not line.strip():
            last = 0
            continue
        matched = _LINE.fullmatch(line)
        if matched is None or int(matched[1]) not in (1, last + 1):
            raise UserError(f"{where}:{index}: expected a line numbered 1 or {last + 1}, found {line[:40]!r}")
        last = int(matched[1])
        if last == 1 and turns:
            yield tuple(turns)
            turns = []
        turns += _turns(matched[2], f"{where}:{index}")
    if turns:
        yield tuple(turns)


def _turns(content: str, where: str) -> list[Turn]:
    """What is said in a line."""
    match content.split("\t"):
        case [user, bot]:
            said = [] if user == _SILENCE else [Turn(USER, collapsed(user))]
            return said if bot.startswith(_QUERY) else [*said, Turn(SYSTEM, collapsed(bot))]
        case [fact] if _FACT.fullmatch(fact):
            return []
        case _:
            raise UserError(f"{where}: expected user<TAB>bot or a fact of the knowledge base, found {content[:40]!r}")


_CITATION = "Bordes et al., ICLR 2017, arXiv 1605.07683; https://github.com/HLTCHKUST/Mem2Seq, data/dialog-bAbI-tasks"
BABI5 = Corpus(
    name="babi5",
    description="bAbI dialog task 5: 3 x 1,000 synthetic restaurant bookings, and 1,000 with unseen entities",
    licence="CC BY 3.0",
    citation=_CITATION,
    needs_source=True,
    options={"oov": False},
    read=functools.partial(load, task=5),
    find_splits=functools.partial(find_splits, task=5),
)
BABI6 = Corpus(
    name="babi6",
    description="bAbI dialog task 6: DSTC2's 1,618 / 500 / 1,117 restaurant dialogues",
    licence="CC BY 3.0",
    citation=_CITATION,
    needs_source=True,
    options={},
    read=functools.partial(load, task=6),
    find_splits=functools.partial(find_splits, task=6),
)
