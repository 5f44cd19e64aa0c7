"""Reads the evaluation's files besides predictions from a folder with the corpora."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from space_jax.corpora.archives import files
from space_jax.corpora.reading import field
from space_jax.errors import UserError
from space_jax.evaluation.multiwoz.database import DATABASE_DOMAINS, Database
from space_jax.evaluation.multiwoz.goals import Goal, read_goals
from space_jax.evaluation.multiwoz.references import reference
from space_jax.evaluation.multiwoz.true_states import read_state
from space_jax.evaluation.multiwoz.values import State
from space_jax.printable import shown
from space_jax.reading.archives import read_gunzipped
from space_jax.reading.json_text import parse_json, read_json

_TEST = "multiwoz21/test.json"
_BOOKED = "multiwoz_eval/booked_domains.json"
_DATABASE = "multiwoz_eval/database"


@dataclass(frozen=True)
class TestDialogue:
    """One test dialogue; the tuples have an entry for each system turn.

    Attributes:
      goals: by domain.
      references: normalised responses.
      states: annotated, not yet normalised.
      booked: the domains for which a booking reference is known by then.
    """

    goals: Mapping[str, Goal]
    references: tuple[str, ...]
    states: tuple[State, ...]
    booked: tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Benchmark:
    """The test dialogues by id (lower case) and the database."""

    dialogues: Mapping[str, TestDialogue]
    database: Database


def read_raw(source: Path) -> Benchmark:
    """Reads the MultiWOZ test dialogues, the turns of bookings and the database.

    Args:
      source: holds `multiwoz21/test.json.zip` and `multiwoz_eval/` with `booked_domains.json.gz` and `database/`; the
        two files may be unpacked.

    Raises:
      UserError: a file is missing, damaged or of another form.
    """
    return Benchmark(read_dialogues(source), read_database(source))


def read_dialogues(source: Path) -> dict[str, TestDialogue]:
    """The test dialogues by id (lower case); see `read_raw`."""
    (_, records), (_, booked) = read_object(source, _TEST), read_object(source, _BOOKED)
    return {
        name.lower(): _read_dialogue(name.lower(), record, booked, f"{source / _TEST}: dialogue {name}")
        for name, record in records.items()
    }


def read_database(source: Path) -> Database:
    """The tables under `multiwoz_eval/database`."""
    return Database(read_tables(source))


def read_tables(source: Path) -> dict[str, list[dict[str, Any]]]:
    """The tables as in the source: domain -> entries."""
    tables = {}
    for domain in DATABASE_DOMAINS:
        path = source / _DATABASE / f"{domain}_db.json"
        if not path.is_file():
            raise UserError(f"{source}: expected {path.relative_to(source)}, found none")
        tables[domain] = checked_entries(domain, read_json(path), str(path))
    return tables


def checked_entries(domain: str, entries: Any, where: str) -> list[dict[str, Any]]:
    """The entries of a domain's table.

    Raises:
      UserError: no list, or an entry without its identifier.
    """
    if not isinstance(entries, list):
        raise UserError(f"{where}: expected a JSON list of entries, found {type(entries).__name__}")
    for number, entry in enumerate(entries):
        field(entry, "trainID" if domain == "train" else "id", str, f"{where}: entry {number}")
    return entries


def read_object(source: Path, name: str) -> tuple[str, dict[str, Any]]:
    """The path and content of a JSON object, from `name`, `name.gz` or `name.zip`."""
    plain, zipped = source / name, source / f"{name}.zip"
    gzipped = source / f"{name}.gz"
    if plain.is_file() or gzipped.is_file():
        path = plain if plain.is_file() else gzipped
        where, content = str(path), read_gunzipped(path)
    elif zipped.is_file():
        pattern = re.compile(rf"(^|/){re.escape(plain.name)}$")
        where, content = next(files(plain.parent, plain.name, pattern, plain.name))
    else:
        raise UserError(f"{source}: expected {name}, {name}.gz or {name}.zip, found none")
    value = parse_json(content, where)
    if not isinstance(value, dict):
        raise UserError(f"{where}: expected a JSON object with dialogues by id, found {type(value).__name__}")
    return where, value


def _read_dialogue(name: str, record: Any, booked: Mapping[str, Any], where: str) -> TestDialogue:
    turns = field(record, "log", list, where)[1::2]  # strictly alternating, the user first
    goals = read_goals(field(record, "goal", dict, where), f"{where}: goal")
    if not isinstance(booked.get(name), list) or len(booked[name]) != len(turns):
        raise UserError(
            f"{where}: expected {len(turns)} lists of domains in {_BOOKED}, found {shown(booked.get(name))}"
        )
    references, states = [], []
    for number, turn in enumerate(turns):
        place = f"{where}: system turn {number}"
        spans = field(turn, "span_info", list, place)
        references.append(reference(field(turn, "text", str, place), spans, place))
        states.append(read_state(field(turn, "metadata", dict, place), place))
    domains = tuple(frozenset(known) for known in booked[name])
    return TestDialogue(goals, tuple(references), tuple(states), domains)
