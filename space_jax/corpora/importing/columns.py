"""Which column of a table is what: named, guessed by its name, or guessed by what it holds."""

import re
from collections.abc import Sequence

from space_jax.errors import UserError
from space_jax.printable import shown

NAMES = {
    "text": "text utterance sentence message query content body transcript input example phrase question usermessage "
    "userinput customermessage messagetext utt msg",
    "label": "label intent category class tag topic intentname intentlabel target",
    "dialogue": "dialogueid dialogid conversationid convid dialogue dialog conversation chatid chat sessionid session "
    "threadid thread ticketid ticket callid caseid interactionid",
    "speaker": "speaker role author sender from actor participant speakerrole sendertype who",
    "turn": "turn turnid turnnumber turnindex turnidx position utteranceindex",
    "id": "id textid utteranceid messageid rowid",
    "domain": "domain",
}
ROLES = tuple(NAMES)
_LABEL_WORDS = 3  # on average, at most, in a column that is taken for labels by what it holds
_REPEATED = 2 / 3  # different cells a row, at most, in such a column

Rows = Sequence[tuple[str, ...]]


def with_header(rows: Rows, given: dict[str, str]) -> tuple[tuple[str, ...], int]:
    """The names of the columns, and how many rows they take: none where the columns are given by their numbers.

    Raises:
      UserError: numbers beside names.
    """
    first = rows[0]
    numbers = [name for name in given.values() if name.isdecimal() and name not in first]
    if not numbers:
        return first, 1
    if len(numbers) < len(given):
        raise UserError("--column: expected names, or numbers in a file without a header, found both")
    return tuple(str(number) for number in range(1, len(first) + 1)), 0


def columns_of(header: Sequence[str], rows: Rows, given: dict[str, str], where: str) -> tuple[dict[str, int], bool]:
    """Role -> index of its column, and whether anything was guessed.

    Args:
      header: the names of the columns.
      rows: of equal length, without the header.
      given: role -> name.
      where: begins the messages.

    Raises:
      UserError: no column of a given name, or none that can be the text.
    """
    found: dict[str, int] = {}
    for role, name in given.items():
        if name not in header:
            raise UserError(f"{where}: no column {shown(name)} for {role} (found {_listed(header)})")
        found[role] = header.index(name)
    for role, names in NAMES.items():
        by_name = {_plain(name): index for index, name in reversed(list(enumerate(header)))}
        free = (by_name[name] for name in names.split() if name in by_name and by_name[name] not in found.values())
        if role not in found and (index := next(free, None)) is not None:
            found[role] = index
    if "text" not in found and (index := _wordiest(rows, found)) is not None:
        found["text"] = index
    if "text" not in found:
        raise UserError(
            f"{where}: which column holds the text? --column text=NAME says so (found {_listed(header)}; in a file "
            "without a header, its number from 1)"
        )
    if not {"label", "dialogue", "speaker"} & set(found) and (index := _labels(rows, found)) is not None:
        found["label"] = index
    return found, bool(set(found) - set(given))


def _listed(header: Sequence[str]) -> str:
    return ", ".join(map(shown, header))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _wordiest(rows: Rows, found: dict[str, int]) -> int | None:
    """The column with the most words a cell, if they are two or more."""
    free = [index for index in range(len(rows[0]) if rows else 0) if index not in found.values()]
    words = {index: _mean_words(rows, index) for index in free}
    best = max(words, key=lambda index: words[index], default=None)
    return best if best is not None and words[best] >= 2 else None


def _labels(rows: Rows, found: dict[str, int]) -> int | None:
    """The only column of few words whose cells come again."""
    fitting = []
    for index in range(len(rows[0]) if rows else 0):
        different = len({row[index] for row in rows})
        short = _mean_words(rows, index) <= _LABEL_WORDS
        if index not in found.values() and short and 2 <= different <= _REPEATED * len(rows):
            fitting.append(index)
    return fitting[0] if len(fitting) == 1 else None


def _mean_words(rows: Rows, index: int) -> float:
    return sum(len(row[index].split()) for row in rows) / len(rows) if rows else 0.0
