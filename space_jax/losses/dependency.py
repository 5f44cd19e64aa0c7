"""The dependency between the turns of a conversation: a contrast whose positives are weighted by similarity.

After STAR: the turns of a conversation that ask for similar things should have similar vectors. It differs from
`weighted_contrast` in three ways, as published: two views stand opposite one another, rows and columns; a turn is a
positive of its own other view; and weights are a softmax of similarities, over those above 0.
"""

import jax
import jax.numpy as jnp

from space_jax.losses.contrast import l2_normalise
from space_jax.losses.dtypes import boolean, check_shape, float32

_EXACT = jax.lax.Precision.HIGHEST  # a temperature of 0.05 multiplies rounding by 20


@jax.jit
def dependency_weights(similarity: jax.Array, sharpness: jax.Array | float) -> jax.Array:
    """How much each positive of a turn weighs.

    w_ij = exp(a sim_ij) / sum over k with sim_ik > 0 of exp(a sim_ik), 0 where sim_ij = 0

    >>> print(dependency_weights(jnp.array([[1.0, 0.5, 0.0]]), 0.0))
    [[0.5 0.5 0. ]]

    Args:
      similarity: `[b, B]` float, at least 0; 0 for turns that are no positives.
      sharpness: a; 0 weighs all positives alike, infinity (or a very large number) only the most similar.

    Returns:
      `[b, B]` float32; a row without a positive is 0.

    Raises:
      TypeError: `similarity` is not float.

    Source: Cai et al., "STAR", EMNLP Findings 2022 (arXiv 2210.11888), utterance dependency tracking; 3 in the released
      code.
    """
    similarity = float32(similarity, "similarity")
    positive = similarity > 0
    # Differences to the largest are taken before they are sharpened, so that no sharpness overflows.
    largest = jnp.max(jnp.where(positive, similarity, 0.0), axis=-1, keepdims=True, initial=0.0)
    gaps = jnp.where(positive, similarity - largest, 0.0)
    sharpened = jnp.where(gaps == 0, 0.0, sharpness * jnp.where(gaps == 0, 1.0, gaps))
    raised = jnp.where(positive, jnp.exp(sharpened), 0.0)
    total = jnp.sum(raised, axis=-1, keepdims=True)
    return raised / jnp.where(total > 0, total, 1.0)


@jax.jit
def dependency_contrast(
    rows: jax.Array,
    columns: jax.Array,
    similarity: jax.Array,
    compared: jax.Array,
    temperature: jax.Array | float,
    sharpness: jax.Array | float,
) -> jax.Array:
    """The contrast of every turn in one view with all turns in the other.

    loss_i = - sum_j w_ij (s_ij - log sum over k in K_i of exp s_ik),  s_ij = cos(row_i, column_j) / t

    w are `dependency_weights`, and K_i holds the positives and whatever else `compared` names. With the positives
    alone, as released, a turn has no negatives but the less similar turns of its conversation.

    >>> vectors, similarity = jnp.eye(2), jnp.array([[1.0, 0.5], [0.5, 1.0]])
    >>> print(dependency_contrast(vectors, vectors, similarity, similarity > 0, 1.0, 0.0).round(2))
    [0.81 0.81]

    Args:
      rows: `[b, D]` float, vectors of b turns in the first view.
      columns: `[B, D]` float, vectors of all turns in the second view.
      similarity: `[b, B]` float, at least 0; 0 for turns that are no positives, such as those of other conversations.
      compared: `[b, B]` bool, the turns in the denominator beside the positives.
      temperature: t, positive.
      sharpness: of the weights.

    Returns:
      `[b]` float32, 0 for a turn without a positive, and for one that is compared with a single turn.

    Raises:
      TypeError: an input has the wrong dtype.
      ValueError: the shapes do not fit.

    Source: see `dependency_weights`.
    """
    rows, columns, compared = float32(rows, "rows"), float32(columns, "columns"), boolean(compared, "compared")
    similarity = float32(similarity, "similarity")
    check_shape(columns, (columns.shape[0], rows.shape[1]), "columns")
    check_shape(similarity, (rows.shape[0], columns.shape[0]), "similarity")
    check_shape(compared, similarity.shape, "compared")
    logits = jnp.matmul(l2_normalise(rows), l2_normalise(columns).T, precision=_EXACT) / temperature
    positive = similarity > 0
    counts = jnp.any(positive, axis=1, keepdims=True)
    # A turn without a positive has weights of 0; it is normalised over everything, so that its gradient is finite.
    normaliser = jax.nn.logsumexp(logits, axis=1, where=positive | compared | ~counts, keepdims=True)
    return jnp.sum(dependency_weights(similarity, sharpness) * (normaliser - logits), axis=1)
