"""From the NumPy batches of this process to arrays on the mesh, in step with the other processes."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh

from space_jax.errors import UserError
from space_jax.features.batch import Batch
from space_jax.features.padding import grow, real_tokens
from space_jax.training.agreement import gather_numbers
from space_jax.training.mesh import batch_position, batch_shards
from space_jax.training.prefetch import BatchIterator, Placed, Prefetcher
from space_jax.training.sharding import batch_sharding


class Delivery(NamedTuple):
    """One batch on the mesh.

    Attributes:
      batch: global arrays `[A, ...]`.
      position: state of this process's iterator after this batch.
      tokens: real tokens of all processes, without padding.
      padding: share of the token grids that is padding, after growing to the common number of rows.
    """

    batch: Batch
    position: Any
    tokens: int
    padding: float


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
    batch = batch.replace(slot=np.asarray(batch.slot + np.int32(index * rows * slots), np.int32))
    sharding = batch_sharding(mesh)

    def put(array: Any) -> jax.Array:
        whole = (array.shape[0], array.shape[1] * count, *array.shape[2:])
        return jax.make_array_from_process_local_data(sharding, np.asarray(array), whole)

    return jax.tree.map(put, batch)


def to_mesh_together(batch: Batch, mesh: Mesh) -> Batch:
    """`to_mesh` after growing to the largest number of rows among the processes; every process must call it."""
    rows = int(gather_numbers([batch.occupied.shape[1]]).max())
    return to_mesh(grow(batch, rows), mesh)


class Feed:
    """The training batches of a run, prefetched, agreed on by all processes and put on the mesh."""

    def __init__(self, iterator: BatchIterator, mesh: Mesh):
        self._prefetcher = Prefetcher(iterator)
        self._mesh = mesh
        self._held: Placed | None = None

    def take(self, stop: bool) -> Delivery | None:
        """The next batch, or None when any process wants to stop; then no batch is lost.

        One small exchange a step settles both the number of rows and whether to go on, so that no process waits in a
        collective for one that has left.

        Args:
          stop: whether this process was asked to stop.

        Raises:
          UserError: when the training data come to an end.
        """
        try:
            self._held = self._held or next(self._prefetcher)
        except StopIteration:
            raise UserError("training data: the stream ended, but a training stream must repeat without end") from None
        batch, position = self._held
        told = gather_numbers([batch.occupied.shape[1], int(stop), real_tokens(batch)])
        if told[:, 1].any():
            return None
        self._held = None
        batch = grow(batch, int(told[:, 0].max()))
        tokens = int(told[:, 2].sum())
        cells = len(told) * sum(grid.segments.size for grid in (batch.context, batch.response, batch.negative))
        return Delivery(to_mesh(batch, self._mesh), position, tokens, 1.0 - tokens / cells)

    def close(self) -> None:
        """Ends the prefetching thread."""
        self._prefetcher.close()
