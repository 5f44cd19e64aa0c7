"""Cross-entropy under a table of token vectors, computed in chunks of the grid's columns.

The logits [R, L, V] are by far the largest array of a batch and most of its gradient's memory traffic, so they are
never stored whole: each chunk's logits are computed, reduced and discarded, and recomputed in the backward pass. Chunks
after the last target are skipped. `token_cross_entropy` of the whole logits is the same loss; tests compare the two.

On a mesh each device takes its own rows in chunks of its own, so that nothing is sent inside the loop: the table is
gathered before it, and the devices' gradients of the table are added after it, once.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec

from space_jax.losses.dtypes import boolean, check_shape, integer

POSITIONS = 512  # in a device's chunk: enough for a large matrix product, few enough for small logits

Residuals = tuple[jax.Array, jax.Array, jax.Array, jax.Array, jax.Array]


class Split(NamedTuple):
    """The axes of the mesh in context over which the arrays are split; by default none is.

    Attributes:
      rows: axes of the rows R of the grid.
      vocabulary: axes of the tokens V, none of them among `rows`.
      scattered: those of `rows` over which the table's gradient is left split along H, as the parameter itself is.
    """

    rows: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    scattered: tuple[str, ...] = ()

    @property
    def by_row(self) -> PartitionSpec:
        """The sharding of arrays `[R, ...]`."""
        return PartitionSpec(self.rows or None)

    @property
    def by_token(self) -> PartitionSpec:
        """The sharding of arrays `[V, ...]`."""
        return PartitionSpec(self.vocabulary or None)


NOT_SPLIT = Split()


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
    x: jax.Array,
    table: jax.Array,
    bias: jax.Array,
    targets: jax.Array,
    counts: jax.Array,
    positions: int = POSITIONS,
    split: Split = NOT_SPLIT,
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
      positions: the approximate number of positions in a device's chunk.
      split: how the arrays lie on the mesh in context.

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
    rows_of_device = rows // math.prod(jax.sharding.get_abstract_mesh().shape[axis] for axis in split.rows)
    width = min(length, max(1, positions // max(rows_of_device, 1)))
    padding = ((0, 0), (0, -length % width)) if length else ((0, 0), (0, 0))
    # Positions that do not count are zeroed, so that nothing in them can reach a gradient.
    x = jnp.pad(jnp.where(counts[..., None], x, 0), (*padding, (0, 0)))
    targets = jnp.pad(jnp.where(counts, targets, 0), padding)
    losses, right = _predictions(width, split, x, table, bias.astype(jnp.float32), targets, jnp.pad(counts, padding))
    return losses[:, :length], right[:, :length]


def _turns(width: int, counts: jax.Array, body: Callable[[jax.Array, Any], Any], start: Any) -> Any:
    """Runs `body` for every chunk up to the last token that counts; `counts` is a whole number of chunks wide."""
    used = jnp.where(jnp.any(counts, axis=0), jnp.arange(1, counts.shape[1] + 1), 0)
    needed = -(-jnp.max(used, initial=0) // width)
    most = counts.shape[1] // width  # said in the condition too, since nothing else in the traced program says it

    def more(state: tuple[jax.Array, Any]) -> jax.Array:
        return (state[0] < needed) & (state[0] < most)

    def turn(state: tuple[jax.Array, Any]) -> tuple[jax.Array, Any]:
        return state[0] + 1, body(*state)

    return jax.lax.while_loop(more, turn, (jnp.int32(0), start))[1]


def _cut(array: jax.Array, chunk: jax.Array, width: int) -> jax.Array:
    return jax.lax.dynamic_slice_in_dim(array, chunk * width, width, axis=1)


def _paste(array: jax.Array, part: jax.Array, chunk: jax.Array, width: int) -> jax.Array:
    return jax.lax.dynamic_update_slice_in_dim(array, part, chunk * width, axis=1)


def _logits(x: jax.Array, table: jax.Array, bias: jax.Array) -> jax.Array:
    scores = jnp.einsum("RCH,VH->RCV", x, table, preferred_element_type=jnp.float32)
    return scores + jnp.broadcast_to(bias, scores.shape)


def _first_token(split: Split, table: jax.Array) -> jax.Array | int:
    """The id of the first token of this device's part of the table."""
    return jax.lax.axis_index(split.vocabulary) * table.shape[0] if split.vocabulary else 0


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _predictions(
    width: int, split: Split, x: jax.Array, table: jax.Array, bias: jax.Array, targets: jax.Array, counts: jax.Array
) -> tuple[jax.Array, jax.Array]:
    return _forward(width, split, x, table, bias, targets, counts)[0]


def _forward(
    width: int, split: Split, x: jax.Array, table: jax.Array, bias: jax.Array, targets: jax.Array, counts: jax.Array
) -> tuple[tuple[jax.Array, jax.Array], tuple[Residuals, jax.Array]]:
    inputs = x, table, bias, targets, counts
    losses, right, normalisers = _on_devices(_forward_of_device, width, split, (split.by_row,) * 3)(*inputs)
    return (losses, right), (inputs, normalisers)


def _forward_of_device(
    width: int, split: Split, x: jax.Array, table: jax.Array, bias: jax.Array, targets: jax.Array, counts: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Losses, whether the target is the likeliest token, and normalisers, of a device's rows; `[R, L]` each."""
    targets = targets - _first_token(split, table)
    Carry = tuple[jax.Array, jax.Array, jax.Array]

    def body(chunk: jax.Array, carry: Carry) -> Carry:
        logits, target = _logits(_cut(x, chunk, width), table, bias), _cut(targets, chunk, width)
        target_logit = jnp.take_along_axis(logits, target[..., None], axis=-1, mode="clip")[..., 0]
        results = (
            jax.nn.logsumexp(logits, axis=-1),
            jnp.where((target >= 0) & (target < table.shape[0]), target_logit, 0.0),
            jnp.max(logits, axis=-1),
        )
        normalisers, target_logits, largest = (_paste(*pair, chunk, width) for pair in zip(carry, results, strict=True))
        return normalisers, target_logits, largest

    zeros = jnp.zeros(targets.shape, jnp.float32)
    parts = _turns(width, counts, body, (zeros, zeros, zeros))
    normalisers, target_logits, largest = _over_vocabulary(split, *parts)
    losses = jnp.where(counts, normalisers - target_logits, 0.0)
    return losses, counts & (target_logits >= largest), normalisers


def _over_vocabulary(
    split: Split, normalisers: jax.Array, target_logits: jax.Array, largest: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """What the parts of the table say of each position, as the whole table would."""
    axes = split.vocabulary
    if not axes:
        return normalisers, target_logits, largest
    highest = jax.lax.pmax(normalisers, axes)
    normalisers = highest + jnp.log(jax.lax.psum(jnp.exp(normalisers - highest), axes))
    return normalisers, jax.lax.psum(target_logits, axes), jax.lax.pmax(largest, axes)


def _backward(
    width: int, split: Split, residuals: tuple[Residuals, jax.Array], cotangents: tuple[jax.Array, Any]
) -> tuple[jax.Array | None, ...]:
    inputs, normalisers = residuals
    dlosses = jnp.where(inputs[-1], cotangents[0], 0.0)
    of_table = PartitionSpec(split.vocabulary or None, split.scattered or None)
    results = split.by_row, of_table, split.by_token
    dx, dtable, dbias = _on_devices(_backward_of_device, width, split, results)(*inputs, normalisers, dlosses)
    return dx, dtable, dbias, None, None


def _backward_of_device(
    width: int,
    split: Split,
    x: jax.Array,
    table: jax.Array,
    bias: jax.Array,
    targets: jax.Array,
    counts: jax.Array,
    normalisers: jax.Array,
    dlosses: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Gradients for a device's rows of `x` and its parts of the table and the bias."""
    targets = targets - _first_token(split, table)
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
        return _paste(dx, dx_chunk.astype(dx.dtype), chunk, width), dtable, dbias

    start = (
        jnp.zeros(x.shape, jnp.float32 if split.vocabulary else x.dtype),  # float32 where parts are still to be added
        jnp.zeros(table.shape, jnp.float32),
        jnp.zeros(bias.shape, jnp.float32),
    )
    dx, dtable, dbias = _turns(width, counts, body, start)
    if split.vocabulary:
        dx = jax.lax.psum(dx, split.vocabulary)
    if split.scattered:
        dtable = jax.lax.psum_scatter(dtable, split.scattered, scatter_dimension=1, tiled=True)
    if summed := tuple(axis for axis in split.rows if axis not in split.scattered):
        dtable = jax.lax.psum(dtable, summed)
    if split.rows:
        dbias = jax.lax.psum(dbias, split.rows)
    return dx.astype(x.dtype), dtable.astype(table.dtype), dbias


def _on_devices(function: Callable[..., Any], width: int, split: Split, results: Sequence[PartitionSpec]) -> Any:
    """`function` of the parts that each device has; the first arguments are those of `_predictions`."""
    local = functools.partial(function, width, split)
    if not split.rows and not split.vocabulary:
        return local

    def run(*arguments: jax.Array) -> Any:
        specs = [split.by_row, split.by_token, split.by_token] + [split.by_row] * (len(arguments) - 3)
        # Without check_vma, whose typing of a loop's start would need an interface that jax 0.7 and 0.10 spell
        # differently. It guards differentiation, and neither function is differentiated.
        return jax.shard_map(local, in_specs=tuple(specs), out_specs=tuple(results), check_vma=False)(*arguments)

    return run


_predictions.defvjp(_forward, _backward)
