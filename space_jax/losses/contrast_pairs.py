"""Which examples are contrasted with each other, and with what weight."""

import functools

import jax
import jax.numpy as jnp

from space_jax.losses.anchors import of_anchors, with_itself
from space_jax.losses.dtypes import boolean, check_shape, float32


@functools.partial(jax.jit, static_argnames="size")
def pool_groups(labelled: jax.Array, valid: jax.Array, size: int) -> jax.Array:
    """The contrast group of every example; labelled and unlabelled examples never share one.

    group_b = 2 * (rank_b // size) + labelled_b, rank_b counting the valid examples of b's stream before b; with
    size 0 the whole stream is one group. An example that is not valid has group -1.

    >>> labelled = jnp.array([True, True, False, True])
    >>> print(pool_groups(labelled, jnp.ones(4, bool), size=2))
    [1 1 0 3]

    Args:
      labelled: `[B]` bool.
      valid: `[B]` bool.
      size: examples per group; 0 puts the whole stream in one group.

    Returns:
      `[B]` int32 group ids.

    Raises:
      TypeError: a mask is not boolean.
      ValueError: `size` is negative or the shapes differ.

    Source: the published runs of SPACE-2 and SPACE-3 contrast within one device's share of the batch.
    """
    labelled, valid = boolean(labelled, "labelled"), boolean(valid, "valid")
    check_shape(valid, labelled.shape, "valid")
    if size < 0:
        raise ValueError(f"size is {size}; 0 or a positive number of examples is expected")
    stream = labelled.astype(jnp.int32)
    if size == 0:
        return jnp.where(valid, stream, -1)
    rank = jnp.where(labelled, jnp.cumsum(labelled & valid), jnp.cumsum(~labelled & valid)) - 1
    return jnp.where(valid, 2 * (rank // size) + stream, -1).astype(jnp.int32)


@jax.jit
def contrast_weights(similarity: jax.Array, labelled: jax.Array, anchors: jax.Array | None = None) -> jax.Array:
    """Tree similarity between labelled examples; the identity for pairs with an unlabelled example.

    With the identity, the weighted contrast is self-supervised: the only positive is the other dropout view.

    >>> print(contrast_weights(jnp.full((2, 2), 0.5), jnp.array([True, False])))
    [[0.5 0. ]
     [0.  1. ]]

    Args:
      similarity: `[..., b, B]` float, from `view_similarities` or `combined_similarity`.
      labelled: `[B]` bool.
      anchors: `[b]` int, the examples of the rows of `similarity`; None for all.

    Returns:
      float32 of the shape of `similarity`.

    Raises:
      TypeError: `similarity` is not float or `labelled` not boolean.
      ValueError: the shapes do not fit.

    Source: He et al., "SPACE-2", COLING 2022, section on the semi-supervised contrastive objective.
    """
    similarity, labelled = float32(similarity, "similarity"), boolean(labelled, "labelled")
    examples, ours = labelled.shape[0], of_anchors(labelled, anchors)
    check_shape(similarity, (*similarity.shape[:-2], ours.shape[0], examples), "similarity")
    annotated = jnp.broadcast_to(ours[:, None] & labelled[None, :], similarity.shape)
    identity = jnp.broadcast_to(with_itself(examples, anchors).astype(jnp.float32), similarity.shape)
    return jnp.where(annotated, similarity, identity)
