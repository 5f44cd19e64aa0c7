"""The simulated world as something an agent acts on."""

from collections.abc import Mapping

from space_jax.agent.database import Database
from space_jax.corpora.simulated import DOMAINS, world_database


class SimulatedBackend:
    """The world's entities in tables of their own, and its bookings."""

    def __init__(self) -> None:
        self._world = world_database()
        self._database = Database(self._world.entities)

    @property
    def database(self) -> Database:
        """See `Backend.database`."""
        return self._database

    def booking_slots(self, domain: str) -> tuple[str, ...]:
        """See `Backend.booking_slots`."""
        return tuple(DOMAINS[domain].booking) if domain in DOMAINS else ()

    def book(self, domain: str, name: str, booking: Mapping[str, str]) -> str | None:
        """See `Backend.book`."""
        if not self._world.available(domain, name, booking):
            return None
        return self._world.reference(domain, name, booking)
