"""The world that belongs to a corpus: its tables and what can be booked in them."""

import functools
from collections.abc import Collection, Mapping
from pathlib import Path

from space_jax.corpora.archives import one_file
from space_jax.corpora.kvret import ARCHIVE, FILES
from space_jax.corpora.kvret import find_splits as kvret_splits
from space_jax.corpora.multiwoz_forms.tables import table_files
from space_jax.corpora.reading import field, json_list
from space_jax.corpora.registry import SIMULATED
from space_jax.corpora.simulated import DOMAINS, world_database
from space_jax.errors import UserError
from space_jax.world.backend import Backend, Tables
from space_jax.world.cells import Row
from space_jax.world.database import Database
from space_jax.world.tables import kvret_tables, multiwoz_database, read_bookings, read_database

MULTIWOZ_BOOKING = {
    "restaurant": ("people", "day", "time"),
    "hotel": ("people", "day", "stay"),
    "train": ("people",),
}
"""Domain -> the slots of a MultiWOZ state's `book`, all of which a booking needs."""

_KVRET, _MULTIWOZ = "kvret", "multiwoz21"
_BOOKINGS = {_MULTIWOZ: MULTIWOZ_BOOKING, SIMULATED: {name: tuple(one.booking) for name, one in DOMAINS.items()}}
_WITH_FOLDER = ("camrest676", _MULTIWOZ)
_EMPTY = Tables(Database({}))

ANY_CAR = ""
"""An id that no dialogue has; its world holds the first table of every domain."""


class Worlds:
    """The worlds of one corpus, or of a user's own tables.

    Args:
      corpus: name in the registry; "" for a user's own files.
      source: the folder that holds it.
      database: a file or a folder of tables to use instead of the corpus's own; "" for those. Its `bookings.json`, or
        else the corpus, says what can be booked.
      told: see `Tables`.

    Raises:
      UserError: tables that cannot be read.
    """

    def __init__(
        self, corpus: str, source: str, database: str = "", told: Mapping[str, Collection[str]] | None = None
    ) -> None:
        self._corpus, self._source, self._database = corpus, Path(source) if source else None, database
        self._told = told

    def of(self, dialogue: str) -> Backend:
        """The world of a dialogue by its id; without tables where the corpus has none."""
        if self._corpus == _KVRET and not self._database:
            return self._kvret.get(dialogue) or _EMPTY
        return self._common

    def to_talk_about(self) -> Backend:
        """The world for a new conversation; for KVRET that of a car with a table of every domain."""
        return self.of(ANY_CAR)

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Domain -> the columns of its table; empty where the tables cannot be read."""
        try:
            database = self.to_talk_about().database
        except UserError:
            return {}
        return {domain: database.columns(domain) for domain in database.domains}

    @functools.cached_property
    def _common(self) -> Backend:
        bookings = _BOOKINGS.get(self._corpus, {})
        if self._database:
            database = read_database(self._database, lenient=self._corpus == _KVRET)
            return Tables(database, read_bookings(self._database) or bookings, self._told)
        if self._corpus == SIMULATED:
            return SimulatedBackend()
        if self._corpus not in _WITH_FOLDER:
            return _EMPTY
        if self._source is None:
            raise UserError(f"corpus {self._corpus}: expected a source, the folder that holds it")
        if self._corpus == _MULTIWOZ:
            return Tables(_multiwoz_tables(self._source), bookings)
        return Tables(read_database(self._source / "db"), bookings)

    @functools.cached_property
    def _kvret(self) -> dict[str, Backend]:
        if self._source is None:
            raise UserError("corpus kvret: expected a source, the folder that holds it")
        return kvret_worlds(self._source)


class SimulatedBackend:
    """The simulated world: its entities in tables, and its bookings."""

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

    def is_wish(self, domain: str, slot: str) -> bool:
        """See `Backend.is_wish`."""
        return slot in self.booking_slots(domain) or slot not in self._database.columns(domain)


def _multiwoz_tables(source: Path) -> Database:
    """The tables of MultiWOZ, in a folder or in the archive of the dialogues.

    Raises:
      UserError: there are none, or a damaged one.
    """
    files = list(table_files(source))
    if not files:
        raise UserError(
            f"{source}: expected the tables of MultiWOZ (hotel_db.json and others) in db/ or beside the dialogues, "
            "found none; config field task.database names another folder"
        )
    return multiwoz_database(files)


def kvret_worlds(source: Path) -> dict[str, Backend]:
    """Dialogue id, as the loader makes it, -> its world; a value that its small table lacks restricts nothing there.

    Beside them stands the world of `ANY_CAR`.

    Raises:
      UserError: a file that is missing or damaged.
    """
    worlds: dict[str, Backend] = {}
    first: dict[str, list[Row]] = {}
    for split in kvret_splits(source):
        where, content = one_file(source, FILES[split], ARCHIVE)
        for index, record in enumerate(json_list(content, where)):
            scenario = field(record, "scenario", dict, f"{where}: dialogue {index}")
            domain = field(field(scenario, "task", dict, where), "intent", str, where)
            tables = kvret_tables(scenario.get("kb") or {}, domain)
            worlds[f"{split}-{scenario.get('uuid')}"] = Tables(Database(tables, lenient=True))
            first = tables | first
    return {**worlds, ANY_CAR: Tables(Database(first, lenient=True))}
