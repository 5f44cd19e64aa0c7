"""Examples of Rasa's NLU data: `how much is in my [savings](account)?` -> the words, and values with their places.

An entity is written `[words](name)`, `[words](name:value)`, `[words]{"entity": name, "role": ..., "group": ...,
"value": ...}`, or with a list of such objects. A role makes a slot of its own (`city_from`). A normal form, from
`value` or a synonym, is a second value of the slot, without a place.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from space_jax.dialogue.record import Slot, Value
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.json_text import parse_json

_ENTITY = re.compile(r"\[([^][]+)\](?:\(([^:()]+)(?::([^()]+))?\)|(\{[^{}]*\})|(\[\s*\{[^][]*\}\s*\]))")
_REST = re.compile(r"\][({]")  # markup that is not closed, or has brackets in it


@dataclasses.dataclass(frozen=True, slots=True)
class Example:
    """An example of an intent.

    Attributes:
      intent: as written.
      text: without markup.
      slots: with the places of their values.
      where: file and line.
    """

    intent: str
    text: str
    slots: tuple[Slot, ...]
    where: str


def example_of(intent: str, markup: str, synonyms: Mapping[str, str], where: str) -> Example:
    """Reads the markup of one example.

    Args:
      intent: that it is of.
      markup: as written.
      synonyms: words in lower case -> normal form.
      where: begins the messages.

    Raises:
      UserError: an entity that is not closed, or no JSON object with a name.
    """
    slots: dict[str, dict[Value, None]] = {}
    text, end = "", 0
    for found in _ENTITY.finditer(markup):
        text += markup[end : found.start()]
        words, end = found[1], found.end()
        start = len(text) + len(words) - len(words.lstrip())
        text += words
        if not words.strip():
            continue
        said = Value(words.strip(), start, start + len(words.strip()))
        for name, normal in _entities(found, where):
            normal = normal or synonyms.get(said.text.lower(), "")
            values = slots.setdefault(name, {})
            values[said] = None
            if normal and normal.casefold() != said.text.casefold():
                values[Value(normal)] = None
    text += markup[end:]
    if _REST.search(text):
        raise UserError(f"{where}: expected entities as [words](name), found {shown(text)}")
    return Example(intent, text, tuple(Slot(name, tuple(values)) for name, values in slots.items()), where)


def _entities(found: re.Match[str], where: str) -> Iterator[tuple[str, str]]:
    """(slot, normal form) of what stands behind the words."""
    if found[2] is not None:
        yield _checked(found[2], where), (found[3] or "").strip()
        return
    given = parse_json(found[4] or found[5], f"{where}: entity")
    for one in given if isinstance(given, list) else [given]:
        name = one.get("entity") if isinstance(one, dict) else None
        if not isinstance(name, str):
            raise UserError(f"{where}: expected an entity with a name, found {shown(found[0])}")
        role = one.get("role")
        yield _checked(f"{name}_{role}" if role else name, where), _text(one.get("value"))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)


def _checked(name: str, where: str) -> str:
    name = name.strip().strip("\"'")
    if not name.strip():
        raise UserError(f"{where}: expected the name of an entity, found none")
    return name
