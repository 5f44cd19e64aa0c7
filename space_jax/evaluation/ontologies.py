"""The ontologies of CamRest676 and KVRET for `end_to_end`, from the corpora's own files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from space_jax.corpora.archives import one_file
from space_jax.corpora.kvret import ARCHIVE
from space_jax.errors import UserError
from space_jax.evaluation.end_to_end import Ontology
from space_jax.reading.json_text import parse_json

CAMREST_INFORMABLE = {"restaurant": ("food", "pricerange", "area")}
KVRET_INFORMABLE = {
    "weather": ("date", "location", "weather_attribute"),
    "navigate": ("poi_type", "distance"),
    "schedule": ("event", "date", "time", "agenda", "party", "room"),
}
KVRET_JUNK = (
    *("good", "great", "quickest", "shortest", "route", "week", "fastest", "nearest", "next", "closest", "way"),
    *("mile", "activity", "restaurant", "appointment"),
)
"""Words that LABES removes from a constraint, in this order."""

_SHORTEST = 2  # a one-letter value would match everywhere


def camrest_ontology(rows: Iterable[Mapping[str, str]], states: Iterable[str] = ()) -> Ontology:
    """The values of the informable columns.

    Args:
      rows: of the database.
      states: further values of `food` that users wish for and no restaurant has.
    """
    values = {row[slot].lower(): slot for row in rows for slot in CAMREST_INFORMABLE["restaurant"] if row.get(slot)}
    return Ontology(CAMREST_INFORMABLE, {value.lower(): "food" for value in states} | values)


def kvret_ontology(source: Path) -> Ontology:
    """The values of `kvret_entities.json`, in the archive or beside it.

    Raises:
      UserError: the file is missing or damaged.
    """
    where, content = one_file(source, "kvret_entities.json", ARCHIVE)
    entities = parse_json(content, where)
    if not isinstance(entities, dict):
        raise UserError(f"{where}: expected an object, slot to values, found {type(entities).__name__}")
    values: dict[str, str] = {}
    for slot, known in entities.items():
        for value in known:
            for piece_slot, piece in _pieces(str(slot), value):
                if len(piece) >= _SHORTEST and not piece.isdigit():  # digits occur in addresses and times too
                    values.setdefault(piece.lower(), piece_slot)
    return Ontology(KVRET_INFORMABLE, values, KVRET_JUNK)


def _pieces(slot: str, value: Any) -> list[tuple[str, str]]:
    """A place of interest is an object with its own cells; everything else is a string."""
    if isinstance(value, dict):
        return [("poi_type" if name == "type" else str(name), str(cell)) for name, cell in value.items()]
    return [(slot, str(value))]
