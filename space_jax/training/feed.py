"""From the NumPy batches of this process to arrays on the mesh, in step with the other processes."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from jax.sharding import Mesh

from space_jax.errors import UserError
from space_jax.features.batch import Batch
from space_jax.features.grid import Rung
from space_jax.features.padding import grow, lost_targets, real_tokens, shape_of
from space_jax.training.agreement import gather_numbers
from space_jax.training.mesh import batch_position, batch_shards
from space_jax.training.sharding import batch_sharding


class BatchIterator(Protocol):
    """A stream of batches whose place can be saved and set; reading ahead is its own affair."""

    def __next__(self) -> Batch:
        """The next batch, NumPy arrays `[A, ...]`, this process's share."""
        ...

    def get_state(self) -> Any:
        """The place after the last batch that was handed out, as a JSON value."""
        ...

    def set_state(self, state: Any) -> None:
        """Goes to a place that `get_state` gave."""
        ...


class Delivery(NamedTuple):
    """One batch on the mesh.

    Attributes:
      batch: global arrays `[A, ...]`.
      position: state of this process's iterator after this batch.
      tokens: real tokens of all processes, without padding.
      padding: share of the token grids that is padding, after growing to the common shape.
      masked: masked context tokens of all processes.
      lost: those of them that are not in the loss, see `padding.lost_targets`.
    """

    batch: Batch
    position: Any
    tokens: int
    padding: float
    masked: int
    lost: int


def to_mesh(batch: Batch, mesh: Mesh) -> Batch:
    """Puts this process's part of a batch on the mesh.

    Args:
      batch: NumPy arrays `[A, ...]` with the same number of rows on every process; `slot` counts from its first row.
      mesh: the device mesh.

    Returns:
      jax.Arrays of all processes' rows and examples; `slot` counts from the first row of all.

    Raises:
      UserError: when the rows or the examples do not divide among the devices.
    """
    index, count = batch_position(mesh)
    rows, slots = batch.occupied.shape[1:]
    examples = batch.valid.shape[1]
    for what, size in (("rows", rows), ("examples", examples)):
        if size * count % batch_shards(mesh):
            raise UserError(
                f"config field data.batch_size: {size * count} {what} of a micro-batch do not divide among the "
                f"{batch_shards(mesh)} parts of data x fsdp (remainder {size * count % batch_shards(mesh)})"
            )
    batch = dataclasses.replace(batch, slot=np.asarray(batch.slot + np.int32(index * rows * slots), np.int32))
    sharding = batch_sharding(mesh)

    def put(array: Any) -> jax.Array:
        whole = (array.shape[0], array.shape[1] * count, *array.shape[2:])
        return jax.make_array_from_process_local_data(sharding, np.asarray(array), whole)

    return jax.tree.map(put, batch)


def same_shape(batches: Sequence[Batch]) -> list[Batch]:
    """Grows batches to the most rows and columns among all of them and all processes, so that one program runs them.

    Every process must call it, with as many batches.

    Args:
      batches: NumPy batches, with or without the axis of micro-batches.
    """
    largest = np.max([shape_of(batch) for batch in batches] or [Rung(0, 0, 0)], axis=0)
    shape = _largest(gather_numbers(largest.tolist()))
    return [grow(batch, shape) for batch in batches]


def _largest(shapes: np.ndarray) -> Rung:
    """`[N, 3]` -> the shape that each of them fits into."""
    return Rung(*shapes.max(axis=0).tolist())


class _Drawn(NamedTuple):
    """A batch of this process's iterator, and the same on the mesh as long as no other process needs a larger shape."""

    batch: Batch
    position: Any
    on_mesh: Batch


class Feed:
    """The training batches of a run, agreed on by all processes and put on the mesh, one ahead of the step."""

    def __init__(self, iterator: BatchIterator, mesh: Mesh):
        self._iterator = iterator
        self._mesh = mesh
        self._ahead: _Drawn | None = None

    def prepare(self) -> None:
        """Draws the next batch and starts its transfer; called while the devices compute a step.

        Raises:
          UserError: when the training data come to an end.
        """
        if self._ahead is not None:
            return
        try:
            batch = next(self._iterator)
        except StopIteration:
            raise UserError("training data: the stream ended, but a training stream must repeat without end") from None
        self._ahead = _Drawn(batch, self.position(), to_mesh(batch, self._mesh))

    def take(self, stop: bool) -> Delivery | None:
        """The next batch, or None when any process wants to stop.

        One small exchange a step settles both the shape and whether to go on, so that no process waits in a
        collective for one that has left. The batch of a step that is not taken is drawn again on resumption.

        Args:
          stop: whether this process was asked to stop.

        Raises:
          UserError: when the training data come to an end.
        """
        self.prepare()
        drawn, self._ahead = self._ahead, None
        assert drawn is not None
        batch = drawn.batch
        lost = lost_targets(batch)
        masked = lost + int(np.count_nonzero(batch.masked_weights))
        told = gather_numbers([*shape_of(batch), int(stop), real_tokens(batch), masked, lost])
        if told[:, 3].any():
            return None
        shape = _largest(told[:, :3])
        # Slots count from the first row of all processes, so more rows on another one mean another transfer.
        on_mesh = drawn.on_mesh
        if shape != shape_of(batch):
            batch = grow(batch, shape)
            on_mesh = to_mesh(batch, self._mesh)
        tokens, masked, lost = told[:, 4:].sum(0).tolist()
        cells = len(told) * sum(grid.segments.size for grid in (batch.context, batch.response, batch.negative))
        return Delivery(on_mesh, drawn.position, tokens, 1.0 - tokens / cells, masked, lost)

    def position(self) -> Any:
        """The state of this process's iterator, copied: the iterator may go on changing what it hands out."""
        return json.loads(json.dumps(self._iterator.get_state()))
