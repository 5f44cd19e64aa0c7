"""Mixture files, TOML or JSON: the four of the papers are in this package, others are given by their path."""

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from space_jax.corpora.mixtures.description import ANNOTATION, Deduplication, Guard, Mixture, MixtureSource
from space_jax.corpora.registry import CORPORA
from space_jax.corpora.splits import SPLITS
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.json_text import read_json, read_toml

_FOLDER = Path(__file__).parent
_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a list",
    Mapping: "a table",
}
_TYPES = {tuple: list, Mapping: dict}


def mixture_names() -> list[str]:
    """The mixtures of this package."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def is_mixture(name: str) -> bool:
    """Whether a name on the command line is a mixture: one of this package, or a file."""
    return name in mixture_names() or name.endswith((".toml", ".json"))


def read_mixture(name: str | Path) -> Mixture:
    """Reads a mixture of this package by its name, or a TOML or JSON file.

    Raises:
      UserError: no such file, not TOML or JSON, or a field that is wrong, with the file and the field.
    """
    path = _FOLDER / f"{name}.toml" if str(name) in mixture_names() else Path(name)
    if not path.is_file():
        raise UserError(f"{path}: no such file of a mixture; this package has {', '.join(mixture_names())}")
    raw = read_json(path) if path.suffix == ".json" else read_toml(path)
    return _mixture(raw, f"{path}: field ")


def _mixture(raw: Any, at: str) -> Mixture:
    values = _fields(Mixture, raw, at)
    sources = tuple(_source(source, f"{at}sources[{n}].") for n, source in enumerate(values["sources"]))
    names = [source.name for source in sources]
    if not sources or len(set(names)) < len(names):
        found = "found one twice" if sources else "found none"
        raise UserError(f"{at}sources: expected sources with different names, {found}")
    values |= {
        "sources": sources,
        "deduplication": Deduplication(**_fields(Deduplication, raw.get("deduplication", {}), f"{at}deduplication.")),
        "guard": _guard(raw.get("guard", {}), f"{at}guard."),
    }
    mixture = Mixture(**values)
    _check_known(list(mixture.few), names, f"{at}few")
    for name, shots in mixture.few.items():
        _check(isinstance(shots, str), f"{at}few.{name}", "a text such as '10', '10%' or the name of a file", shots)
    _check(0 <= mixture.held_out < 1, f"{at}held_out", "at least 0 and below 1", mixture.held_out)
    _check_share(mixture.deduplication.near, f"{at}deduplication.near")
    return mixture


def _source(raw: Any, at: str) -> MixtureSource:
    values = _fields(MixtureSource, raw, at)
    _check_known([values["corpus"]], CORPORA, f"{at}corpus")
    source = MixtureSource(**{"name": values["corpus"], **values})
    _check(bool(source.name) and "/" not in source.name, f"{at}name", "a name without '/'", source.name)
    _check_known(source.splits, SPLITS, f"{at}splits")
    _check_known([source.annotation], ANNOTATION, f"{at}annotation")
    options = [option for option in CORPORA[source.corpus].options if option != "report"]
    _check_known(list(source.options), options, f"{at}options")
    for field in ("proportion", "cap_dialogues", "cap_turns"):
        value = getattr(source, field)
        _check(value is None or value > 0, f"{at}{field}", "a positive number", value)
    return source


def _guard(raw: Any, at: str) -> Guard:
    values = _fields(Guard, raw, at)
    values["same_ids"] = tuple(map(tuple, values.get("same_ids", ())))
    guard = Guard(**values)
    for field in ("benchmarks", "leave_out"):
        _check_known(getattr(guard, field), CORPORA, f"{at}{field}")
    for group in guard.same_ids:
        _check_known(group, CORPORA, f"{at}same_ids")
    _check_share(guard.near, f"{at}near")
    _check(guard.content_words > 0, f"{at}content_words", "at least 1", guard.content_words)
    return guard


def _fields(kind: type, raw: Any, at: str) -> dict[str, Any]:
    """The fields of a table, each known and of its type, lists as tuples; those without a default are there."""
    if not isinstance(raw, dict):
        raise UserError(f"{at.rstrip('.').removesuffix(': field ')}: expected a table, found {shown(raw)}")
    kinds = {name: _kind(hint) for name, hint in typing.get_type_hints(kind).items()}
    _check_known(list(raw), list(kinds), at.rstrip(".").removesuffix(": field "))
    for field in dataclasses.fields(kind):
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        expected = kinds[field.name]
        if required and field.name not in raw:
            raise UserError(f"{at}{field.name}: expected {_KINDS.get(expected, 'a table')}, found nothing")
        if field.name in raw and expected in _KINDS:
            _check_type(raw[field.name], expected, f"{at}{field.name}")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}


def _kind(hint: Any) -> Any:
    """`tuple` for `tuple[str, ...]`, `int` for `int | None`."""
    if isinstance(hint, types.UnionType):
        return next(part for part in typing.get_args(hint) if part is not types.NoneType)
    origin = typing.get_origin(hint)
    return hint if origin is None else origin


def _check_type(value: Any, expected: Any, where: str) -> None:
    found = type(value)
    right = found is _TYPES.get(expected, expected) or (expected is float and found is int)
    if right and expected is tuple and not where.endswith("sources"):
        if where.endswith("same_ids"):
            right = all(isinstance(group, list) and all(isinstance(item, str) for item in group) for group in value)
            _check(right, where, "a list of lists of texts", value)
        else:
            _check(all(isinstance(item, str) for item in value), where, "a list of texts", value)
    _check(right, where, _KINDS[expected], value)


def _check_known(names: Sequence[str], known: Any, where: str) -> None:
    for name in names:
        _check(name in known, where, f"one of {', '.join(known) or 'none'}", name)


def _check_share(value: float, where: str) -> None:
    _check(0 <= value <= 1, where, "a number from 0 to 1", value)


def _check(right: bool, where: str, expected: str, found: Any) -> None:
    if not right:
        raise UserError(f"{where}: expected {expected}, found {shown(found)}")
