"""The table that a person corrects in a spreadsheet: written with the suggested labels, read with the right ones."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.delimited import CSV, QUOTED_TSV, SEMICOLONS, Form, as_text, for_spreadsheets, table
from space_jax.reading.text import numbered_lines, opened

COLUMNS = ("id", "label", "text", "before", "score", "second")


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion:
    """An utterance to label.

    Attributes:
      id: see `pool.Utterance`.
      label: the likeliest; "" if there is no guess.
      text: the user's words.
      before: the system's right before.
      score: of the label, 0 .. 1; None if there is no guess.
      second: the next likeliest label.
    """

    id: str
    label: str
    text: str
    before: str = ""
    score: float | None = None
    second: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Corrected:
    """One line of a table that came back; `label` is "" where the person gave none."""

    where: str
    id: str
    label: str
    text: str


def sheet(suggestions: Sequence[Suggestion]) -> bytes:
    """The table as CSV."""
    lines = (
        (one.id, one.label, one.text, one.before, "" if one.score is None else f"{one.score:.3f}", one.second)
        for one in suggestions
    )
    return for_spreadsheets([COLUMNS, *lines])


def read_sheet(path: Path) -> list[Corrected]:
    """The lines of a table, with commas, semicolons or tabs, as spreadsheets save it.

    Raises:
      UserError: a file that cannot be read, a column that is missing, a line without id, an id with two labels; with
        file and line.
    """
    form = _form(path)
    found: dict[str, Corrected] = {}
    with opened(path) as file:
        header, lines = table(file, form, str(path))
        missing = [name for name in ("id", "label", "text") if name not in header]
        if missing:
            raise UserError(f"{path}:1: expected the column {missing[0]}, found {shown(list(header))}")
        for line in lines:
            if line.error:
                raise UserError(line.error)
            cells = dict(zip(header, map(as_text, line.cells), strict=True))
            where, name = f"{path}:{line.number}", cells["id"].strip()
            one = Corrected(where, name, " ".join(cells["label"].split()), cells["text"])
            if not name:
                raise UserError(f"{where}: expected an id, found none")
            before = found.setdefault(name, one)
            if before.label != one.label:
                raise UserError(
                    f"{where}: expected one label of {name!r}, found {shown(one.label)} and {shown(before.label)} in "
                    f"{before.where}"
                )
    return list(found.values())


def _form(path: Path) -> Form:
    """The form whose mark stands most often between the names of the columns."""
    with opened(path) as file:
        _, names = next(numbered_lines(file, str(path)), (1, b""))
    return max((CSV, SEMICOLONS, QUOTED_TSV), key=lambda form: names.count(form.delimiter.encode()))
