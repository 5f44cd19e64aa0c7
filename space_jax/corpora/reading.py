"""Shared by loaders of raw files: required fields, text."""

from typing import Any

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.json_text import parse_json


def json_list(content: bytes, where: str) -> list[Any]:
    """A JSON list of dialogues."""
    records = parse_json(content, where)
    if not isinstance(records, list):
        raise UserError(f"{where}: expected a JSON list of dialogues, found something else")
    return records


def field(record: Any, key: str, kind: type, where: str) -> Any:
    """`record[key]`, which must have that type."""
    if not isinstance(record, dict) or key not in record:
        raise UserError(f"{where}: field {key}: expected {kind.__name__}, found nothing")
    if not isinstance(record[key], kind):
        raise UserError(f"{where}: field {key}: expected {kind.__name__}, found {type(record[key]).__name__}")
    return record[key]


def strings(values: Any, where: str) -> list[str]:
    """A list of strings."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise UserError(f"{where}: expected a list of strings, found {shown(values)}")
    return values


def collapsed(text: str) -> str:
    """A text without offsets into it: every run of white space is one blank, and none is at its ends."""
    return " ".join(text.split())


def collapsed_span(text: str, start: int, end: int) -> tuple[int, int]:
    """Where a span of a text, without blanks at its ends, is in `collapsed(text)`.

    >>> collapsed_span(" a  bc", 4, 6)
    (2, 4)
    """
    return len(collapsed(f"{text[:start]}.")) - 1, len(collapsed(text[:end]))
