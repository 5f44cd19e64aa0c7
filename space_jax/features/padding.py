"""The rows of a packed batch: growing it to a larger rung, and how much of it is padding."""

import dataclasses

import numpy as np

from space_jax.features.batch import Array, Batch, Tokens


def grow(batch: Batch, rows: int) -> Batch:
    """Appends empty rows, so that micro-batches and processes share one shape.

    Segments are local to a row and `slot` counts rows from the first, so nothing else changes.

    Args:
      batch: a batch, with or without a leading axis of micro-batches.
      rows: the wanted number of rows, at least the present one.
    """
    row_axis = batch.occupied.ndim - 2
    missing = rows - batch.occupied.shape[row_axis]
    assert missing >= 0, f"a batch of {batch.occupied.shape[row_axis]} rows does not fit into {rows}"
    if missing == 0:
        return batch

    def append(array: Array) -> Array:
        widths = [(0, missing if axis == row_axis else 0) for axis in range(array.ndim)]
        return np.pad(array, widths)

    def append_tokens(tokens: Tokens) -> Tokens:
        return Tokens(
            **{name: append(getattr(tokens, name)) for name in ("ids", "positions", "roles", "turns", "segments")}
        )

    grids = {name: append_tokens(getattr(batch, name)) for name in ("context", "response", "negative")}
    masked = ("masked_ids", "masked_positions", "masked_targets", "masked_weights")
    return dataclasses.replace(batch, **grids, **{name: append(getattr(batch, name)) for name in (*masked, "occupied")})


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
