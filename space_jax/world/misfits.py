"""Which tables and slots of an agent do not meet: names that differ, and columns that are not there."""

from collections.abc import Collection, Mapping, Sequence

from space_jax.world.backend import NAME, Backend
from space_jax.world.placeholders import ALIASES, ANY_DOMAIN, COUNTS, REFERENCES
from space_jax.world.spelling import alike_name, plain_name


def misfits(slots: Mapping[str, Collection[str]], backend: Backend) -> list[str]:
    """A sentence for each table and each domain that do not meet; none where all do.

    Args:
      slots: domain -> the slots that the agent speaks of.
      backend: the tables, and the slots of bookings, which need no column.
    """
    tables = backend.database.domains
    known = {plain_name(domain): list(map(plain_name, of_domain)) for domain, of_domain in slots.items()}
    known = {domain: of_domain for domain, of_domain in known.items() if domain not in ANY_DOMAIN}
    found = [
        f"table {table} belongs to no domain of the agent{_nearest(table, list(known))}; it is never searched"
        for table in tables
        if table not in known
    ]
    for domain, of_domain in known.items():
        if domain not in tables:
            found.append(f"domain {domain} has no table{_nearest(domain, tables)}; nothing is found or offered there")
            continue
        lacking = [slot for slot in of_domain if lacks_column(backend, domain, slot)]
        if lacking:
            columns = backend.database.columns(domain)
            named = ", ".join(f"{slot}{_nearest(slot, columns)}" for slot in lacking)
            found.append(f"table {domain} has no column for {named}; what has no column restricts no search")
    return found


def lacks_column(backend: Backend, domain: str, slot: str) -> bool:
    """Whether a slot of a belief state has no counterpart: no column of the domain's table, no part of a booking."""
    there = {NAME, *COUNTS, *REFERENCES, *backend.database.columns(domain), *backend.booking_slots(domain)}
    return slot not in there and ALIASES.get(slot, slot) not in there


def _nearest(name: str, known: Sequence[str]) -> str:
    near = alike_name(name, known)
    return f" (nearest: {near})" if near else ""
