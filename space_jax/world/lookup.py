"""The database's result for a belief state, and the tokens that tell the model.

Tokens of the model specification:
  [db_nores]      nothing is asked: no domain, or one without a table
  [db_0] [db_1]   no match, one match
  [db_2]          two or three
  [db_3]          more
  [book_nores]    the domain can be booked, but an accepted entity or a slot of the booking is missing
  [book_fail]     the booking would be turned down
  [book_success]  it would be taken, or has been

An entity is accepted when the state has its name. Of a table without names, such as MultiWOZ's trains, it is the first
match, as soon as the state has all that its booking needs.
"""

import dataclasses
from collections.abc import Mapping

from space_jax.dialogue.record import BeliefState
from space_jax.world.backend import NAME, Backend, name_column, row_name
from space_jax.world.cells import Row
from space_jax.world.spelling import plain_name
from space_jax.world.values import nearest, restricts_nothing

OFFERED = "offered"
"""The value of the slot `name` where only the system has named the entity that it offered last. Responses are
delexicalised, so the name itself is nowhere in the context."""

Key = frozenset[tuple[str, str]]


@dataclasses.dataclass(frozen=True, slots=True)
class Offers:
    """The offers in each domain: (the constraints it was offered under, its name), in order."""

    made: Mapping[str, tuple[tuple[Key, str], ...]] = dataclasses.field(default_factory=dict)

    def names(self, domain: str) -> tuple[str, ...]:
        """All names offered in a domain, in order."""
        return tuple(name for _, name in self.made.get(domain, ()))

    def under(self, domain: str, constraints: Key) -> frozenset[str]:
        """The names offered under these very constraints."""
        return frozenset(name for key, name in self.made.get(domain, ()) if key == constraints)

    def with_names(self, domain: str, constraints: Key, names: tuple[str, ...]) -> "Offers":
        """The offers with further ones appended."""
        if not names:
            return self
        added = tuple((constraints, name) for name in names)
        return Offers({**self.made, domain: (*self.made.get(domain, ()), *added)})


NO_OFFERS = Offers()


@dataclasses.dataclass(frozen=True, slots=True)
class Lookup:
    """The result of a lookup.

    Attributes:
      domain: that was searched; None for none.
      constraints: that restrict the search, as a key for `Offers`.
      rows: the matches, or the accepted entity alone. Entities that were offered under the same
        constraints and not accepted are left out: the user wants another.
      accepted: whether the rows are an accepted entity.
      count: of the rows.
      reference: of the booking, if it can be made.
      tokens: names of the tokens that tell the model.
    """

    domain: str | None
    constraints: Key
    rows: tuple[Row, ...]
    accepted: bool
    reference: str | None
    tokens: tuple[str, ...]

    @property
    def count(self) -> int:
        """The number of matches."""
        return len(self.rows)


NOTHING = Lookup(None, frozenset(), (), False, None, ("[db_nores]",))


def look_up(backend: Backend, state: BeliefState, offers: Offers) -> Lookup:
    """Searches the last domain of a belief state that has a table.

    Args:
      backend: the tables and the bookings.
      state: as `tasks.dialogue.records.in_order` leaves it.
      offers: made so far.
    """
    last = next(reversed(state), "")
    domain, columns = plain_name(last), backend.database.columns(last)
    if not columns:
        return NOTHING
    wishes = {plain_name(slot): values[0] for slot, values in state[last].items() if values}
    name = wishes.pop(NAME, "")
    key: Key = frozenset(
        (slot, value.lower()) for slot, value in wishes.items() if slot in columns and not restricts_nothing(value)
    )
    row = _accepted(backend, domain, name, offers)
    if NAME not in columns and _complete(backend, domain, wishes):
        row = next(iter(backend.database.query(domain, wishes)), None)
    if row is not None:
        reference, token = _booking(backend, domain, row, wishes)
        return Lookup(domain, key, (row,), True, reference, ("[db_1]", *token))
    refused = offers.under(domain, key)
    found = backend.database.query(domain, wishes)
    rows = tuple(row for row in found if row_name(backend.database, domain, row) not in refused)
    book = ("[book_nores]",) if backend.booking_slots(domain) else ()
    return Lookup(domain, key, rows, False, None, (count_token(len(rows)), *book))


def count_token(count: int) -> str:
    """The token for a number of matches."""
    return f"[db_{count if count < 2 else 2 if count < 4 else 3}]"


def find_row(backend: Backend, domain: str, name: str) -> Row | None:
    """The row of exactly that name."""
    column = name_column(backend.database, domain)
    spelt = [one for one in backend.database.spellings(domain, column, name) if one == name]
    rows = backend.database.query(domain, {column: spelt[0]}) if spelt else []
    return next((row for row in rows if row.get(column) == name), None)


def _accepted(backend: Backend, domain: str, name: str, offers: Offers) -> Row | None:
    """The accepted entity: the last offer, or the entity that the name means among the offers, else in the table."""
    if restricts_nothing(name):
        return None
    made = offers.names(domain)
    if name == OFFERED:
        return find_row(backend, domain, made[-1]) if made else None
    meant = nearest(name, tuple(dict.fromkeys(reversed(made)))) if made else ()
    meant = meant or backend.database.spellings(domain, name_column(backend.database, domain), name)
    return find_row(backend, domain, meant[0]) if meant else None


def _booking(backend: Backend, domain: str, row: Row, wishes: Mapping[str, str]) -> tuple[str | None, tuple[str, ...]]:
    slots = backend.booking_slots(domain)
    if not slots:
        return None, ()
    if not _complete(backend, domain, wishes):
        return None, ("[book_nores]",)
    name = row_name(backend.database, domain, row)
    reference = backend.book(domain, name, {slot: wishes[slot] for slot in slots})
    return reference, ("[book_fail]",) if reference is None else ("[book_success]",)


def _complete(backend: Backend, domain: str, wishes: Mapping[str, str]) -> bool:
    """Whether the domain can be booked and the constraints have everything that a booking needs."""
    slots = backend.booking_slots(domain)
    return bool(slots) and not any(restricts_nothing(wishes.get(slot, "")) for slot in slots)
