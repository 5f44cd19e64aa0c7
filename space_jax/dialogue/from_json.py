"""Parses a JSON object into a `Dialogue`, checking every field and naming the first wrong one.

`dialogue.schema.json` states the same rules for other programs, except three that a schema cannot express: a span must
match its value, text must be encodable as UTF-8, and ids must not repeat (see `jsonl`).
"""

import difflib
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeVar

from space_jax.dialogue.acts import ACT_INDEX, ACTS
from space_jax.dialogue.record import ROLES, BeliefState, Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError

T = TypeVar("T")


def dialogue_from_json(record: Any) -> Dialogue:
    """The dialogue described by a decoded JSON object; a missing or null key means "not annotated".

    Args:
      record: the result of `json.loads` for a line.

    Raises:
      UserError: a field is wrong; the first is named: `field turns[3].frames[0].domain: expected ..., found ...`.
    """
    _check_keys(record, "", required=("id", "turns"))
    turns = _list(record["turns"], "turns", _turn)
    if not turns:
        _fail("turns", "at least one turn", "an empty list")
    return Dialogue(id=_name(record["id"], "id"), turns=turns)


def same_text(a: str, b: str) -> bool:
    """Whether two spellings are equal up to letter case, surrounding white space and how accents are composed."""
    return unicodedata.normalize("NFC", a.strip().casefold()) == unicodedata.normalize("NFC", b.strip().casefold())


def _turn(record: Any, path: str) -> Turn:
    _check_keys(record, path, required=("role", "text"), optional=("frames", "acts", "state", "delexicalised"))
    role = _text(record["role"], f"{path}.role")
    if role not in ROLES:
        _fail(f"{path}.role", '"user" or "system"', _found(role))
    text = _text(record["text"], f"{path}.text")

    def annotation(key: str, read: Callable[[Any, str], T]) -> T | None:
        value = record.get(key)
        return None if value is None else read(value, f"{path}.{key}")

    return Turn(
        role=role,
        text=text,
        frames=annotation("frames", lambda value, at: _list(value, at, lambda frame, here: _frame(frame, here, text))),
        acts=annotation("acts", _acts),
        state=annotation("state", _state),
        delexicalised=annotation("delexicalised", _text),
    )


def _frame(record: Any, path: str, text: str) -> Frame:
    _check_keys(record, path, required=("domain", "intent"), optional=("slots",))
    return Frame(
        domain=_name(record["domain"], f"{path}.domain"),
        intent=_name(record["intent"], f"{path}.intent"),
        slots=_list(record.get("slots", []), f"{path}.slots", lambda slot, at: _slot(slot, at, text)),
    )


def _slot(record: Any, path: str, text: str) -> Slot:
    _check_keys(record, path, required=("name",), optional=("values",))
    return Slot(
        name=_name(record["name"], f"{path}.name"),
        values=_list(record.get("values", []), f"{path}.values", lambda value, at: _value(value, at, text)),
    )


def _value(record: Any, path: str, text: str) -> Value:
    _check_keys(record, path, required=("value",), optional=("start", "end"))
    value = _name(record["value"], f"{path}.value")
    if ("start" in record) != ("end" in record):
        _fail(path, '"start" and "end" together', "only one of them")
    if "start" not in record:
        return Value(value)
    start, end = _offset(record["start"], f"{path}.start"), _offset(record["end"], f"{path}.end")
    if not start < end <= len(text):
        _fail(path, f"start < end <= {len(text)}, the length of the turn's text", f"start {start}, end {end}")
    if not same_text(text[start:end], value):
        _fail(path, f"the turn's text from {start} to {end} to be {_found(value)}", _found(text[start:end]))
    return Value(value, start, end)


def _acts(record: Any, path: str) -> tuple[str, ...]:
    acts = _list(record, path, _text)
    for index, act in enumerate(acts):
        if act not in ACT_INDEX:
            _fail(f"{path}[{index}]", _one_of("one of the twenty unified acts", act, ACTS), _found(act))
        if act in acts[:index]:
            _fail(f"{path}[{index}]", "every act once", f"{_found(act)} again")
    return acts


def _state(record: Any, path: str) -> BeliefState:
    _check_object(record, path)
    state: BeliefState = {}
    for domain, slots in record.items():
        at = f"{path}[{domain!r}]"
        _check_object(slots, at)
        _name(domain, at)
        state[domain] = {slot: _spellings(values, f"{at}[{slot!r}]", slot) for slot, values in slots.items()}
    return state


def _spellings(record: Any, path: str, slot: str) -> tuple[str, ...]:
    _name(slot, path)
    if isinstance(record, str):
        return (_name(record, path),)
    if not isinstance(record, list) or not record:
        _fail(path, "a string or a list of at least one string", _found(record))
    return _list(record, path, _name)


def _list(record: Any, path: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
    if not isinstance(record, list):
        _fail(path, "a list", _found(record))
    return tuple(read(item, f"{path}[{index}]") for index, item in enumerate(record))


def _text(record: Any, path: str) -> str:
    if not isinstance(record, str):
        _fail(path, "a string", _found(record))
    try:
        record.encode("utf-8")
    except UnicodeEncodeError:
        _fail(path, "text that UTF-8 can hold", "half of a surrogate pair")
    return record


def _name(record: Any, path: str) -> str:
    """A string that is not blank: a blank name would silently drop out of the semantic trees."""
    text = _text(record, path)
    if not text.strip():
        _fail(path, "a string that is not blank", _found(text))
    return text


def _offset(record: Any, path: str) -> int:
    # JSON has one kind of number, so 3.0 equals 3; a Python bool is an int and must be excluded.
    whole = isinstance(record, int) or (isinstance(record, float) and record.is_integer())
    if isinstance(record, bool) or not whole or record < 0:
        _fail(path, "a whole number of characters, 0 or more", _found(record))
    return int(record)


def _check_object(record: Any, path: str) -> None:
    if not isinstance(record, dict):
        _fail(path, "an object", _found(record))


def _check_keys(record: Any, path: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    _check_object(record, path)
    prefix = f"{path}." if path else ""
    for key in record:
        if key not in required + optional:
            _fail(f"{prefix}{key}", _one_of("a key of the format", key, required + optional), "an unknown key")
    for key in required:
        if key not in record:
            _fail(f"{prefix}{key}", "this key", "nothing")


def _one_of(what: str, word: str, known: Iterable[str]) -> str:
    """`what`, with the known words nearest to `word`, or all of them if none is near."""
    known = list(known)
    near = difflib.get_close_matches(word.lower(), known, n=3, cutoff=0.5)
    return f"{what} ({'nearest' if near else 'these are'}: {', '.join(near or known)})"


def _fail(path: str, expected: str, found: str) -> NoReturn:
    where = f"field {path}" if path else "the line"
    raise UserError(f"{where}: expected {expected}, found {found}")


def _found(record: Any) -> str:
    """A wrong value as a message shows it: short, and in JSON spelling."""
    if isinstance(record, str):
        # ascii() keeps control characters and half surrogates from reaching the terminal.
        shown = record if record.isprintable() else ascii(record)[1:-1]
        return f'"{shown}"' if len(shown) <= 40 else f'"{shown[:37]}..."'
    if record is None or isinstance(record, bool):
        return {None: "null", True: "true", False: "false"}[record]
    if isinstance(record, list):
        return "a list" if record else "an empty list"
    return "an object" if isinstance(record, dict) else str(record)
