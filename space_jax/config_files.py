"""Reads configurations: a file `configs/x.py:tiny` with overrides `--config.a.b=v`, and the `config.json` of a run."""

import dataclasses
import difflib
import inspect
import json
import os
import traceback
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np

from space_jax.config import ModelConfig, PretrainConfig, RecipeConfig
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.json_text import read_json
from space_jax.reading.text import read_bytes
from space_jax.remote import as_path
from space_jax.shipped_configs import shipped_config

Config = TypeVar("Config")
CONFIG_FILE = "config.json"
OVERRIDE = "--config."


@overload
def load_config(name: str, overrides: Mapping[str, Any] | None = None, kind: None = None) -> Any: ...
@overload
def load_config(name: str, overrides: Mapping[str, Any] | None, kind: type[Config]) -> Config: ...
def load_config(name: str, overrides: Mapping[str, Any] | None = None, kind: type | None = None) -> Any:
    """The configuration returned by a file's `get_config`, with overrides applied.

    >>> load_config("space3:tiny", {"train.steps": 500, "data.prepared": ("runs/mine/corpus",)}).train.steps
    500

    Args:
      name: a Python file, or the name of a configuration that comes with the package (`space-jax configs` lists them),
        optionally with an argument for its `get_config`: `configs/x.py`, `configs/x.py:tiny`, `space3:tiny`. A file
        takes precedence over a name. A file is executed as a program: use only files that you trust.
      overrides: dotted field name -> its value, or the value as text.
      kind: the type that `get_config` must return, `PretrainConfig` or `FinetuneConfig`; None for either.

    Raises:
      UserError: the file or its `get_config` is missing, it raises an error (reported with file and line), a field is
        unknown, or a value has the wrong type or is out of range.
    """
    file, _, variant = name.partition(":")
    path = file if Path(file).is_file() else str(shipped_config(file))
    try:
        config = _get_config(path, variant, kind)
    except UserError as error:
        raise UserError(f"{_location(path, error)}: {error}") from error
    except (Exception, SystemExit) as error:  # whatever a user's program raises
        reason = error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
        raise UserError(f"{_location(path, error)}: {type(error).__name__}: {reason}".removesuffix(": ")) from error
    return apply_overrides(config, overrides or {})


def _get_config(path: str, variant: str, kind: type | None) -> Any:
    # Not imported, which would leave a __pycache__ next to the user's file that a quick edit can make stale.
    program = compile(read_bytes(Path(path)), path, "exec", dont_inherit=True)
    names: dict[str, Any] = {"__name__": "space_jax_config", "__file__": path}
    exec(program, names)
    if "get_config" not in names:
        raise UserError("has no function get_config()")
    given = (variant,) if variant else ()
    _require_taken(names["get_config"], given, path)
    config = names["get_config"](*given)
    fits = dataclasses.is_dataclass(config) if kind is None else isinstance(config, kind)
    if not fits:
        expected = "configuration" if kind is None else kind.__name__
        raise UserError(f"get_config() must return a {expected}, but it returned {type(config).__name__}")
    return config


def _require_taken(get_config: Callable[..., Any], given: tuple[str, ...], path: str) -> None:
    """Raises `UserError` if a `get_config` needs an argument that was not given, or takes none."""
    signature = inspect.signature(get_config)
    try:
        signature.bind(*given)
    except TypeError:
        name = Path(path).stem
        wanted = ":".join([name, *(one.upper() for one in list(signature.parameters)[:1])])
        raise UserError(f"expected --config {wanted}, found {':'.join([name, *given])}") from None


def _location(path: str, error: BaseException) -> str:
    """`file:line` of the last line of the file in the error's traceback; only the file if there is none."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return f"{path}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f"{path}:{lines[-1]}" if lines else path


def parse_overrides(arguments: Sequence[str]) -> dict[str, str]:
    """Parses the `--config.a.b=v` arguments that a command left unparsed.

    Raises:
      UserError: there is any other argument.
    """
    overrides = {}
    for argument in arguments:
        name, equals, value = argument.removeprefix(OVERRIDE).partition("=")
        if not argument.startswith(OVERRIDE) or not equals:
            raise UserError(f"command line: {argument!r} is not known; a field is set by {OVERRIDE}name.field=value")
        overrides[name] = value
    return overrides


def apply_overrides(config: Any, overrides: Mapping[str, Any], prefix: str = "") -> Any:
    """A configuration with fields changed, all at once, so that only the result has to be valid.

    Args:
      config: a (nested) frozen dataclass.
      overrides: dotted field name -> its value, or the value as text, with commas between a tuple's elements; a list
        may stand for a tuple, a path for a text, and NumPy's numbers for Python's.
      prefix: path of `config` within the whole configuration, for messages.

    Raises:
      UserError: a field is unknown or a value invalid; the message names the field, and near names for an unknown one.
    """
    hints = typing.get_type_hints(type(config))
    grouped: dict[str, dict[str, Any]] = {}
    for name, given in overrides.items():
        field, _, rest = name.partition(".")
        if field not in hints:
            near = difflib.get_close_matches(field, hints, n=3) or _deeper(config, field) or list(hints)
            raise UserError(
                f"config field {prefix}{field} does not exist; nearest: {', '.join(prefix + n for n in near)}"
            )
        grouped.setdefault(field, {})[rest] = given
    changes = {}
    for field, inner in grouped.items():
        value, where = getattr(config, field), f"{prefix}{field}"
        if dataclasses.is_dataclass(value):
            if "" in inner:
                raise UserError(f"config field {where} has its own fields; set one of them, as {where}.NAME")
            changes[field] = apply_overrides(value, inner, f"{where}.")
        elif list(inner) != [""]:
            raise UserError(f"config field {where} is a value and has no field {next(k for k in inner if k)}")
        else:
            given = inner[""]
            changes[field] = _parse(given, hints[field], where) if isinstance(given, str) else _plain(given)
    return dataclasses.replace(config, **changes)


def _deeper(config: Any, name: str) -> list[str]:
    """The dotted names of the fields of this name in the parts of a configuration."""
    parts = {one.name: getattr(config, one.name) for one in dataclasses.fields(config)}
    inner = {part: value for part, value in parts.items() if dataclasses.is_dataclass(value)}
    below = [f"{part}.{field}" for part, value in inner.items() for field in _deeper(value, name)]
    return [f"{part}.{name}" for part, value in inner.items() if hasattr(value, name)] + below


def _plain(value: Any) -> Any:
    """A value from Python as one that a configuration may hold."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain(part) for part in value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if isinstance(value, np.generic) else value


def _parse(text: str, kind: Any, where: str) -> Any:
    """`text` as a value of the annotated type."""
    if typing.get_origin(kind) is tuple:
        element = typing.get_args(kind)[0]
        if element not in (str, int, float):
            raise UserError(f"config field {where}: a table, which can only be set in a config file")
        return tuple(_parse(part.strip(), element, where) for part in text.split(",") if part.strip())
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise UserError(f"config field {where}: {shown(text)} is not true or false")
        return text.lower() == "true"
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            article = "a whole number" if kind is int else "a number"
            raise UserError(f"config field {where}: {shown(text)} is not {article}") from None
    return text


def save_config(config: Any, workdir: Path) -> None:
    """Writes `config.json`, from which `read_config` restores the same configuration."""
    workdir.mkdir(parents=True, exist_ok=True)
    temporary = workdir / f".{CONFIG_FILE}.{os.getpid()}"
    temporary.write_text(json.dumps(dataclasses.asdict(config), indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, workdir / CONFIG_FILE)


def read_config(workdir: Path, kind: type = PretrainConfig) -> Any:
    """The configuration of a run from its workdir.

    Args:
      workdir: the run's workdir.
      kind: `PretrainConfig` or `FinetuneConfig`.

    Raises:
      UserError: the file is missing, it is of a run of the other kind, or it was written by another version.
    """
    path, raw = _of_workdir(workdir)
    if kind is PretrainConfig and isinstance(raw, dict) and "task" in raw:
        raise UserError(f"{path}: is of a fine-tuning run; expected one of a pre-training run")
    return _of_this_version(path, lambda: _from_json(kind, raw))


def read_model_config(workdir: Path) -> tuple[ModelConfig, str | None, str | None]:
    """What a model of a pre-training or fine-tuning run is, from the configuration in its workdir.

    Args:
      workdir: the run's workdir.

    Returns:
      The sizes; the recipe that pre-trained the weights, None for weights without a recipe; the vector of a text that
      was trained, None where it is the one that the recipe is published with.

    Raises:
      UserError: see `read_config`.
    """
    path, raw = _of_workdir(workdir)

    def parse() -> tuple[ModelConfig, str | None, str | None]:
        recipe = raw["recipe"]  # its settings in pre-training, its name in fine-tuning
        if isinstance(recipe, str):
            name, vector = recipe, raw["task"].get("vector", "auto")
        else:
            settings = _from_json(RecipeConfig, recipe)
            name, vector = settings.name, getattr(settings, "vector", "summary")
        chosen = vector not in ("auto", "summary")
        return _from_json(ModelConfig, raw["model"]), name or None, vector if chosen else None

    return _of_this_version(path, parse)


def _of_workdir(workdir: Path) -> tuple[Path, Any]:
    """The file and what JSON holds of a configuration."""
    path = as_path(workdir) / CONFIG_FILE
    if not path.is_file():
        raise UserError(f"{workdir}: no {CONFIG_FILE}; is it the workdir of a run?")
    return path, _of_this_version(path, lambda: read_json(path))


def _of_this_version(path: Path, parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except (ValueError, TypeError, KeyError, AttributeError, UserError) as error:
        raise UserError(f"{path}: not a configuration of this version ({error})") from None


def _from_json(kind: Any, value: Any) -> Any:
    """The configuration of a class, or of a union of classes identified by `name`, from what JSON holds of it."""
    if isinstance(kind, types.UnionType):
        kind = {one.name: one for one in typing.get_args(kind)}[value["name"]]
    hints = typing.get_type_hints(kind)
    return kind(**{name: _field(hints[name], part) for name, part in value.items()})


def _field(kind: Any, value: Any) -> Any:
    return _from_json(kind, value) if isinstance(value, dict) else _as_tuple(value)


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(part) for part in value) if isinstance(value, list) else value
