"""What the database found for a turn and what became of a booking, in words for people.

The arguments are everywhere the same: the result of the search, the conversation before the turn, and the belief state
of the turn.
"""

from space_jax.agent.conversation import Conversation
from space_jax.dialogue.record import BeliefState
from space_jax.world.backend import NAME, name_column, row_name
from space_jax.world.lookup import Lookup
from space_jax.world.spelling import plain_name
from space_jax.world.values import restricts_nothing


def in_words(name: str) -> str:
    """The name of a domain, a slot or a column without underscores."""
    return name.replace("_", " ")


def found_line(found: Lookup, before: Conversation, state: BeliefState) -> str:
    """How many rows match, what they were searched by, and what they were not searched by."""
    if found.domain is None:
        return f"there is no table of {in_words(next(reversed(state)))}" if state else "not searched yet"
    domain = in_words(found.domain)
    if found.accepted:
        return f"{domain}: {_name(found, before)} is chosen"
    other = "other " if before.offers.under(found.domain, found.constraints) else ""
    matches = f"{found.count or 'no'} {other}match{'' if found.count < 2 else 'es'}"
    wishes, asked = _wishes(found.domain, state), {slot for slot, _ in found.constraints}
    by = ", ".join(f"{in_words(slot)} = {value}" for slot, value in wishes.items() if slot in asked)
    known = (*before.backend.database.columns(found.domain), *before.backend.booking_slots(found.domain), NAME)
    ignored = ", ".join(in_words(slot) for slot in wishes if slot not in known)
    return f"{domain}: {matches}{f' for {by}' if by else ''}{f'; the table has no {ignored}' if ignored else ''}"


def columns_of(found: Lookup, before: Conversation) -> tuple[str, ...]:
    """The columns of the table that was searched: the one that names a row, those that were asked for, the others."""
    if found.domain is None:
        return ()
    database, asked = before.backend.database, {slot for slot, _ in found.constraints}
    first = name_column(database, found.domain)
    return tuple(sorted(database.columns(found.domain), key=lambda column: (column != first, column not in asked)))


def booking_line(found: Lookup, before: Conversation, state: BeliefState) -> str:
    """Whether a booking is accepted, and why not; "" where there is nothing to book."""
    slots = before.backend.booking_slots(found.domain) if found.domain and found.rows else ()
    if not slots or found.domain is None:
        return ""
    wishes = _wishes(found.domain, state)
    booking = ", ".join(f"{in_words(slot)} = {wishes.get(slot, '')}" for slot in slots)
    if found.reference is not None:
        return f"accepted, reference {found.reference}: {booking}"
    missing = [in_words(slot) for slot in slots if restricts_nothing(wishes.get(slot, ""))]
    if not found.accepted and NAME in before.backend.database.columns(found.domain):
        missing.insert(0, f"which {in_words(found.domain)}")
    if missing:
        return f"not yet, still to be said: {', '.join(missing)}"
    return f"turned down: {_name(found, before)} does not take {booking}"


def _wishes(domain: str, state: BeliefState) -> dict[str, str]:
    """The values of a domain, by the names that tables use."""
    slots = next((slots for name, slots in state.items() if plain_name(name) == domain), {})
    return {plain_name(slot): values[0] for slot, values in slots.items() if values}


def _name(found: Lookup, before: Conversation) -> str:
    """The name of the accepted row."""
    return row_name(before.backend.database, found.domain or "", found.rows[0])
