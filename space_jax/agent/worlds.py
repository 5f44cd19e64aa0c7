"""The world that belongs to a corpus: its tables and what can be booked in them."""

import functools
from pathlib import Path

from space_jax.agent.backend import Backend, Tables
from space_jax.agent.database import Database
from space_jax.agent.kvret_world import ANY_CAR, kvret_worlds
from space_jax.agent.simulated import SimulatedBackend
from space_jax.agent.tables import read_bookings, read_database
from space_jax.corpora.registry import SIMULATED
from space_jax.corpora.simulated import DOMAINS
from space_jax.errors import UserError

MULTIWOZ_BOOKING = {
    "restaurant": ("people", "day", "time"),
    "hotel": ("people", "day", "stay"),
    "train": ("people",),
}
"""Domain -> the slots of a MultiWOZ state's `book`, all of which a booking needs."""

_KVRET = "kvret"
_BOOKINGS = {"multiwoz21": MULTIWOZ_BOOKING, SIMULATED: {name: tuple(one.booking) for name, one in DOMAINS.items()}}
_WITH_FOLDER = ("camrest676", "multiwoz21")
_EMPTY = Tables(Database({}))


class Worlds:
    """The worlds of one corpus, or of a user's own tables.

    Args:
      corpus: name in the registry; "" for files of one's own.
      source: the folder that holds it.
      database: a file or a folder of tables to use instead of the corpus's own; "" for those. What can be booked says
        its `bookings.json`, or else the corpus.

    Raises:
      UserError: tables that cannot be read.
    """

    def __init__(self, corpus: str, source: str, database: str = "") -> None:
        self._corpus, self._source, self._database = corpus, Path(source) if source else None, database

    def of(self, dialogue: str) -> Backend:
        """The world of a dialogue by its id; without tables where the corpus has none."""
        if self._corpus == _KVRET and not self._database:
            return self._kvret.get(dialogue) or _EMPTY
        return self._common

    def to_talk_about(self) -> Backend:
        """The world for a conversation of one's own; of KVRET that of a car with a table of every domain."""
        return self.of(ANY_CAR)

    @functools.cached_property
    def _common(self) -> Backend:
        bookings = _BOOKINGS.get(self._corpus, {})
        if self._database:
            database = read_database(self._database, lenient=self._corpus == _KVRET)
            return Tables(database, read_bookings(self._database) or bookings)
        if self._corpus == SIMULATED:
            return SimulatedBackend()
        if self._corpus not in _WITH_FOLDER:
            return _EMPTY
        if self._source is None:
            raise UserError(f"corpus {self._corpus}: expected a source, the folder that holds it")
        return Tables(read_database(self._source / "db"), bookings)

    @functools.cached_property
    def _kvret(self) -> dict[str, Backend]:
        if self._source is None:
            raise UserError("corpus kvret: expected a source, the folder that holds it")
        return kvret_worlds(self._source)
