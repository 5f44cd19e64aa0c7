"""Arrays of a published layout -> ours and back, along the key map."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from space_jax.config import ModelConfig, Vocabulary
from space_jax.convert.key_map import TABLE, Form, Row, part_of
from space_jax.errors import UserError
from space_jax.models.weights import require_finite, shape_text

State = Mapping[str, np.ndarray]
KeysOf = Callable[[Any], tuple[str, ...]]
"""The keys of a row in one of the layouts; none if the layout lacks the parameter."""

PUBLISHED_HEADS = {768: 12, 1024: 16}
"""Attention heads by hidden size: BERT base and large, and their descendants."""

_SIZE = re.compile(r"(\d*)([A-Z]?)")
_LAYER = "{i}"
_ROLES = "backbone/embedding/role"
_NAMES = {"hidden": "H", "mlp": "F", "positions": "P", "roles": "T", "turns": "U"}
_NUMBERED = re.compile(r"(?<=layers\.|.layer\.)[0-9]+(?=\.)")


class TableRow(Protocol):
    """A row of any key map: see `key_map.Row`."""

    @property
    def ours(self) -> str: ...

    @property
    def form(self) -> Form: ...

    @property
    def shape(self) -> str: ...


class Mapped(NamedTuple):
    """A published file in our layout.

    Attributes:
      arrays: path -> float32 array, layers stacked along the first axis.
      sizes: the letters of the key map's shapes, and "layers".
      unused: keys of the file that have no counterpart, or whose part was not requested.
    """

    arrays: dict[str, np.ndarray]
    sizes: dict[str, int]
    unused: tuple[str, ...]


def space_keys(row: Row) -> tuple[str, ...]:
    """The key in a published SPACE `state_dict`, if it has one."""
    return (row.space,) if row.space else ()


def bert_keys(row: Row) -> tuple[str, ...]:
    """The keys in BERT's layout."""
    return row.bert


def model_of(mapped: Mapped, heads: int, **fields: Any) -> ModelConfig:
    """The sizes of a file, as a configuration; `fields` are those that no shape shows."""
    sizes = mapped.sizes
    named: dict[str, Any] = {name: sizes[letter] for name, letter in _NAMES.items() if letter in sizes}
    named["roles"] = max(2, sizes["T"])  # a model has two at least; a shorter table is copied as far as it goes
    return ModelConfig(layers=sizes["layers"], heads=heads, vocabulary=Vocabulary(size=sizes["V"]), **named, **fields)


def attention_heads(given: int | None, hidden: int, path: Path) -> int:
    """The attention heads of a file of weights, which no array shows: as given, else by the hidden size.

    Args:
      given: by the user or by a configuration beside the file.
      hidden: the hidden size.
      path: the file, for the message.

    Raises:
      UserError: none is given and the size is not a published one.
    """
    if given is not None:
        if given < 1:
            raise UserError(f"--heads: {given} is not a positive number")
        return given
    if hidden not in PUBLISHED_HEADS:
        known = ", ".join(map(str, PUBLISHED_HEADS))
        raise UserError(f"{path}: hidden size {hidden} is none of {known}; give its attention heads with --heads N")
    return PUBLISHED_HEADS[hidden]


class _Problems:
    """Everything that is wrong with a file, for one message."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self.misshapen: list[str] = []

    def require_none(self, source: str, unexpected: Sequence[str]) -> None:
        if not (self.missing or self.misshapen):
            return
        parts = (("missing", self.missing), ("of another shape", self.misshapen), ("unexpected", unexpected))
        said = "; ".join(f"{len(names)} {what}: {_folded(names)}" for what, names in parts if names)
        raise UserError(f"{source}: its keys are not those of this layout ({said})")


def _folded(names: Sequence[str]) -> str:
    """All names; those that differ only in the layer as one, `layers.{0,1,4}.attn_norm.weight`."""
    layers: dict[str, list[str]] = {}
    for name in names:
        match = _NUMBERED.search(name)
        layers.setdefault(_NUMBERED.sub("{}", name, count=1), []).append(match[0] if match else "")
    return ", ".join(
        name.replace("{}", numbers[0] if len(numbers) == 1 else "{" + ",".join(numbers) + "}", 1)
        for name, numbers in layers.items()
    )


def to_ours(
    state: State,
    keys_of: KeysOf,
    parts: Sequence[str],
    optional: Sequence[str],
    heads: int,
    source: str,
    table: Sequence[TableRow] = TABLE,
) -> Mapped:
    """Maps a published file onto our parameters.

    Args:
      state: key -> array.
      keys_of: which layout.
      parts: parts of the model that must be complete.
      optional: parts that must be complete if any of their keys is present.
      heads: attention heads, which no shape shows.
      source: the file, for messages.
      table: the key map.

    Returns:
      Mapped.

    Raises:
      UserError: missing and misshapen keys, all of them, with the unexpected ones; numbers that are not finite.
    """
    rows = [row for row in table if keys_of(row) and _wanted(row, state, keys_of, parts, optional, table)]
    layers = _count_layers(state, rows, keys_of, source)
    sizes, problems = {"layers": layers}, _Problems()
    keys = [list(_each_layer(keys_of(row), layers)) for row in rows]
    used = {key for of_layers in keys for of_row in of_layers for key in of_row}
    unused = tuple(key for key in state if key not in used)
    require_finite({key: array for key, array in state.items() if key in used}, source)
    stacks = [
        [_joined(state, of_row, row, sizes, problems) for of_row in of_layers]
        for row, of_layers in zip(rows, keys, strict=True)
    ]
    problems.require_none(source, unused)
    if sizes["H"] % heads:
        raise UserError(f"{source}: {heads} attention heads do not divide its hidden size of {sizes['H']}")
    arrays = {row.ours: _formed(row, stack, heads, keys_of) for row, stack in zip(rows, stacks, strict=True)}
    return Mapped(arrays, sizes, unused)


def _wanted(
    row: TableRow,
    state: State,
    keys_of: KeysOf,
    parts: Sequence[str],
    optional: Sequence[str],
    table: Sequence[TableRow],
) -> bool:
    part = part_of(row.ours)
    if part in parts:
        return True
    same_part = (key for other in table if part_of(other.ours) == part for key in keys_of(other))
    return part in optional and any(key in state for key in same_part)


def _count_layers(state: State, rows: Sequence[TableRow], keys_of: KeysOf, source: str) -> int:
    """One more than the highest layer that any key names."""
    patterns = [
        re.compile(re.escape(key).replace(re.escape(_LAYER), "([0-9]{1,6})"))
        for row in rows
        for key in keys_of(row)
        if _LAYER in key
    ]
    numbers = [int(match[1]) for key in state for pattern in patterns if (match := pattern.fullmatch(key))]
    layers = max(numbers, default=0) + 1
    if layers > len(state):
        raise UserError(f"{source}: a key names layer {layers - 1}, but there are {len(state)} arrays in all")
    return layers


def _each_layer(keys: tuple[str, ...], layers: int) -> Iterator[tuple[str, ...]]:
    """The keys of every layer; the keys themselves where they count none."""
    if _LAYER not in keys[0]:
        yield keys
        return
    for layer in range(layers):
        yield tuple(key.replace(_LAYER, str(layer)) for key in keys)


def _joined(
    state: State, keys: tuple[str, ...], row: TableRow, sizes: dict[str, int], problems: _Problems
) -> np.ndarray | None:
    """The arrays of one row and layer, stacked, if they exist with the right shape."""
    missing = [key for key in keys if key not in state]
    problems.missing += missing
    if missing:
        return None
    arrays = [np.asarray(state[key], np.float32) for key in keys]
    expected = _expected(row.shape, arrays, sizes)
    if expected is None or any(array.shape != expected for array in arrays):
        for key, array in zip(keys, arrays, strict=True):
            if array.shape != expected:
                wanted = "" if expected is None else f" instead of {shape_text(expected)}"
                problems.misshapen.append(f"{key} ({shape_text(array.shape)}{wanted})")
        return None
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]


def _expected(shape: str, arrays: Sequence[np.ndarray], sizes: dict[str, int]) -> tuple[int, ...] | None:
    """The shape of each array of a row; letters without a value get one here. None: another rank."""
    given = arrays[0].shape
    wanted = []
    if len(shape.split()) != len(given):
        return None
    for axis, (text, size) in enumerate(zip(shape.split(), given, strict=True)):
        match = _SIZE.fullmatch(text)
        assert match is not None, f"key map: shape {shape!r}"
        factor, letter = int(match[1] or 1), match[2]
        parts = len(arrays) if axis == 0 else 1  # the arrays of a row share its first axis
        if letter and letter not in sizes and size * parts % factor == 0:
            sizes[letter] = size * parts // factor
        wanted.append(factor * (sizes.get(letter, 0) if letter else 1) // parts)
    return tuple(wanted)


def _formed(row: TableRow, stack: Sequence[np.ndarray | None], heads: int, keys_of: KeysOf) -> np.ndarray:
    ours = [row.form.to_ours(array, heads) for array in stack if array is not None]  # none is, once nothing is missing
    return np.ascontiguousarray(np.stack(ours) if _LAYER in keys_of(row)[0] else ours[0])


def require_sizes(arrays: Mapping[str, np.ndarray], model: ModelConfig, source: str) -> None:
    """Checks that arrays of ours have the sizes that are said of them.

    Args:
      arrays: path -> array, vocabulary not padded.
      model: the sizes.
      source: the file, for the message.

    Raises:
      UserError: an array has another shape; with its name.
    """
    sizes = {letter: getattr(model, name) for name, letter in _NAMES.items()} | {"V": model.vocabulary.size}
    for row in TABLE:
        given, letters = arrays.get(row.ours), [_SIZE.fullmatch(text) for text in row.shape.split()]
        if given is None or any(match is not None and match[2] and match[2] not in sizes for match in letters):
            continue
        shape = [int(match[1] or 1) * sizes.get(match[2], 1) for match in letters if match is not None]
        if row.ours == _ROLES and len(given) == 1:
            shape[0] = 1  # see `model_of`
        wanted = row.form.to_ours(np.empty(shape, np.float32), model.heads).shape
        wanted = (model.layers, *wanted) if _LAYER in row.space else wanted
        if given.shape != wanted:
            raise UserError(
                f"{source}: {row.ours} is {shape_text(given.shape)}, but by the sizes beside it must be "
                f"{shape_text(wanted)}; convert the weights again"
            )


def to_theirs(
    arrays: Mapping[str, np.ndarray], keys_of: KeysOf, heads: int, table: Sequence[TableRow] = TABLE
) -> dict[str, np.ndarray]:
    """Maps our parameters onto a published layout; those that it lacks are left out.

    Args:
      arrays: path -> array, vocabulary not padded.
      keys_of: which layout.
      heads: attention heads.
      table: the key map.
    """
    state = {}
    for row in table:
        keys = keys_of(row)
        if row.ours not in arrays or not keys:
            continue
        array = arrays[row.ours]
        layers = list(array) if _LAYER in keys[0] else [array]
        for one, names in zip(layers, _each_layer(keys, len(layers)), strict=True):
            parts = np.split(row.form.to_theirs(one, heads), len(names))
            state.update({name: np.ascontiguousarray(part) for name, part in zip(names, parts, strict=True)})
    return state
