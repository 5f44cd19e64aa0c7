"""Turns this process's NumPy batches into arrays on the mesh, in agreement with the other processes."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol

import jax
import numpy as np
from jax.sharding import Mesh

from space_jax.errors import UserError
from space_jax.features.batch import count_tokens
from space_jax.features.grid import GridShape
from space_jax.features.pipeline import Part
from space_jax.models.recipe import B
from space_jax.training.mesh import batch_position, batch_shards
from space_jax.training.processes import Exchange
from space_jax.training.sharding import batch_sharding


class Source(Protocol[B]):
    """The training batches of a run by number; prefetching is left to the source."""

    def seek(self, step: int) -> None:
        """Makes batch `step` (0, 1, ...) the next one."""

    def __next__(self) -> B:
        """The process's share of the next batch, NumPy arrays `[A, ...]`."""

    def offers(self, batch: B) -> list[int]:
        """What the other processes must know of the batch returned last, equally many numbers on each."""

    def agreed(self, batch: B, offers: np.ndarray) -> B:
        """The batch returned last on the shape that follows from the offers `[processes, N]`, the same on each process.

        It is one of the shapes that `space-jax compile` has certified, and its examples and their order do not change.
        """


class Delivery(NamedTuple, Generic[B]):
    """One batch on the mesh.

    Attributes:
      batch: global arrays `[A, ...]`.
      tokens: number of tokens on all processes, without padding.
      padding: share of padding in the token grids of the common shape.
      masked: masked context tokens on all processes.
      lost: how many of them are not in the loss, see `PackedBatch.masked_and_lost`.
    """

    batch: B
    tokens: int
    padding: float
    masked: int
    lost: int


def part_of(mesh: Mesh) -> Part:
    """Which part of every global batch this process assembles.

    Raises:
      UserError: see `mesh.batch_position`.
    """
    index, count = batch_position(mesh)
    return Part(index, count, batch_shards(mesh) // count)


def to_mesh(batch: B, mesh: Mesh) -> B:
    """Puts this process's part of a batch on the mesh.

    Args:
      batch: NumPy arrays `[A, ...]` with the same number of rows on every process; `slot` counts from its first row.
      mesh: the device mesh.

    Returns:
      jax.Arrays with the rows and examples of all processes; `slot` counts from the first of all rows.

    Raises:
      UserError: rows or examples do not divide evenly among the devices.
    """
    index, count = batch_position(mesh)
    rows, examples = batch.occupied.shape[1], batch.valid.shape[1]
    for what, size in (("rows", rows), ("examples", examples)):
        if size * count % batch_shards(mesh):
            raise UserError(
                f"config field data.batch_size: {size * count} {what} of a micro-batch do not divide among the "
                f"{batch_shards(mesh)} parts of data x fsdp (remainder {size * count % batch_shards(mesh)})"
            )
    sharding = batch_sharding(mesh)

    def put(array: Any) -> jax.Array:
        whole = (array.shape[0], array.shape[1] * count, *array.shape[2:])
        return jax.make_array_from_process_local_data(sharding, np.asarray(array), whole)

    return jax.tree.map(put, batch.behind(index * rows))


def same_shape(batches: Sequence[B]) -> list[B]:
    """Grows batches to the largest shape among them on all processes, so that one program runs them all.

    Every process must call it, with equally many batches.

    Args:
      batches: NumPy batches, with or without an axis of micro-batches.
    """
    largest = np.max([batch.shape for batch in batches] or [GridShape(0, 0, 0)], axis=0)
    shape = GridShape(*Exchange(largest.tolist()).read().max(axis=0).tolist())
    return [batch.grown(shape) for batch in batches]


class _Drawn(NamedTuple, Generic[B]):
    """A batch of this process, its copy on the devices, and the exchange about the batches of all processes.

    The copy is usable unless another process needs another shape.
    """

    batch: B
    on_mesh: B
    exchange: Exchange


class Feed(Generic[B]):
    """The training batches of a run, agreed on by all processes and put on the mesh.

    A batch is drawn, and the exchange about it begun, before the step on the previous batch starts; it is taken after
    that. Its shape is thus agreed on, and its transfer done, while the devices compute.
    """

    def __init__(self, source: Source[B], mesh: Mesh, stop: Callable[[], bool] = lambda: False):
        """Draws nothing yet.

        Args:
          source: this process's batches.
          mesh: the device mesh.
          stop: whether this process was asked to stop.
        """
        self._source, self._mesh, self._stop = source, mesh, stop
        self._drawn: _Drawn[B] | None = None

    def draw(self) -> None:
        """Draws the next batch, starts its transfer and its exchange with the other processes; waits for no device.

        Raises:
          UserError: the training data end.
        """
        assert self._drawn is None, "the batch drawn last was not taken"
        try:
            batch = next(self._source)
        except StopIteration:
            raise UserError("training data: the stream ended, but a training stream must repeat without end") from None
        masked, lost = batch.masked_and_lost()
        exchange = Exchange([int(self._stop()), count_tokens(batch), masked, lost, *self._source.offers(batch)])
        self._drawn = _Drawn(batch, to_mesh(batch, self._mesh), exchange)

    def take(self) -> Delivery[B] | None:
        """Returns the batch drawn last, or None if any process was asked to stop.

        One small exchange per step settles both the shape and whether to continue, so that no process waits in a
        collective for one that has left. If None, the batch is drawn again on resumption.
        """
        drawn, self._drawn = self._drawn, None
        assert drawn is not None, "no batch was drawn"
        numbers = drawn.exchange.read()
        stops, (tokens, masked, lost) = numbers[:, 0], numbers[:, 1:4].sum(0).tolist()
        if stops.any():
            return None
        batch, on_mesh = self._source.agreed(drawn.batch, numbers[:, 4:]), drawn.on_mesh
        # Slots count from the first row of all processes, so more rows on another process require a new transfer.
        if batch.shape != drawn.batch.shape:
            on_mesh = to_mesh(batch, self._mesh)
        cells = len(numbers) * sum(segments.size for segments in batch.segments)
        return Delivery(on_mesh, tokens, 1.0 - tokens / cells, masked, lost)
