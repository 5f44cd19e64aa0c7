"""Where records come from: dialogues of a corpus, or the lines of a CSV or JSONL file.

A line that cannot be read does not end the file: it is passed on with its error, and the caller decides.
"""

import csv
import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from space_jax.corpora.options import parse_option
from space_jax.corpora.registry import corpus
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.tasks.config import DataSource

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSONL = (".jsonl", ".json")
_UNKNOWN = "\udc80", "\udcff"  # where surrogateescape puts bytes that are not UTF-8


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


def records_of(path: Path, read: Callable[[Mapping[str, Any], str, int], Any]) -> list[Any]:
    """The records of a file; the first line that cannot be used ends it.

    Args:
      path: CSV with a header, TSV likewise, or JSONL.
      read: `Task.read_row` less its first argument.

    Raises:
      UserError: with file and line.
    """
    records: list[Any] = []
    first: dict[str, str] = {}
    for row in rows_of(path):
        if row.values is None:
            raise UserError(row.error)
        record = read(row.values, row.where, row.number)
        if record.id in first:
            raise UserError(f"{row.where}: expected a unique id, found {record.id!r} of {first[record.id]} again")
        first[record.id] = row.where
        records.append(record)
    if not records:
        raise UserError(f"{path}: expected at least one record, found none")
    return records


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of a file, as a stream.

    Raises:
      UserError: no such file or one of another kind.
    """
    if not path.is_file():
        raise UserError(f"{path}: expected a CSV, TSV or JSONL file, found no file of that name")
    if path.suffix in DELIMITERS:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield from _csv_rows(file, DELIMITERS[path.suffix], str(path))
    elif path.suffix in JSONL:
        with path.open("rb") as binary:
            yield from json_rows(binary, str(path))
    else:
        raise UserError(f"{path}: expected a name that ends in .csv, .tsv or .jsonl")


def json_rows(lines: Iterable[bytes], name: str) -> Iterator[Row]:
    """One row for each line that is not blank."""
    for number, line in enumerate(lines, start=1):
        where = f"{name}:{number}"
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):  # also bytes that are not UTF-8
            yield Row(number, where, None, f"{where}: expected a JSON object, found a line that is no JSON in UTF-8")
            continue
        if isinstance(values, dict):
            yield Row(number, where, values)
        else:
            yield Row(number, where, None, f"{where}: expected a JSON object, found {type(values).__name__}")


def _csv_rows(file: IO[str], delimiter: str, name: str) -> Iterator[Row]:
    reader = csv.reader(file, delimiter=delimiter)
    header = next(reader, None)
    if header is None:
        return
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(number, f"{name}:{reader.line_num}", None, f"{name}:{reader.line_num}: damaged CSV ({error})")
            continue
        where = f"{name}:{reader.line_num}"
        if not cells:
            continue
        if any(_UNKNOWN[0] <= letter <= _UNKNOWN[1] for cell in cells for letter in cell):
            yield Row(number, where, None, f"{where}: expected UTF-8, found another encoding")
        elif len(cells) != len(header):
            problem = f"{where}: expected {len(header)} columns ({', '.join(header)}), found {len(cells)}"
            yield Row(number, where, None, problem)
        else:
            yield Row(number, where, dict(zip(header, cells, strict=True)))
