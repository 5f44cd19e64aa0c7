"""Two dropout views from two random keys, and the other parts that the three recipes share."""

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from space_jax.features.batch import Batch
from space_jax.losses import Sum, under_two_keys
from space_jax.models.heads import per_token
from space_jax.models.recipe import DROPOUT_VIEWS, Keys, Terms

LABELLED, UNLABELLED = STREAMS = ("labelled", "unlabelled")


def rngs(keys: Keys, purpose: str) -> dict[str, jax.Array]:
    """The random keys of one application of a model; empty when `keys` is empty."""
    return {"dropout": keys[purpose]} if keys else {}


def two_views(run: Callable[[dict[str, jax.Array]], Any], keys: Keys) -> Any:
    """Runs a model under both dropout keys.

    Args:
      run: takes the `rngs` of an application; returns a tree of arrays.
      keys: by purpose; empty for no dropout, and then one run serves as both views.

    Returns:
      The tree with a leading axis of two views.
    """
    if not keys:
        return jax.tree.map(lambda x: jnp.stack([x, x]), run({}))
    return under_two_keys(lambda key: run({"dropout": key}), *(keys[name] for name in DROPOUT_VIEWS))


def first_view(tree: Any) -> Any:
    """The first of two views."""
    return jax.tree.map(lambda x: x[0], tree)


def stream_flags(batch: Batch, annotation: Sequence[str]) -> dict[str, jax.Array]:
    """Which examples belong to which stream.

    Args:
      batch: the batch.
      annotation: the annotation that the recipe learns from, such as `Space3Config.annotation`.

    Returns:
      Stream -> float32 `[B]`: labelled where any of the annotation is known; an invalid example is in neither.
    """
    labelled = batch.valid & functools.reduce(operator.or_, (getattr(batch, f"{fact}_known") for fact in annotation))
    return {LABELLED: labelled.astype(jnp.float32), UNLABELLED: (batch.valid & ~labelled).astype(jnp.float32)}


def by_stream(name: str, streams: Mapping[str, jax.Array], term: Callable[[jax.Array], Sum]) -> Terms:
    """One loss term per stream: the streams' losses are each divided by their own weight, then added.

    Args:
      name: name of the term.
      streams: from `stream_flags`.
      term: maps the weights `[B]` of the examples to the sum.

    Returns:
      `name/labelled` and `name/unlabelled`.
    """
    return {f"{name}/{stream}": term(flags) for stream, flags in streams.items()}


def masked_tokens(losses: jax.Array, batch: Batch, flags: jax.Array) -> Sum:
    """The masked language model's cross-entropy over the masked tokens of the flagged examples.

    Args:
      losses: `[R, M]` float32, the loss of each masked token.
      batch: the batch.
      flags: `[B]` float32.
    """
    weights = jnp.take_along_axis(per_token(flags, batch.context.segments, batch), batch.masked_positions, axis=1)
    return Sum.of(losses, weights * batch.masked_weights)


def stream_coefficients(**factors: float) -> dict[str, float]:
    """The factors of terms that exist once per stream."""
    return {f"{name}/{stream}": factor for name, factor in factors.items() for stream in STREAMS}
