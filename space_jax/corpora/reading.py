"""Shared by loaders of raw files: JSON, required fields, text."""

import json
from typing import Any

from space_jax.errors import UserError


def json_list(content: bytes, where: str) -> list[Any]:
    """A JSON list of dialogues."""
    records = json_value(content, where)
    if not isinstance(records, list):
        raise UserError(f"{where}: expected a JSON list of dialogues, found something else")
    return records


def json_value(content: bytes, where: str) -> Any:
    """Any JSON."""
    try:
        return json.loads(content)
    except ValueError as error:  # also covers bytes that are not UTF-8
        raise UserError(f"{where}: expected JSON, found it damaged ({error})") from None


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
        raise UserError(f"{where}: expected a list of strings, found {values!r}")
    return values


def decoded(content: bytes, where: str) -> str:
    """UTF-8 text.

    Raises:
      UserError: another encoding, with the line.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{where}:{line}: expected UTF-8, found the byte 0x{content[error.start]:02x}") from None


def collapsed(text: str) -> str:
    """A text without offsets into it: every run of white space is one blank, and none is at its ends."""
    return " ".join(text.split())
