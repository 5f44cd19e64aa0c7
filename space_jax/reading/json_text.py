"""JSON and TOML, as strict as their definitions and a little stricter.

Python's `json` takes what no definition of JSON has (NaN, Infinity), gives halves of surrogate pairs, which no file can
be written with, silently keeps the last of two equal keys, and ends with RecursionError on what is nested deep.
"""

import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.text import read_bytes, read_text, refuse_other_marks

DEEPEST = 100
"""Levels of lists and objects in one another; more would end functions that follow them in RecursionError."""

_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")  # of a pair too: then the value is looked at


def parse_json(content: bytes | str, where: str, nan_is_null: bool = False) -> Any:
    """The value of a JSON text.

    Args:
      content: a text, or bytes in UTF-8 with or without a byte order mark.
      where: begins the messages: a file, a member of an archive, or a file and a line.
      nan_is_null: take NaN as null, as data frames write cells that are missing.

    Raises:
      UserError: no JSON, or another encoding; a key twice in an object, a number that is none or too large, half a
        surrogate pair, more than `DEEPEST` levels.
    """
    text = content if isinstance(content, str) else _text(content, where)

    if not text.strip():
        raise UserError(f"{where}: expected JSON, found it damaged (it is empty)")

    def constant(name: str) -> None:
        if name != "NaN" or not nan_is_null:
            raise ValueError(f"{name} is no number; JSON has null for a value that is not known")

    return _parsed(
        lambda: json.loads(text, object_pairs_hook=_object, parse_constant=constant),
        f"{where}: expected JSON, found it damaged",
        halves=_HALF_PAIR.search(text) is not None,
    )


def read_json(path: Path, nan_is_null: bool = False) -> Any:
    """The value of a JSON file, see `parse_json`.

    Raises:
      UserError: it cannot be read, or see `parse_json`.
    """
    return parse_json(read_bytes(path), str(path), nan_is_null)


def shipped_json(package: str, name: str) -> Any:
    """The value of a JSON file that comes with a package."""
    return parse_json(resources.files(package).joinpath(name).read_bytes(), f"{package}/{name}")


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
      UserError: it cannot be read; no TOML, or another encoding, a number that is none or infinite, too many levels.
    """
    text = read_text(path)
    return _parsed(lambda: tomllib.loads(text), f"{path}: expected TOML, found it damaged", halves=False)


def _text(content: bytes, where: str) -> str:
    problem = f"{where}: expected JSON, found it damaged"
    refuse_other_marks(content, problem)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"0x{content[error.start]:02x} at byte {error.start}"
        raise UserError(f"{problem} (expected UTF-8, found {found})") from None


def _parsed(parse: Callable[[], Any], problem: str, halves: bool) -> Any:
    try:
        value = parse()
        _check(value, halves)
        return value
    except RecursionError:
        raise UserError(f"{problem} (it is nested too deeply, in more than {DEEPEST} levels)") from None
    except ValueError as error:  # of both formats; also a number of thousands of digits
        raise UserError(f"{problem} ({error})") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"expected every key once in an object, found {shown(twice)} twice")
    return record


def _check(value: Any, halves: bool) -> None:
    """Looks at every value, level by level, so that no depth ends it."""
    level, depth = [value], 0
    while level:
        below: list[Any] = []
        for one in level:
            if isinstance(one, Mapping):
                below.extend(one.values())
                if halves:
                    below.extend(one)
            elif isinstance(one, list):
                below.extend(one)
            elif isinstance(one, float):
                if not math.isfinite(one):
                    raise ValueError(f"a number is {one}, expected a finite one")
            elif halves and isinstance(one, str) and not _writable(one):
                raise ValueError(f"the text {shown(one)} has half a surrogate pair, which UTF-8 cannot hold")
        level, depth = below, depth + 1
        if depth > DEEPEST + 1:
            raise RecursionError


def _writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
