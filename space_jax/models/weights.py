"""Parameters by name, independent of any mesh: read from weight files and copied into models."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from space_jax.config import ModelConfig
from space_jax.errors import UserError
from space_jax.features.tokenizer import Tokenizer

TABLES = ("backbone/embedding/position", "backbone/embedding/role", "backbone/embedding/turn")
"""Tables whose rows mean the same in every model, so tables of different length share their first rows."""

VOCABULARY_AXIS = {
    "backbone/embedding/token": 0,
    "masked_head/bias": 0,
    "bag_of_words/kernel": 1,
    "generator/head/bias": 0,
}
"""The vocabulary axis of each parameter that has one; padded in a model, not in a file."""

_FREE_AXIS = {**VOCABULARY_AXIS, **dict.fromkeys(TABLES, 0)}


@dataclasses.dataclass(frozen=True)
class Weights:
    """Parameters on the host.

    Attributes:
      arrays: path (`backbone/embedding/token`) -> float32 array in the layout of our models, vocabulary not padded.
      model: the sizes; of its vocabulary only the size is set.
      recipe: one of `features.layout.RECIPES`; None where the weights belong to no recipe.
      tokenizer: maps text to rows of the token table; None where the source has no tokenizer.
      source: their origin, for messages.
      unused: other parameters of the source, by their names there.
      vector: of a text (`tasks.encoder`) that was trained, where that is not the one of the published recipe.
    """

    arrays: Mapping[str, np.ndarray]
    model: ModelConfig
    recipe: str | None
    tokenizer: Tokenizer | None
    source: str
    unused: tuple[str, ...] = ()
    vector: str | None = None


@dataclasses.dataclass(frozen=True)
class Grafted:
    """The outcome of initialising a model from weights, as lists of paths.

    Attributes:
      new: parameters missing from the weights, left as initialised.
      partial: tables of another length, `path (rows copied, rows of the weights, rows of the model)`.
      unused: weights without a parameter in the model.
    """

    new: tuple[str, ...]
    partial: tuple[str, ...]
    unused: tuple[str, ...]

    def __str__(self) -> str:
        parts = (("newly initialised", self.new), ("copied in part", self.partial), ("not used", self.unused))
        return "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)


def parameter_path(key_path: Any) -> str:
    """`backbone/embedding/token` for the key path of a leaf."""
    return "/".join(str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", key)))) for key in key_path)


def by_path(tree: Any) -> dict[str, Any]:
    """The leaves of a parameter tree by path."""
    return {parameter_path(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def nested(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """The parameter tree with the given leaves; the inverse of `by_path`."""
    tree: dict[str, Any] = {}
    for path, leaf in leaves.items():
        *folders, last = path.split("/")
        node = tree
        for folder in folders:
            node = node.setdefault(folder, {})
        node[last] = leaf
    return tree


def without_vocabulary_padding(arrays: Mapping[str, Any], size: int) -> dict[str, np.ndarray]:
    """Copies arrays to the host and cuts their vocabulary axis to `size`."""
    cut = {}
    for path, array in arrays.items():
        host = np.asarray(array)
        axis = VOCABULARY_AXIS.get(path)
        cut[path] = host if axis is None else host.take(np.arange(size), axis=axis)
    return cut


def pad_vocabulary(arrays: Mapping[str, np.ndarray], padded_size: int) -> dict[str, np.ndarray]:
    """Pads arrays with zeros to `padded_size` along their vocabulary axis."""
    padded = dict(arrays)
    for path in VOCABULARY_AXIS.keys() & arrays.keys():
        array, axis = arrays[path], VOCABULARY_AXIS[path]
        missing = padded_size - array.shape[axis]
        padded[path] = np.pad(array, [(0, missing if other == axis else 0) for other in range(array.ndim)])
    return padded


def require_finite(arrays: Mapping[str, np.ndarray], source: str) -> None:
    """Checks that arrays can be parameters.

    Raises:
      UserError: one holds whole or complex numbers, or numbers that are infinite or none in float32; with its name.
    """
    for name, array in arrays.items():
        if array.dtype.kind in "biuc":
            raise UserError(f"{source}: {name} holds numbers of type {array.dtype}, but parameters are real numbers")
        with np.errstate(over="ignore"):
            finite = np.isfinite(np.asarray(array, np.float32))
        if not finite.all():
            raise UserError(
                f"{source}: {name}: {finite.size - np.count_nonzero(finite)} of {finite.size} numbers are NaN or "
                "infinite; no model can start from them"
            )


def graft(params: Any, weights: Weights, model: ModelConfig) -> tuple[Any, Grafted]:
    """Copies weights into the parameters of a model.

    Args:
      params: initialised parameters on a mesh, nested dictionaries; donated.
      weights: the weights to copy.
      model: the model's configuration.

    Returns:
      The parameters, sharded as before, and a report on the copy.

    Raises:
      UserError: see `require_fit`.
    """
    ours = by_path(params)
    partial = require_fit(ours, weights, model)
    common = {path: weights.arrays[path] for path in ours if path in weights.arrays}

    def write(old: Any, new: dict[str, np.ndarray]) -> Any:
        def put(key_path: Any, leaf: jax.Array) -> jax.Array:
            array = new.get(parameter_path(key_path))
            if array is None:
                return leaf
            rows = tuple(slice(0, min(n, m)) for n, m in zip(leaf.shape, array.shape, strict=True))
            return leaf.at[rows].set(array[rows])

        return jax.tree_util.tree_map_with_path(put, old)

    shardings = jax.tree.map(lambda leaf: leaf.sharding, params)
    grafted = jax.jit(write, donate_argnums=0, out_shardings=shardings)(params, common)
    new = tuple(path for path in ours if path not in common)
    unused = tuple(path for path in weights.arrays if path not in ours)
    return grafted, Grafted(new, partial, unused + weights.unused)


def require_fit(ours: Mapping[str, Any], weights: Weights, model: ModelConfig) -> tuple[str, ...]:
    """Checks that a model can be initialised from weights.

    Args:
      ours: path -> anything with the shape of the model's parameter.
      weights: the weights to copy.
      model: the model's configuration.

    Returns:
      The tables of another length, which are copied in part.

    Raises:
      UserError: parameter shapes differ (all are listed), vocabulary or LayerNorm differ, or no parameter is shared.
    """
    where = f"--init {weights.source}"
    common = [path for path in ours if path in weights.arrays]
    if not common:
        raise UserError(f"{where}: has none of this model's parameters")
    if weights.model.vocabulary.size != model.vocabulary.size:
        raise UserError(
            f"{where}: has a vocabulary of {weights.model.vocabulary.size} tokens, but the corpora were prepared with "
            f"{model.vocabulary.size}"
        )
    if weights.model.layer_norm_epsilon != model.layer_norm_epsilon:
        raise UserError(
            f"{where}: was trained with LayerNorm epsilon {weights.model.layer_norm_epsilon:g}; set "
            "config field model.layer_norm_epsilon to it"
        )
    partial, wrong = [], []
    for path in common:
        given, wanted = weights.arrays[path].shape, tuple(ours[path].shape)
        if not _same_but(given, wanted, _FREE_AXIS.get(path)):
            wrong.append(f"{path} is {shape_text(given)} but must be {shape_text(wanted)}")
        elif path in TABLES and given[0] != wanted[0]:
            rows = min(given[0], wanted[0])
            partial.append(f"{path} ({rows} rows, the weights have {given[0]} and the model {wanted[0]})")
    if wrong:
        raise UserError(f"{where}: does not fit the model: {'; '.join(wrong)}")
    return tuple(partial)


def _same_but(given: tuple[int, ...], wanted: tuple[int, ...], free: int | None) -> bool:
    """Whether two shapes are equal except along the axis `free`."""
    if len(given) != len(wanted):
        return False
    return all(n == m for axis, (n, m) in enumerate(zip(given, wanted, strict=True)) if axis != free)


def shape_text(shape: tuple[int, ...]) -> str:
    """`3 x 4` for (3, 4)."""
    return " x ".join(map(str, shape)) or "one number"
