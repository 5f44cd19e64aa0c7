"""The world that belongs to a corpus: its tables and what can be booked in them."""

import functools
from pathlib import Path

from space_jax.agent.backend import Backend, Tables
from space_jax.agent.database import Database
from space_jax.agent.kvret_world import kvret_worlds
from space_jax.agent.simulated import SimulatedBackend
from space_jax.agent.tables import read_database
from space_jax.errors import UserError

MULTIWOZ_BOOKING = {
    "restaurant": ("people", "day", "time"),
    "hotel": ("people", "day", "stay"),
    "train": ("people",),
}
"""Domain -> the slots of a MultiWOZ state's `book`, all of which a booking needs."""

_WITH_FOLDER = {"camrest676": {}, "multiwoz21": MULTIWOZ_BOOKING}


class Worlds:
    """The worlds of one corpus, or of a user's own tables.

    Args:
      corpus: name in the registry; "" for files of one's own.
      source: the folder that holds it.
      database: a file or a folder of tables to use instead of the corpus's own; "" for those.

    Raises:
      UserError: tables that cannot be read.
    """

    def __init__(self, corpus: str, source: str, database: str = "") -> None:
        self._corpus, self._source, self._database = corpus, Path(source) if source else None, database

    def of(self, dialogue: str) -> Backend | None:
        """The world of a dialogue by its id; None where the corpus has no tables."""
        if self._database:
            return self._common
        if self._corpus == "kvret":
            return self._kvret.get(dialogue) or Tables(Database({}))
        return self._common if self._corpus == "simulated" or self._corpus in _WITH_FOLDER else None

    @functools.cached_property
    def _common(self) -> Backend:
        if self._database:
            return Tables(read_database(self._database))
        if self._corpus == "simulated":
            return SimulatedBackend()
        if self._source is None:
            raise UserError(f"corpus {self._corpus}: expected a source, the folder that holds it")
        return Tables(read_database(self._source / "db"), _WITH_FOLDER[self._corpus])

    @functools.cached_property
    def _kvret(self) -> dict[str, Backend]:
        if self._source is None:
            raise UserError("corpus kvret: expected a source, the folder that holds it")
        return kvret_worlds(self._source)
