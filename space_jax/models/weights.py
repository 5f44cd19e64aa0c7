"""Parameters by name, apart from any mesh: what files of weights are read into, and how a model starts from them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from space_jax.config import ModelConfig
from space_jax.errors import UserError
from space_jax.features.tokenizer import Tokenizer

TABLES = ("backbone/embedding/position", "backbone/embedding/role", "backbone/embedding/turn")
"""Tables whose rows mean the same in every model, so that a longer one and a shorter one have their first in common."""

VOCABULARY_AXIS = {"backbone/embedding/token": 0, "masked_head/bias": 0, "bag_of_words/kernel": 1}
"""The axis that counts the vocabulary; a model pads it, a file does not."""

_FREE_AXIS = {**VOCABULARY_AXIS, **dict.fromkeys(TABLES, 0)}


@dataclasses.dataclass(frozen=True)
class Weights:
    """Parameters on the host.

    Attributes:
      arrays: path (`backbone/embedding/token`) -> float32 array in the layout of our models, vocabulary not padded.
      model: the sizes; of its vocabulary the size alone is meant.
      recipe: "space1", "space2" or "space3"; None where the weights belong to no recipe.
      tokenizer: whose ids the rows of the token table are; None where the source has none.
      source: where they come from, for messages.
      unused: what the source has beside them, by its own names.
    """

    arrays: Mapping[str, np.ndarray]
    model: ModelConfig
    recipe: str | None
    tokenizer: Tokenizer | None
    source: str
    unused: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Grafted:
    """What became of weights that a model started from, each a list of paths.

    Attributes:
      new: parameters that the weights do not have, left as initialised.
      partial: tables of another length, `path (rows copied, rows of the weights, rows of the model)`.
      unused: what the weights have and the model does not.
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
    """The leaves of a tree of parameters by their paths."""
    return {parameter_path(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def nested(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """The tree of parameters that `by_path` came from."""
    tree: dict[str, Any] = {}
    for path, leaf in leaves.items():
        *folders, last = path.split("/")
        node = tree
        for folder in folders:
            node = node.setdefault(folder, {})
        node[last] = leaf
    return tree


def without_vocabulary_padding(arrays: Mapping[str, Any], size: int) -> dict[str, np.ndarray]:
    """The arrays on the host, the axis that counts the vocabulary cut to `size`."""
    cut = {}
    for path, array in arrays.items():
        host = np.asarray(array)
        axis = VOCABULARY_AXIS.get(path)
        cut[path] = host if axis is None else host.take(np.arange(size), axis=axis)
    return cut


def pad_vocabulary(arrays: Mapping[str, np.ndarray], padded_size: int) -> dict[str, np.ndarray]:
    """The arrays with zeros up to `padded_size` along the axis that counts the vocabulary."""
    padded = dict(arrays)
    for path in VOCABULARY_AXIS.keys() & arrays.keys():
        array, axis = arrays[path], VOCABULARY_AXIS[path]
        missing = padded_size - array.shape[axis]
        padded[path] = np.pad(array, [(0, missing if other == axis else 0) for other in range(array.ndim)])
    return padded


def graft(params: Any, weights: Weights, model: ModelConfig) -> tuple[Any, Grafted]:
    """Puts weights into the parameters of a model.

    Args:
      params: initialised parameters on a mesh, nested dictionaries; donated.
      weights: what they start from.
      model: the configuration of the parameters.

    Returns:
      The parameters, placed as before, and what became of the weights.

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
    """Refuses weights that a model cannot start from.

    Args:
      ours: path -> anything with the shape of the model's parameter.
      weights: what it is to start from.
      model: its configuration.

    Returns:
      The tables of another length, which are copied in part.

    Raises:
      UserError: parameters of other shapes, all of them together; another vocabulary or LayerNorm; nothing in common.
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
    """Whether two shapes are equal, whatever the axis `free` has."""
    if len(given) != len(wanted):
        return False
    return all(n == m for axis, (n, m) in enumerate(zip(given, wanted, strict=True)) if axis != free)


def shape_text(shape: tuple[int, ...]) -> str:
    """`3 x 4` for (3, 4)."""
    return " x ".join(map(str, shape)) or "one number"
