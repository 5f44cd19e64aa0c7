"""The venues and trains of MultiWOZ, and which of them fulfil constraints."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from space_jax.evaluation.multiwoz.similarity import is_alike
from space_jax.evaluation.multiwoz.spellings import DONT_CARE
from space_jax.evaluation.multiwoz.values import normalise_slot, normalise_value

DATABASE_DOMAINS = ("restaurant", "hotel", "attraction", "train")
UNKNOWN_CELL = "?"
"""A cell that everything matches."""

_IDENTIFIER = {"train": "trainid"}
_DROPPED = {
    "attraction": {"location", "openhours"},
    "hotel": {"location", "price", "takesbookings"},
    "restaurant": {"location", "introduction", "signature"},
}
_FUZZY = {
    "hotel": {"name"},
    "attraction": {"name"},
    "restaurant": {"name", "food"},
    "train": {"departure", "destination"},
}
_FUZZY_ENOUGH = 90
_TIME = re.compile(r"(\d\d):(\d\d)")


def minutes(time: str) -> int:
    """Minutes since midnight; 0 for what does not begin with HH:MM."""
    found = _TIME.match(time)
    return 60 * int(found[1]) + int(found[2]) if found else 0


def is_time(value: str) -> bool:
    """Whether a value begins with HH:MM."""
    return _TIME.match(value) is not None


class Database:
    """Tables of entries, one for each of `DATABASE_DOMAINS`.

    Attributes:
      columns: domain to the names of its columns.
    """

    def __init__(self, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Keeps the tables.

        Args:
          tables: domain to its entries, each from the name of a column to a cell; every entry has the identifier (of a
            train `trainID`, else `id`).
        """
        self._rows = {domain: [_row(domain, entry) for entry in entries] for domain, entries in tables.items()}
        self.columns = {domain: frozenset().union(*rows) for domain, rows in self._rows.items()}
        self._results: dict[tuple[str, frozenset[tuple[str, str]]], tuple[str, ...]] = {}

    def query(self, domain: str, constraints: Mapping[str, str]) -> tuple[str, ...]:
        """The entries that fulfil constraints.

        A constraint is ignored if the domain has no such column or if its value means no constraint. Times
        of trains are limits, names and kinds of food may be spelt differently, everything else has to be equal.

        Args:
          domain: one without a table has no entries.
          constraints: slot, as `normalise_slot` gives it, to value.

        Returns:
          Identifiers in the order of the table.
        """
        asked = frozenset(
            (slot, normalise_value(slot, value))
            for slot, value in constraints.items()
            if slot in self.columns.get(domain, ()) and value not in DONT_CARE
        )
        if (domain, asked) not in self._results:
            self._results[domain, asked] = self._search(domain, asked)
        return self._results[domain, asked]

    def _search(self, domain: str, asked: frozenset[tuple[str, str]]) -> tuple[str, ...]:
        rows = self._rows.get(domain, [])
        for slot, value in asked:
            accepts = _comparison(domain, slot)
            accepted = {cell for cell in {row.get(slot) for row in rows} if cell is not None and accepts(cell, value)}
            rows = [row for row in rows if row.get(slot) in accepted]
        identifier = _IDENTIFIER.get(domain, "id")
        return tuple(row[identifier] for row in rows)


def _row(domain: str, entry: Mapping[str, Any]) -> dict[str, str]:
    named = {normalise_slot(column): str(cell) for column, cell in entry.items()}
    return {column: cell for column, cell in named.items() if column not in _DROPPED.get(domain, ())}


def _comparison(domain: str, slot: str) -> Callable[[str, str], bool]:
    """Whether a cell fulfils a value."""
    if slot in _FUZZY.get(domain, ()):
        compare: Callable[[str, str], bool] = _alike
    elif domain == "train" and slot == "arrive":
        compare = _no_later
    elif domain == "train" and slot == "leave":
        compare = _no_earlier
    else:
        compare = str.__eq__
    return lambda cell, value: cell == UNKNOWN_CELL or compare(cell, value)


def _alike(cell: str, value: str) -> bool:
    return is_alike(cell, value, _FUZZY_ENOUGH)


def _no_later(cell: str, value: str) -> bool:
    return minutes(cell) <= minutes(value)


def _no_earlier(cell: str, value: str) -> bool:
    return minutes(cell) >= minutes(value)
