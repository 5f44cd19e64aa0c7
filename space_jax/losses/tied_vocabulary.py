"""Cross-entropy under a table of token vectors, computed in chunks of the grid's columns.

The logits [R, L, V] are by far the largest array of a batch and most of its gradient's memory traffic, so they are
never stored whole: each chunk's logits are computed, reduced and discarded, and recomputed in the backward pass. Chunks
after the last target are skipped. `token_cross_entropy` of the whole logits is the same loss; tests compare the two.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import boolean, check_shape, integer

POSITIONS = 512  # in a chunk: enough for a large matrix product, few enough for small logits

Residuals = tuple[jax.Array, jax.Array, jax.Array, jax.Array, jax.Array]


def tied_cross_entropy(
    x: jax.Array, table: jax.Array, bias: jax.Array, targets: jax.Array, counts: jax.Array, positions: int = POSITIONS
) -> jax.Array:
    """Cross-entropy of every token that counts.

    loss_rl = log sum_v exp(x_rl . table_v + bias_v) - (x_rl . table_target + bias_target), 0 where it does not count

    >>> x, table = jnp.zeros((1, 3, 2)), jnp.ones((4, 2))
    >>> counts = jnp.array([[True, True, False]])
    >>> print(tied_cross_entropy(x, table, jnp.zeros(4), jnp.array([[3, 0, -100]]), counts).round(2))
    [[1.39 1.39 0.  ]]

    Args:
      x: `[R, L, H]`, in the compute dtype.
      table: `[V, H]`, in the compute dtype.
      bias: `[V]` float32; a large negative value bars a token.
      targets: `[R, L]` int; one outside 0 .. V-1 does not count.
      counts: `[R, L]` bool, whether there is something to predict.
      positions: the approximate number of positions in a chunk.

    Returns:
      `[R, L]` float32.

    Raises:
      TypeError: `targets` is not integer or `counts` not boolean.
      ValueError: the shapes do not fit.

    Source: GALAXY, section on response generation, and Devlin et al., "BERT", NAACL 2019, section 3.1 (masked LM).
    """
    return tied_predictions(x, table, bias, targets, counts, positions)[0]


def tied_predictions(
    x: jax.Array, table: jax.Array, bias: jax.Array, targets: jax.Array, counts: jax.Array, positions: int = POSITIONS
) -> tuple[jax.Array, jax.Array]:
    """`tied_cross_entropy`, and whether each target is the likeliest token.

    >>> x, table, bias = jnp.zeros((1, 3, 2)), jnp.ones((4, 2)), jnp.array([0.0, 0.0, 0.0, 1.0])
    >>> losses, right = tied_predictions(x, table, bias, jnp.array([[3, 0, 3]]), jnp.array([[True, True, False]]))
    >>> print(losses.round(2), right)
    [[0.74 1.74 0.  ]] [[ True False False]]

    Args:
      x: as in `tied_cross_entropy`, like the other arguments.
      table: `[V, H]`.
      bias: `[V]`.
      targets: `[R, L]`.
      counts: `[R, L]`.
      positions: the approximate number of positions in a chunk.

    Returns:
      `[R, L]` float32, and `[R, L]` bool, False where `counts` is False.

    Raises:
      TypeError: `targets` is not integer or `counts` not boolean.
      ValueError: the shapes do not fit.
    """
    targets, counts = integer(targets, "targets"), boolean(counts, "counts")
    rows, length, hidden = x.shape
    check_shape(table, (table.shape[0], hidden), "table")
    check_shape(bias, (table.shape[0],), "bias")
    check_shape(targets, (rows, length), "targets")
    check_shape(counts, (rows, length), "counts")
    counts = counts & (targets >= 0) & (targets < table.shape[0])
    width = min(length, max(1, positions // max(rows, 1)))
    padding = ((0, 0), (0, -length % width)) if length else ((0, 0), (0, 0))
    # Positions that do not count are zeroed, so that nothing in them can reach a gradient.
    x = jnp.pad(jnp.where(counts[..., None], x, 0), (*padding, (0, 0)))
    targets = jnp.pad(jnp.where(counts, targets, 0), padding)
    losses, right = _predictions(width, x, table, bias.astype(jnp.float32), targets, jnp.pad(counts, padding))
    return losses[:, :length], right[:, :length]


def _chunks(width: int, counts: jax.Array) -> jax.Array:
    """The number of chunks up to the last token that counts."""
    used = jnp.where(jnp.any(counts, axis=0), jnp.arange(1, counts.shape[1] + 1), 0)
    return -(-jnp.max(used, initial=0) // width)


def _cut(array: jax.Array, chunk: jax.Array, width: int) -> jax.Array:
    return jax.lax.dynamic_slice_in_dim(array, chunk * width, width, axis=1)


def _paste(array: jax.Array, part: jax.Array, chunk: jax.Array, width: int) -> jax.Array:
    return jax.lax.dynamic_update_slice_in_dim(array, part, chunk * width, axis=1)


def _logits(x: jax.Array, table: jax.Array, bias: jax.Array) -> jax.Array:
    scores = jnp.einsum("RCH,VH->RCV", x, table, preferred_element_type=jnp.float32)
    return scores + jnp.broadcast_to(bias, scores.shape)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _predictions(
    width: int, x: jax.Array, table: jax.Array, bias: jax.Array, targets: jax.Array, counts: jax.Array
) -> tuple[jax.Array, jax.Array]:
    return _forward(width, x, table, bias, targets, counts)[0]


def _forward(
    width: int, x: jax.Array, table: jax.Array, bias: jax.Array, targets: jax.Array, counts: jax.Array
) -> tuple[tuple[jax.Array, jax.Array], tuple[Residuals, jax.Array]]:
    Carry = tuple[jax.Array, jax.Array, jax.Array]

    def body(chunk: jax.Array, carry: Carry) -> Carry:
        logits = _logits(_cut(x, chunk, width), table, bias)
        normaliser = jax.nn.logsumexp(logits, axis=-1)
        target_logit = jnp.take_along_axis(logits, _cut(targets, chunk, width)[..., None], axis=-1)[..., 0]
        counted = _cut(counts, chunk, width)
        results = (
            jnp.where(counted, normaliser - target_logit, 0.0),
            counted & (target_logit >= jnp.max(logits, axis=-1)),
            normaliser,
        )
        losses, right, normalisers = (_paste(*pair, chunk, width) for pair in zip(carry, results, strict=True))
        return losses, right, normalisers

    zeros = jnp.zeros(targets.shape, jnp.float32)
    start = (zeros, jnp.zeros(targets.shape, bool), zeros)
    losses, right, normalisers = jax.lax.fori_loop(0, _chunks(width, counts), body, start)
    return (losses, right), ((x, table, bias, targets, counts), normalisers)


def _backward(
    width: int, residuals: tuple[Residuals, jax.Array], cotangents: tuple[jax.Array, Any]
) -> tuple[jax.Array | None, ...]:
    (x, table, bias, targets, counts), normalisers = residuals
    dlosses = jnp.where(counts, cotangents[0], 0.0)
    Carry = tuple[jax.Array, jax.Array, jax.Array]

    def body(chunk: jax.Array, carry: Carry) -> Carry:
        dx, dtable, dbias = carry
        x_chunk = _cut(x, chunk, width)
        probabilities = jnp.exp(_logits(x_chunk, table, bias) - _cut(normalisers, chunk, width)[..., None])
        index = jax.lax.broadcasted_iota(targets.dtype, probabilities.shape, 2)
        is_target = index == _cut(targets, chunk, width)[..., None]
        dlogits = (probabilities - is_target) * _cut(dlosses, chunk, width)[..., None]
        dbias = dbias + dlogits.sum((0, 1))
        dlogits = dlogits.astype(x.dtype)
        dx_chunk = jnp.einsum("RCV,VH->RCH", dlogits, table, preferred_element_type=jnp.float32)
        dtable = dtable + jnp.einsum("RCV,RCH->VH", dlogits, x_chunk, preferred_element_type=jnp.float32)
        return _paste(dx, dx_chunk.astype(x.dtype), chunk, width), dtable, dbias

    start = (jnp.zeros_like(x), jnp.zeros(table.shape, jnp.float32), jnp.zeros(bias.shape, jnp.float32))
    dx, dtable, dbias = jax.lax.fori_loop(0, _chunks(width, counts), body, start)
    return dx, dtable.astype(table.dtype), dbias, None, None


_predictions.defvjp(_forward, _backward)
