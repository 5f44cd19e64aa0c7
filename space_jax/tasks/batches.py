"""Which examples a step trains on, and how a batch reaches the mesh.

The examples of a step are a function of (seed, step): every epoch goes once through all of them in an order of its
own, and the last batch of an epoch is filled up with places that do not count. So a run that resumes needs no saved
position.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding

from space_jax.errors import UserError
from space_jax.tasks.task import Task
from space_jax.tasks.text_packing import TaskBatch, grow
from space_jax.training.mesh import batch_shards
from space_jax.training.sharding import batch_sharding


def steps_per_epoch(examples: int, batch_size: int) -> int:
    """Steps until every example was there once."""
    return -(-examples // batch_size)


@functools.lru_cache(maxsize=2)
def _order(examples: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng((seed, epoch)).permutation(examples)


def indices_of(examples: int, batch_size: int, seed: int, step: int) -> np.ndarray:
    """The examples of step 0, 1, ...: at most `batch_size` indices."""
    epoch, place = divmod(step, steps_per_epoch(examples, batch_size))
    return _order(examples, seed, epoch)[place * batch_size :][:batch_size]


def train_batch(
    task: Task, examples: Sequence[Any], batch_size: int, accumulate: int, seed: int, step: int, row_multiple: int
) -> TaskBatch:
    """The batch of a step.

    Args:
      task: makes it.
      examples: all of training.
      batch_size: B of the whole batch.
      accumulate: A micro-batches, which divide it.
      seed: of the run.
      step: steps done before.
      row_multiple: what the rows must divide by.

    Returns:
      NumPy arrays `[A, rows or B / A, ...]`.
    """
    chosen = indices_of(len(examples), batch_size, seed, step)
    size = batch_size // accumulate
    micro = []
    for a in range(accumulate):
        part = [examples[index] for index in chosen[a * size : (a + 1) * size]]
        micro.append(task.collate(part, size, np.random.default_rng((seed, step, a))))
    return stacked(micro, row_multiple)


def stacked(micro: Sequence[TaskBatch], row_multiple: int) -> TaskBatch:
    """Batches grown to a common number of rows, with a leading axis."""
    rows = max(len(batch.occupied) for batch in micro)
    rows = -(-rows // row_multiple) * row_multiple
    return jax.tree.map(lambda *arrays: np.stack(arrays), *(grow(batch, rows) for batch in micro))


def on_mesh(batch: TaskBatch, mesh: Mesh) -> TaskBatch:
    """Puts a batch `[A, ...]`, which every process has whole, on the mesh.

    Raises:
      UserError: the examples do not divide among the devices.
    """
    size, parts = batch.valid.shape[1], batch_shards(mesh)
    if size % parts:
        raise UserError(
            f"config field train.batch_size: {size} examples of a micro-batch do not divide among the {parts} parts of "
            f"data x fsdp (remainder {size % parts})"
        )
    sharding: NamedSharding = batch_sharding(mesh)

    def put(array: np.ndarray) -> jax.Array:
        return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])

    return jax.tree.map(put, batch)


def tokens_and_padding(batch: TaskBatch) -> tuple[int, float]:
    """Real tokens, and the share of the grid that is padding; targets, where a task has them, are a grid beside it."""
    targets = [batch.rows["target_segments"]] if "target_segments" in batch.rows else []
    grids = [batch.context.segments, *targets]
    real = sum(int(np.count_nonzero(grid)) for grid in grids)
    return real, 1.0 - real / sum(grid.size for grid in grids)
