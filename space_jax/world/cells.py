"""The cells of tables as text, and columns freed of the marks of the program that wrote them.

Data frames and spreadsheets write a column of whole numbers as `4.0` as soon as one of its cells is empty, cells that
are missing as `NaN`, times as `19:15:00`, truth values as `True`.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from space_jax.errors import UserError
from space_jax.printable import shown

Row = dict[str, str]
"""Column -> cell; an empty cell, or "?", is one whose value is not known, and matches everything."""

UNKNOWN = ("", "?")
"""Cells whose value is not known."""

_MISSING = frozenset({"nan", "n/a", "#n/a", "null", "<na>"})

_WHOLE = re.compile(r"-?[0-9]+(?:\.0)?")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}:00")
_TRUTH = {"true": "yes", "false": "no"}


def cell_of(value: Any, where: str) -> str:
    """The cell of a value: its text, a list's values with commas between them; empty where it is not known.

    Args:
      value: of JSON's types, or as SQLite has it.
      where: file, row and column, for the message.

    Raises:
      UserError: an object, or a list that holds lists or objects.
    """
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, (dict, list)) for one in value)):
        raise UserError(f"{where}: expected a text, a number or a list of them, found {shown(value)}")
    if isinstance(value, list):
        return ", ".join(filter(None, (cell_of(one, where) for one in value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "" if value is None else str(value).strip()
    return "" if text.lower() in _MISSING else text


def tidied(rows: Sequence[Row]) -> list[Row]:
    """The rows with columns of whole numbers, whole minutes and truth values in the spelling that people use."""
    columns = dict.fromkeys(column for row in rows for column in row)
    spelt = {column: _speller([row.get(column, "") for row in rows]) for column in columns}
    return [{column: cell if cell in UNKNOWN else spelt[column](cell) for column, cell in row.items()} for row in rows]


def _speller(cells: Sequence[str]) -> Callable[[str], str]:
    known = [cell for cell in cells if cell not in UNKNOWN]
    if all(map(_WHOLE.fullmatch, known)):
        return lambda cell: cell.removesuffix(".0")
    if all(map(_CLOCK.fullmatch, known)):
        return lambda cell: cell.removesuffix(":00")
    if all(cell.lower() in _TRUTH for cell in known):
        return lambda cell: _TRUTH[cell.lower()]
    return lambda cell: cell
