"""The plain sentence in place of a response that would speak of what there is not."""

from space_jax.agent.value_source import ValueSource
from space_jax.world.backend import NAME
from space_jax.world.cells import UNKNOWN, Row
from space_jax.world.placeholders import REFERENCES, Placeholder

_DESCRIBED = 4
"""Columns in the description of an entity."""


def plainly(missing: Placeholder, source: ValueSource) -> tuple[str, str]:
    """What can truly be said where a value is missing.

    Args:
      missing: the placeholder without a value.
      source: of the response's values.

    Returns:
      One or two sentences, and the name of the entity that they describe; "" for none.
    """
    found = source.found
    if found.domain is None:
        return _not_asked(missing, source), ""
    row = source.row(missing.domain)
    if not found.rows and row is None:
        return _nothing_found(source), ""
    if missing.slot in (*REFERENCES, *source.backend.booking_slots(found.domain)):
        return _not_booked(source, found.domain), ""
    if row is None:
        return f"I do not know the {_words(missing.slot)} of the {_words(missing.domain)}.", ""
    if missing.domain != found.domain:
        return f"I do not know the {_words(missing.slot)} of {_name(source, missing.domain, row)}.", ""
    told = f"I do not know the {_words(missing.slot)}."
    name = row.get(NAME, "")
    return f"{_described(source, found.domain, row)} {told}", "" if name in UNKNOWN else name


def _not_asked(missing: Placeholder, source: ValueSource) -> str:
    domain = source.current or missing.domain
    if domain in source.backend.database.domains:
        return f"I have not looked for a {_words(domain)} yet."
    return f"I cannot look up any {_words(domain)}."


def _nothing_found(source: ValueSource) -> str:
    domain = source.found.domain or ""
    columns = source.backend.database.columns(domain)
    wishes = [(slot, source.wish(domain, slot)) for slot in source.state.get(domain, {}) if slot in columns]
    told = ", ".join(f"{_words(slot)} {value}" for slot, value in wishes if value)
    return f"I found no other {_words(domain)}." if not told else f"I found no {_words(domain)} with {told}."


def _not_booked(source: ValueSource, domain: str) -> str:
    slots = source.backend.booking_slots(domain)
    if not slots:
        return f"I cannot book a {_words(domain)}."
    needed = [_words(slot) for slot in slots if source.wish(domain, slot) is None]
    if needed:
        return f"I have not booked a {_words(domain)} yet: I need the {', '.join(needed)}."
    if source.found.accepted:
        return f"The {_words(domain)} cannot be booked for that."
    return f"I have not booked a {_words(domain)} yet: which one shall it be?"


def _described(source: ValueSource, domain: str, row: Row) -> str:
    name = _name(source, domain, row)
    known = [f"{_words(slot)} {cell}" for slot, cell in row.items() if cell not in UNKNOWN and cell != name]
    return f"{name}: {', '.join(known[:_DESCRIBED])}." if known else f"I found {name}."


def _name(source: ValueSource, domain: str, row: Row) -> str:
    name = row.get(NAME, "")
    return f"a {_words(domain)}" if name in UNKNOWN else name


def _words(name: str) -> str:
    return name.replace("_", " ")
