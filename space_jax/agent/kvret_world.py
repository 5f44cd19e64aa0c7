"""The tables of KVRET, one for each dialogue."""

from pathlib import Path

from space_jax.agent.backend import Backend, Tables
from space_jax.agent.database import Database, Row
from space_jax.agent.tables import kvret_tables
from space_jax.corpora.kvret import ARCHIVE, FILES
from space_jax.corpora.kvret import find_splits as kvret_splits
from space_jax.corpora.reading import field, json_list, one_file

ANY_CAR = ""
"""The id of no dialogue, whose world has the first table of every domain."""


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
