"""Where records come from: dialogues of a corpus, or the lines of a CSV or JSONL file, or SQuAD's questions.

A line that cannot be read does not end the file: it is passed on with its error, and the caller decides.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from space_jax.corpora.options import parse_option
from space_jax.corpora.registry import corpus
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.delimited import CSV, TSV, Form, table
from space_jax.reading.json_text import parse_json
from space_jax.reading.squad import is_squad, squad_rows
from space_jax.reading.text import Lines, numbered_lines, opened
from space_jax.tasks.config import DataSource

FORMS = {".csv": CSV, ".tsv": TSV}
JSONL = (".jsonl", ".json")
SQUAD = ".json"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One line of a file.

    Attributes:
      number: of the record, from 1.
      where: file and line, for messages.
      values: field -> value; None for a line that cannot be read.
      error: what is wrong with such a line.
    """

    number: int
    where: str
    values: Mapping[str, Any] | None
    error: str = ""


def dialogues_of(source: DataSource, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split of the corpus that `source` names.

    Raises:
      UserError: no such corpus, split, option or file; anything wrong in the files, while reading.
    """
    known = corpus(source.corpus)
    options = dict(parse_option(text, known) for text in source.options)
    return known.load(Path(source.source) if source.source else None, split, **options)


def file_of(source: DataSource, split: str) -> Path:
    """The user's file of a split.

    Raises:
      UserError: none is given.
    """
    path = getattr(source, split)
    if not path:
        raise UserError(f"config field data.{split}: expected a CSV or JSONL file, or data.corpus instead, found none")
    return Path(path)


@dataclasses.dataclass(frozen=True, slots=True)
class Truth:
    """What every record of a file must have that a task learns from or is scored by.

    Attributes:
      field: that holds it.
      expected: what it holds, in words.
      known: whether a record has it.
      setting: of the configuration, that names the field; "" if it has always this name.
    """

    field: str
    expected: str
    known: Callable[[Any], bool]
    setting: str = ""


ANYTHING = Truth("", "", lambda _: True)
"""Of records that are read for their content alone."""


def records_of(path: Path, read: Callable[[Mapping[str, Any], str, int], Any], truth: Truth) -> list[Any]:
    """The records of a file; the first line that cannot be used ends it.

    Args:
      path: CSV with a header, TSV likewise, or JSONL.
      read: `Task.read_row` less its first argument.
      truth: of each record.

    Raises:
      UserError: with file and line.
    """
    records: list[Any] = []
    first: dict[str, str] = {}
    for row in rows_of(path):
        if row.values is None:
            raise UserError(row.error)
        record = read(row.values, row.where, row.number)
        if not truth.known(record):
            raise UserError(_no_truth(path, row.where, row.values, truth))
        if record.id in first:
            raise UserError(f"{row.where}: expected a unique id, found {record.id!r} of {first[record.id]} again")
        first[record.id] = row.where
        records.append(record)
    if not records:
        raise UserError(f"{path}: expected at least one record, found none")
    return records


def _no_truth(path: Path, where: str, values: Mapping[str, Any], truth: Truth) -> str:
    if truth.field in values:
        return f"{where}: field {truth.field}: expected {truth.expected}, found none"
    table = path.suffix in FORMS
    place = f"{path}:1: no column" if table else f"{where}: no field"
    found = f"{place} {truth.field!r} for {truth.expected} (found {', '.join(values)})"
    return f"{found}; name it with --config.{truth.setting}" if truth.setting else found


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of a file, as a stream.

    Raises:
      UserError: no such file or one of another kind.
    """
    if not path.is_file():
        raise UserError(f"{path}: expected a CSV, TSV or JSONL file, found no file of that name")
    if path.suffix in FORMS:
        with opened(path) as file:
            yield from _table_rows(file, FORMS[path.suffix], str(path))
    elif path.suffix == SQUAD and is_squad(path):
        for number, (where, values) in enumerate(squad_rows(path), start=1):
            yield Row(number, where, values)
    elif path.suffix in JSONL:
        with opened(path) as binary:
            yield from json_rows(binary, str(path))
    else:
        raise UserError(f"{path}: expected a name that ends in .csv, .tsv or .jsonl")


def json_rows(lines: Lines, name: str) -> Iterator[Row]:
    """One row for each line that is not blank."""
    for number, line in numbered_lines(lines, name):
        where = f"{name}:{number}"
        try:
            values = parse_json(line, where)
        except UserError as error:
            several = f"{where}: expected a JSON object, found a list over several lines; each line is one record"
            yield Row(number, where, None, several if line.strip() in (b"[", b"[{") else str(error))
            continue
        if isinstance(values, dict):
            yield Row(number, where, values)
        else:
            found = "a list; each line is one record" if isinstance(values, list) else shown(values)
            yield Row(number, where, None, f"{where}: expected a JSON object, found {found}")


def place_of(row: Mapping[str, Any], where: str) -> str:
    """Where a record is, for people who look for it: file, line, and its id if it has one of its own."""
    return f"{where}, id {row['id']}" if row.get("id") is not None else where


def _table_rows(file: IO[bytes], form: Form, name: str) -> Iterator[Row]:
    header, lines = table(file, form, name)
    for number, line in enumerate(lines, start=1):
        where = f"{name}:{line.number}"
        values = None if line.error else dict(zip(header, line.cells, strict=True))
        yield Row(number, where, values, line.error)
