"""Cross-entropy under a table of token vectors, a few columns of the grid at a time: the logits never exist whole.

The logits of a batch are its largest array by far, [R, L, V], and most of its gradient's traffic. Here each chunk's
logits are made, reduced and forgotten, and made again in the backward pass. Chunks behind the last target are never
looked at. `token_cross_entropy` of the whole logits is the same loss, and is what the tests compare with.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import boolean, check_shape, integer

POSITIONS = 512  # of one chunk: enough for a large matrix product, few enough for its logits to be small

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
      bias: `[V]` float32; a token that is barred has a large negative one.
      targets: `[R, L]` int; one outside 0 .. V-1 does not count.
      counts: `[R, L]` bool, whether there is something to predict.
      positions: of one chunk, about.

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
    """`tied_cross_entropy`, and whether no token is likelier than the target.

    >>> x, table, bias = jnp.zeros((1, 3, 2)), jnp.ones((4, 2)), jnp.array([0.0, 0.0, 0.0, 1.0])
    >>> losses, right = tied_predictions(x, table, bias, jnp.array([[3, 0, 3]]), jnp.array([[True, True, False]]))
    >>> print(losses.round(2), right)
    [[0.74 1.74 0.  ]] [[ True False False]]

    Args:
      x: as of `tied_cross_entropy`, and so are the others.
      table: `[V, H]`.
      bias: `[V]`.
      targets: `[R, L]`.
      counts: `[R, L]`.
      positions: of one chunk, about.

    Returns:
      `[R, L]` float32, and `[R, L]` bool, False where nothing counts.

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
    # What does not count is emptied, so that nothing in it can reach a gradient.
    x = jnp.pad(jnp.where(counts[..., None], x, 0), (*padding, (0, 0)))
    targets = jnp.pad(jnp.where(counts, targets, 0), padding)
    losses, right = _predictions(width, x, table, bias.astype(jnp.float32), targets, jnp.pad(counts, padding))
    return losses[:, :length], right[:, :length]


def _chunks(width: int, counts: jax.Array) -> jax.Array:
    """How many chunks reach to the last token that counts."""
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
        of_target = jnp.take_along_axis(logits, _cut(targets, chunk, width)[..., None], axis=-1)[..., 0]
        there = _cut(counts, chunk, width)
        found = (
            jnp.where(there, normaliser - of_target, 0.0),
            there & (of_target >= jnp.max(logits, axis=-1)),
            normaliser,
        )
        losses, right, normalisers = (_paste(*pair, chunk, width) for pair in zip(carry, found, strict=True))
        return losses, right, normalisers

    nothing = jnp.zeros(targets.shape, jnp.float32)
    start = (nothing, jnp.zeros(targets.shape, bool), nothing)
    losses, right, normalisers = jax.lax.fori_loop(0, _chunks(width, counts), body, start)
    return (losses, right), ((x, table, bias, targets, counts), normalisers)


def _backward(
    width: int, kept: tuple[Residuals, jax.Array], slopes: tuple[jax.Array, Any]
) -> tuple[jax.Array | None, ...]:
    (x, table, bias, targets, counts), normalisers = kept
    slope = jnp.where(counts, slopes[0], 0.0)
    Carry = tuple[jax.Array, jax.Array, jax.Array]

    def body(chunk: jax.Array, carry: Carry) -> Carry:
        of_x, of_table, of_bias = carry
        part = _cut(x, chunk, width)
        probabilities = jnp.exp(_logits(part, table, bias) - _cut(normalisers, chunk, width)[..., None])
        index = jax.lax.broadcasted_iota(targets.dtype, probabilities.shape, 2)
        hit = index == _cut(targets, chunk, width)[..., None]
        of_logits = (probabilities - hit) * _cut(slope, chunk, width)[..., None]
        of_bias = of_bias + of_logits.sum((0, 1))
        of_logits = of_logits.astype(x.dtype)
        of_part = jnp.einsum("RCV,VH->RCH", of_logits, table, preferred_element_type=jnp.float32)
        of_table = of_table + jnp.einsum("RCV,RCH->VH", of_logits, part, preferred_element_type=jnp.float32)
        return _paste(of_x, of_part.astype(x.dtype), chunk, width), of_table, of_bias

    start = (jnp.zeros_like(x), jnp.zeros(table.shape, jnp.float32), jnp.zeros(bias.shape, jnp.float32))
    of_x, of_table, of_bias = jax.lax.fori_loop(0, _chunks(width, counts), body, start)
    return of_x, of_table.astype(table.dtype), of_bias, None, None


_predictions.defvjp(_forward, _backward)
