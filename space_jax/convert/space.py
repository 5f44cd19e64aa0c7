"""Published SPACE files (`*.model`, a PyTorch `state_dict`) in, and out."""

from pathlib import Path

import numpy as np

from space_jax.convert.key_map import RECIPE_PARTS, TABLE, part_of
from space_jax.convert.mapping import attention_heads, model_of, space_keys, to_ours, to_theirs
from space_jax.convert.state_files import read_state
from space_jax.errors import UserError
from space_jax.features.tokenizer import Tokenizer
from space_jax.models.weights import Weights

_HIDDEN = "embed_layer_norm.weight"


def from_space(path: Path, recipe: str, heads: int | None, tokenizer: Tokenizer | None) -> Weights:
    """Reads a published file.

    Args:
      path: a PyTorch `state_dict` or safetensors with the same keys.
      recipe: "space1", "space2" or "space3".
      heads: of attention; by the hidden size if None.
      tokenizer: of the vocabulary that the model was trained with, if available.

    Raises:
      UserError: see `read_state` and `to_ours`; a hidden size that does not determine the heads; a tokenizer of another
    size.
    """
    return from_state(read_state(path), path, recipe, heads, tokenizer)


def from_state(
    state: dict[str, np.ndarray], path: Path, recipe: str, heads: int | None, tokenizer: Tokenizer | None
) -> Weights:
    """`from_space` of a file that has been read; `state` is its content."""
    heads = attention_heads(heads, state[_HIDDEN].size if _HIDDEN in state else 0, path)
    mapped = to_ours(state, space_keys, RECIPE_PARTS[recipe], (), heads, str(path))
    if tokenizer is not None and tokenizer.vocabulary().size != mapped.sizes["V"]:
        raise UserError(
            f"--vocab: has {tokenizer.vocabulary().size} tokens, but the token table of {path} has "
            f"{mapped.sizes['V']} rows"
        )
    model = model_of(mapped, heads)
    return Weights(mapped.arrays, model, recipe, tokenizer, str(path), mapped.unused)


def to_space(weights: Weights, recipe: str | None = None) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The `state_dict` that the published code loads.

    Args:
      weights: of a trained or converted model.
      recipe: which of the three; the weights' own if None.

    Returns:
      key -> array, and the paths of our parameters that it has no place for.

    Raises:
      UserError: weights of no recipe, or without a part that the recipe has.
    """
    recipe = recipe or weights.recipe
    if recipe is None:
        raise UserError(f"{weights.source}: belongs to no recipe, so there is no SPACE layout to write it in")
    if recipe not in RECIPE_PARTS:
        raise UserError(f"{weights.source}: is of {recipe}, for which there is no SPACE layout; to-bert writes BERT's")
    parts = RECIPE_PARTS[recipe]
    wanted = [row.ours for row in TABLE if part_of(row.ours) in parts]
    missing = [path for path in wanted if path not in weights.arrays]
    if missing:
        raise UserError(f"{weights.source}: lacks {', '.join(missing)}, which a {recipe} model has")
    taken = {path: weights.arrays[path] for path in wanted}
    unused = tuple(path for path in weights.arrays if path not in taken)
    return to_theirs(taken, space_keys, weights.model.heads), unused
