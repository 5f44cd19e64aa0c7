"""The shape of a packed batch: growing it to a larger one, and how much of it is padding."""

import dataclasses

import jax
import numpy as np

from space_jax.features.batch import Array, Batch, Tokens
from space_jax.features.grid import Rung


def shape_of(batch: Batch) -> Rung:
    """Rows, and columns of context and response, of a batch with or without a leading axis of micro-batches."""
    return Rung(batch.occupied.shape[-2], batch.context.ids.shape[-1], batch.response.ids.shape[-1])


def grow(batch: Batch, shape: Rung) -> Batch:
    """Appends empty rows and columns, so that micro-batches and processes share one shape.

    Segments are local to a row and `slot` counts rows from the first, so nothing else changes.

    Args:
      batch: a batch, with or without a leading axis of micro-batches.
      shape: the wanted one, nowhere smaller than the present one.
    """
    present = shape_of(batch)
    if shape == present:
        return batch
    assert all(new >= old for new, old in zip(shape, present, strict=True)), f"a batch of {present} in {shape}"
    row_axis = batch.occupied.ndim - 2

    def append(array: Array, columns: int) -> Array:
        widths = [(0, 0)] * row_axis + [(0, shape.rows - present.rows), (0, columns)]
        return np.pad(array, widths)

    def append_tokens(tokens: Tokens, columns: int) -> Tokens:
        return jax.tree.map(lambda array: append(array, columns if array.shape[-1] else 0), tokens)

    context, response = shape.context - present.context, shape.response - present.response
    of_rows = ("masked_positions", "masked_targets", "masked_weights", "occupied")
    return dataclasses.replace(
        batch,
        context=append_tokens(batch.context, context),
        response=append_tokens(batch.response, response),
        negative=append_tokens(batch.negative, response),  # one without columns stays without
        masked_ids=append(batch.masked_ids, context),
        **{name: append(getattr(batch, name), 0) for name in of_rows},
    )


def real_tokens(batch: Batch) -> int:
    """Tokens of context, response and negative grid that are not padding."""
    return sum(int(np.count_nonzero(grid.segments)) for grid in (batch.context, batch.response, batch.negative))


def pad_share(batch: Batch) -> float:
    """The share of padding in the context, response and negative grids together."""
    return 1.0 - real_tokens(batch) / sum(g.segments.size for g in (batch.context, batch.response, batch.negative))


def lost_targets(batch: Batch) -> int:
    """Context tokens that were replaced but did not enter the loss, because their row has more than M masked ones."""
    lost = np.array(batch.masked_ids != batch.context.ids)
    *leading, columns = np.nonzero(batch.masked_weights)
    lost[(*leading, batch.masked_positions[(*leading, columns)])] = False
    return int(np.count_nonzero(lost))
