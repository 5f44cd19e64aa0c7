"""The world's database: queries by constraints, availability and references of bookings."""

import functools
import hashlib
import random
from collections.abc import Mapping

from space_jax.corpora.simulated.entities import BUILDERS, Entity
from space_jax.corpora.simulated.schema import DOMAINS, DONT_CARE, NAME

_WORLD_SEED = 20220614
_UNAVAILABLE = 0.25  # share of bookings that a place turns down


def stable_seed(*parts: object) -> int:
    """A 64-bit number that depends on the parts only; `hash` differs from process to process."""
    digest = hashlib.blake2b("\x1f".join(str(part) for part in parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


class Database:
    """The entities of every domain, in a fixed order."""

    def __init__(self, entities: Mapping[str, tuple[Entity, ...]]) -> None:
        self.entities = entities
        self._found: dict[tuple[str, frozenset[tuple[str, str]]], tuple[Entity, ...]] = {}
        self._named = {domain: {entity[NAME]: entity for entity in rows} for domain, rows in entities.items()}

    def query(self, domain: str, constraints: Mapping[str, str]) -> list[Entity]:
        """The entities that satisfy every search constraint.

        Args:
          domain: a domain's name.
          constraints: slot to canonical value; slots that are not search slots, and "dontcare", restrict nothing.

        Returns:
          The entities in the database's order.
        """
        search = DOMAINS[domain].search
        wanted = frozenset((slot, v) for slot, v in constraints.items() if slot in search and v != DONT_CARE)
        if (domain, wanted) not in self._found:  # the same few thousand queries recur
            self._found[domain, wanted] = tuple(
                entity for entity in self.entities[domain] if all(entity[slot] == value for slot, value in wanted)
            )
        return list(self._found[domain, wanted])

    def find(self, domain: str, name: str) -> Entity | None:
        """The entity of that name, or None."""
        return self._named[domain].get(name)

    def available(self, domain: str, name: str, booking: Mapping[str, str]) -> bool:
        """Whether the entity takes this booking; the same answer at every request."""
        wanted = sorted(booking.items())
        return stable_seed("available", domain, name, wanted) % 1000 >= 1000 * _UNAVAILABLE

    def reference(self, domain: str, name: str, booking: Mapping[str, str]) -> str:
        """The reference code of a booking."""
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        number = stable_seed("reference", domain, name, sorted(booking.items()))
        return "".join(letters[(number >> (5 * place)) % 32] for place in range(7))


@functools.cache
def world_database() -> Database:
    """The world's one database."""
    return Database(
        {domain: tuple(build(random.Random(stable_seed(_WORLD_SEED, domain)))) for domain, build in BUILDERS.items()}
    )
