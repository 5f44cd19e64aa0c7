"""Reads the tables of a database: a user's own files, and those that come with corpora.

What a folder may hold: `<domain>.csv` (a line of column names first), `<domain>.json` (a list of objects, or an object
with `rows`), `*.sqlite` or `*.db` (a table a domain), `bookings.json` (what can be booked), and MultiWOZ's
`<domain>_db.json` or CamRest676's `CamRestDB.json`, which are recognised by their names.
"""

import contextlib
import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.delimited import CSV, table
from space_jax.reading.json_text import parse_json, read_json
from space_jax.reading.text import opened, read_bytes
from space_jax.world.cells import Row, cell_of, tidied
from space_jax.world.database import Database
from space_jax.world.spelling import plain_name

BOOKINGS = "bookings.json"
_CAMREST, _TAXIS = "CamRestDB.json", "taxi_db.json"
_NO_TABLE = (BOOKINGS, "postcode.json")  # the latter is MultiWOZ's list of strings
_SQLITE = (".sqlite", ".sqlite3", ".db")
_MULTIWOZ = "_db.json"
_LEFT_OUT = ("location", "introduction", "signature")  # of MultiWOZ: coordinates and advertising
# What makes two of the tables in MultiWOZ's archives no JSON: lines of comments, brackets around the object of taxis.
_COMMENT = re.compile(rb"^[ \t]*#[^\n]*", re.MULTILINE)
_TAXIS_IN_BRACKETS = re.compile(rb"\A\s*\[(\s*\"taxi_colors\"\s*:.*)\]\s*\Z", re.DOTALL)


def read_database(source: Path | str, lenient: bool = False) -> Database:
    """The database in a file or a folder of tables.

    Args:
      source: a CSV, JSON or SQLite file, or a folder of such files; a file's name is the domain, except for SQLite.
      lenient: see `Database`.

    Raises:
      UserError: nothing to read, a damaged file, two tables of one domain; with the file.
    """
    source = Path(source)
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    tables: dict[str, list[Row]] = {}
    for path in files:
        for name, rows in _read(path).items():
            domain = plain_name(name)
            if domain in tables:
                raise UserError(f"{path}: holds a second table of the domain {domain}")
            tables[domain] = rows
    if not tables:
        raise UserError(f"{source}: expected tables (*.csv, *.json, *.sqlite), found none")
    try:
        return Database(tables, lenient)
    except UserError as error:
        raise UserError(f"{source}: {error}") from None


def multiwoz_database(files: Iterable[tuple[str, bytes]]) -> Database:
    """The database of MultiWOZ from its tables, each where it is and what it holds.

    Raises:
      UserError: a damaged file.
    """
    tables: dict[str, list[Row]] = {}
    for where, content in files:
        tables |= _multiwoz(content, where)
    return Database(tables)


def read_bookings(source: Path | str) -> dict[str, tuple[str, ...]]:
    """Domain -> the slots that a booking needs, from `bookings.json` in a folder of tables; empty if there is none.

    Raises:
      UserError: a file of another form.
    """
    path = Path(source) / BOOKINGS
    if not path.is_file():
        return {}
    content = _json(path)
    lists = content.values() if isinstance(content, dict) else [None]
    if not all(isinstance(slots, list) and slots and all(isinstance(one, str) for one in slots) for slots in lists):
        raise UserError(f'{path}: expected an object such as {{"restaurant": ["day", "time"]}}, found something else')
    return {plain_name(domain): tuple(map(plain_name, slots)) for domain, slots in content.items()}


def kvret_tables(kb: Mapping[str, Any], domain: str) -> dict[str, list[Row]]:
    """The table of one KVRET dialogue, `scenario.kb` as the source has it; no table where it is empty.

    A forecast is one row for each place and day, with the slots `location`, `date`, `weather_attribute`; the others are
    as they are.
    """
    items = kb.get("items") or []
    rows = [row for item in items for row in (_forecast(item) if domain == "weather" else [_flat_row(item)])]
    return {domain: rows} if rows else {}


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _forecast(item: Mapping[str, Any]) -> list[Row]:
    place, today = str(item.get("location", "")), str(item.get("today", ""))
    return [
        {"location": place, "date": day, "today": today, "weather_attribute": str(item[day])}
        for day in _DAYS
        if day in item
    ]


def _read(path: Path) -> dict[str, list[Row]]:
    if not path.exists():
        raise UserError(f"{path}: no such file or folder of tables")
    if path.suffix in _SQLITE:
        return _sqlite(path)
    readers: dict[str, Callable[[Path], Any]] = {".csv": _csv, ".json": _json}
    if path.suffix not in readers or path.name in _NO_TABLE:
        return {}
    if path.name == _CAMREST:
        return {"restaurant": list(map(_flat_row, _objects(_json(path), path)))}
    if path.name.endswith(_MULTIWOZ):
        return _multiwoz(read_bytes(path), str(path))
    return {path.stem: _own_rows(_objects(readers[path.suffix](path), path), str(path))}


def _multiwoz(content: bytes, where: str) -> dict[str, list[Row]]:
    name = Path(where).name
    content = _TAXIS_IN_BRACKETS.sub(rb"{\1}", _COMMENT.sub(b"", content))
    value = parse_json(content, where, nan_is_null=True)
    if name == _TAXIS:
        return {"taxi": _taxis(value, where)}
    rows = value.get("rows", value) if isinstance(value, dict) else value
    return {name.removesuffix(_MULTIWOZ): [_multiwoz_row(row) for row in _objects(rows, where)]}


def _csv(path: Path) -> list[dict[str, str]]:
    with opened(path) as file:
        header, lines = table(file, CSV, str(path))
        if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
            raise UserError(f"{path}:1: expected commas between the cells, found {shown(header[0])}")
        rows = []
        for line in lines:
            if line.error:
                raise UserError(line.error)
            rows.append(dict(zip(header, line.cells, strict=True)))
    return rows


def _json(path: Path) -> Any:
    content = read_json(path, nan_is_null=True)
    return content.get("rows", content) if isinstance(content, dict) else content


def _objects(content: Any, path: Path | str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(content, Sequence) or not content or not all(isinstance(row, Mapping) for row in content):
        raise UserError(f"{path}: expected a list of objects, one a row, found something else")
    return content


def _own_rows(content: Sequence[Mapping[str, Any]], where: str) -> list[Row]:
    return tidied(
        [
            {name: cell_of(value, f"{where}: row {number}: column {shown(name)}") for name, value in row.items()}
            for number, row in enumerate(content, 1)
        ]
    )


def _flat_row(row: Mapping[str, Any]) -> Row:
    """A row of a corpus without its lists and objects, such as coordinates."""
    return {name: cell_of(value, name) for name, value in row.items() if not isinstance(value, (list, dict))}


def _multiwoz_row(row: Mapping[str, Any]) -> Row:
    """The names that belief states use: `arriveBy` -> `arrive_by`, `entrance fee` -> `entrance_fee`."""
    flat = _flat_row(row)
    named = {re.sub(r"(?<=[a-z])(?=[A-Z])|\s+", "_", name.strip()).lower(): cell for name, cell in flat.items()}
    return {name: cell for name, cell in named.items() if name not in _LEFT_OUT}


def _taxis(content: Any, path: str) -> list[Row]:
    """A row for each kind of car, all of which are free; of telephone numbers the source gives a pattern only."""
    try:
        cars = [f"{colour} {make}" for colour in content["taxi_colors"] for make in content["taxi_types"]]
    except (KeyError, TypeError) as error:
        raise UserError(f"{path}: expected taxi_colors and taxi_types, found something else") from error
    return [{"car": car, "phone": _telephone(car)} for car in cars]


def _telephone(name: str) -> str:
    return f"{int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) % 10**10:010}"


def _sqlite(path: Path) -> dict[str, list[Row]]:
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            of_user = "type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
            names = connection.execute(f"SELECT name FROM sqlite_master WHERE {of_user} ORDER BY name").fetchall()
            tables = {}
            for (name,) in names:
                quoted = name.replace('"', '""')
                found = connection.execute(f'SELECT * FROM "{quoted}"')
                columns = [column[0] for column in found.description]
                rows = [dict(zip(columns, row, strict=True)) for row in found]
                tables[name] = _own_rows(rows, f"{path}: table {shown(name)}")
                if not tables[name]:
                    raise UserError(f"{path}: expected rows in the table {name}, found none")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise UserError(f"{path}: expected an SQLite database ({error})") from error
    return tables
