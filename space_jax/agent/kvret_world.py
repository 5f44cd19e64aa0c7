"""The tables of KVRET, one for each dialogue."""

from pathlib import Path

from space_jax.agent.backend import Backend, Tables
from space_jax.agent.database import Database
from space_jax.agent.tables import kvret_tables
from space_jax.corpora.kvret import ARCHIVE, FILES
from space_jax.corpora.kvret import find_splits as kvret_splits
from space_jax.corpora.reading import field, json_list, one_file


def kvret_worlds(source: Path) -> dict[str, Backend]:
    """Dialogue id, as the loader makes it, -> its world; a value that its small table lacks restricts nothing there.

    Raises:
      UserError: a file that is missing or damaged.
    """
    worlds: dict[str, Backend] = {}
    for split in kvret_splits(source):
        where, content = one_file(source, FILES[split], ARCHIVE)
        for index, record in enumerate(json_list(content, where)):
            scenario = field(record, "scenario", dict, f"{where}: dialogue {index}")
            domain = field(field(scenario, "task", dict, where), "intent", str, where)
            tables = kvret_tables(scenario.get("kb") or {}, domain)
            worlds[f"{split}-{scenario.get('uuid')}"] = Tables(Database(tables, lenient=True))
    return worlds
