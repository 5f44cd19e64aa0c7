"""Which examples a step trains on, and the batches made of them.

The examples of a step are a function of (seed, step): every epoch visits all of them once in its own order, and empty
places fill the last batch of an epoch. So resuming needs no saved position.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from space_jax.errors import UserError
from space_jax.features.grid import GridShape
from space_jax.features.pipeline import WHOLE, Part
from space_jax.tasks.task import Task
from space_jax.tasks.text_packing import TaskBatch


def steps_per_epoch(examples: int, batch_size: int) -> int:
    """Steps of one pass over the examples."""
    return -(-examples // batch_size)


@functools.lru_cache(maxsize=2)
def _order(examples: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng((seed, epoch)).permutation(examples)


def indices_of(examples: int, batch_size: int, seed: int, step: int) -> np.ndarray:
    """The examples of step 0, 1, ...: at most `batch_size` indices."""
    epoch, place = divmod(step, steps_per_epoch(examples, batch_size))
    return _order(examples, seed, epoch)[place * batch_size :][:batch_size]


class EpochBatches:
    """The endless training batches of a task, see `training.feed.Source`; a process makes only its own share."""

    def __init__(
        self, task: Task, examples: Sequence[Any], batch_size: int, accumulate: int, seed: int, part: Part = WHOLE
    ):
        """Starts before the first batch.

        Args:
          task: makes the batches.
          examples: all of training.
          batch_size: B of the whole batch.
          accumulate: A micro-batches, which divide it.
          seed: of the order and of randomness within a batch.
          part: of this process.

        Raises:
          UserError: the examples of a micro-batch do not divide among the devices.
        """
        size, shards = batch_size // accumulate, part.process_count * part.row_multiple
        if size % shards:
            raise UserError(
                f"config field train.batch_size: {size} examples of a micro-batch do not divide among the {shards} "
                f"parts of data x fsdp (remainder {size % shards})"
            )
        self._task, self._examples, self._batch_size, self._seed = task, examples, batch_size, seed
        self._accumulate, self._part, self._step = accumulate, part, 0

    def seek(self, step: int) -> None:
        """Makes batch `step` (0, 1, ...) the next."""
        self._step = step

    def __next__(self) -> TaskBatch:
        """The next batch, NumPy arrays `[A, rows or B / A, ...]` of this process.

        The last of an epoch, which is rarely full, has as many rows as the one before it, so that it needs no program
        of its own.
        """
        step = self._step
        batch, chosen = self._made(step), self._chosen(step)
        if step and len(chosen) < self._batch_size == len(self._chosen(step - 1)):
            batch = batch.grown(GridShape(*np.maximum(batch.shape, self._made(step - 1).shape).tolist()))
        self._step += 1
        return batch

    def _chosen(self, step: int) -> np.ndarray:
        return indices_of(len(self._examples), self._batch_size, self._seed, step)

    def _made(self, step: int) -> TaskBatch:
        chosen, part = self._chosen(step), self._part
        size = self._batch_size // self._accumulate
        micro = []
        for a in range(self._accumulate):
            share = share_of(chosen[a * size : (a + 1) * size], size, part)
            # One stream of random numbers a process, which is the step's own where there is one process.
            rng = np.random.default_rng((self._seed, step, a * part.process_count + part.process_index))
            examples = [self._examples[index] for index in share]
            micro.append(self._task.collate(examples, size // part.process_count, rng))
        return stacked(micro, part.row_multiple)

    def offers(self, batch: TaskBatch) -> list[int]:
        """See `training.feed.Source.offers`: its shape. Those of a task differ in their rows alone."""
        return list(batch.shape)

    def agreed(self, batch: TaskBatch, offers: np.ndarray) -> TaskBatch:
        """See `training.feed.Source.agreed`: the most rows of any process, a number that each of them may have."""
        return batch.grown(GridShape(*offers.max(axis=0).tolist()))


def share_of(examples: Any, size: int, part: Part) -> Any:
    """A process's share of a batch of `size` places: equal, consecutive parts."""
    places = size // part.process_count
    return examples[part.process_index * places :][:places]


def stacked(micro: Sequence[TaskBatch], row_multiple: int) -> TaskBatch:
    """Batches grown to a common number of rows, which `row_multiple` divides, with a leading axis."""
    rows, *columns = np.max([batch.shape for batch in micro], axis=0).tolist()
    shape = GridShape(-(-rows // row_multiple) * row_multiple, *columns)
    return jax.tree.map(lambda *arrays: np.stack(arrays), *(batch.grown(shape) for batch in micro))
