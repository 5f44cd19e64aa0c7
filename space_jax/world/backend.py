"""The world that an agent acts on: tables to search, and bookings."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Protocol

from space_jax.world.cells import Row
from space_jax.world.database import Database

NAME = "name"
"""The slot that names an entity, and its column in the tables that have names."""


class Backend(Protocol):
    """A world to search and to book in."""

    @property
    def database(self) -> Database:
        """The tables; for a row's name see `name_column`."""

    def booking_slots(self, domain: str) -> tuple[str, ...]:
        """The slots that a booking in a domain needs; () where nothing can be booked."""

    def book(self, domain: str, name: str, booking: Mapping[str, str]) -> str | None:
        """The reference of a booking, the same at every request; None if it is turned down."""

    def is_wish(self, domain: str, slot: str) -> bool:
        """Whether a slot without a column is only a wish of the user's, to be said although no row has it.

        A slot of a booking is; so is what no table ever told, such as where a taxi shall go.
        """


class Tables:
    """Tables alone; every booking with all its slots succeeds.

    Args:
      database: the tables.
      booking: domain -> the slots that a booking needs.
      told: domain -> the columns of the tables that the agent learnt with, if those were others. Their values are
        facts, which no row has that lacks the column.
    """

    def __init__(
        self,
        database: Database,
        booking: Mapping[str, tuple[str, ...]] | None = None,
        told: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._database, self._booking, self._told = database, dict(booking or {}), told

    @property
    def database(self) -> Database:
        """See `Backend.database`."""
        return self._database

    def booking_slots(self, domain: str) -> tuple[str, ...]:
        """See `Backend.booking_slots`."""
        return self._booking.get(domain, ())

    def book(self, domain: str, name: str, booking: Mapping[str, str]) -> str | None:
        """See `Backend.book`; eight characters that depend on the arguments only."""
        told = "\x1f".join((domain, name, *(f"{slot}={booking[slot]}" for slot in sorted(booking))))
        return hashlib.blake2b(told.encode(), digest_size=4).hexdigest().upper()

    def is_wish(self, domain: str, slot: str) -> bool:
        """See `Backend.is_wish`; of a domain without a table in `told`, only slots of a booking are."""
        if slot in self._booking.get(domain, ()):
            return True
        never_told = self._told is None or (domain in self._told and slot not in self._told[domain])
        return never_told and slot not in self._database.columns(domain)


def name_column(database: Database, domain: str) -> str:
    """The column that names a row: `name`, or one that ends in `id`, or the first one; `name` if there is no table."""
    columns = database.columns(domain)
    numbered = (column for column in columns if column.split("_")[-1] == "id")
    return NAME if NAME in columns else next(numbered, next(iter(columns), NAME))


def row_name(database: Database, domain: str, row: Row) -> str:
    """The name of a row."""
    return row.get(name_column(database, domain), "")
