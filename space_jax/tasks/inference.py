"""A task's model over many examples: batches of similar lengths, results in the given order."""

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
from flax import linen as nn
from jax.sharding import Mesh

from space_jax.tasks.batches import share_of, stacked
from space_jax.tasks.task import Arrays, Task
from space_jax.tasks.text_packing import TaskBatch
from space_jax.terminal.progress import Told, untold
from space_jax.training.feed import part_of, same_shape, to_mesh
from space_jax.training.mesh import batch_shards
from space_jax.training.sharding import Rules, flax_rules, replicated


class Inference:
    """`Task.infer`, jitted once for every shape of batch. Every process must call it, with the same examples."""

    def __init__(self, task: Task, rules: Rules, mesh: Mesh, batch_size: int, rows: Sequence[int] = ()):
        """Prepares.

        Args:
          task: that computes the outputs.
          rules: from logical axis name to mesh axes.
          mesh: where the parameters lie.
          batch_size: examples of a batch; rounded up to what the devices divide.
          rows: how many rows a batch may have, ascending, the last enough for examples of one row; a batch with more,
            and every batch if there are none, has a number of `text_packing.rung`.
        """
        self._task, self._mesh, self._part, self._rows = task, mesh, part_of(mesh), rows
        shards = batch_shards(mesh)
        self._size = -(-batch_size // shards) * shards

        def run(params: Any, batch: TaskBatch) -> Any:
            with nn.logical_axis_rules(flax_rules(rules)):
                return task.infer(params, jax.tree.map(lambda array: array[0], batch))

        self._run = jax.jit(run, out_shardings=replicated(mesh))

    def __call__(self, params: Any, examples: Sequence[Any], told: Told = untold) -> Arrays:
        """The outputs of all examples, each `[N, ...]` in their order; `told` hears how many are done."""
        order = sorted(range(len(examples)), key=lambda index: -len(examples[index].encoded))
        parts = []
        for start in range(0, max(len(order), 1), self._size):
            chosen = order[start : start + self._size]
            with jax.set_mesh(self._mesh):
                outputs = jax.device_get(self._run(params, self._batch([examples[index] for index in chosen])))
            parts.append({name: np.asarray(array)[: len(chosen)] for name, array in outputs.items()})
            told(start + len(chosen), len(order))
        back = np.argsort(np.array(order, int), kind="stable")
        return {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}

    def warm_up(self, params: Any) -> Iterator[tuple[int, int]]:
        """Compiles a program for each of the numbers of rows, by running it on nothing.

        Yields:
          After each program, how many there are so far and how many in all.
        """
        for done, rows in enumerate(self._rows, start=1):
            with jax.set_mesh(self._mesh):
                jax.block_until_ready(self._run(params, self._batch([], rows)))
            yield done, len(self._rows)

    def names(self, params: Any) -> frozenset[str]:
        """The names of the outputs."""
        with jax.set_mesh(self._mesh):
            return frozenset(jax.eval_shape(self._run, params, self._batch([])))

    def _batch(self, examples: Sequence[Any], least_rows: int = 0) -> TaskBatch:
        """The examples on the mesh, of which this process makes its share."""
        share = share_of(examples, self._size, self._part)
        micro = self._task.collate(share, self._size // self._part.process_count, None)
        if self._rows:
            most = max(least_rows, micro.shape.rows)
            micro = micro.grown(micro.shape._replace(rows=next((rows for rows in self._rows if rows >= most), most)))
        (batch,) = same_shape([stacked([micro], self._part.row_multiple)])
        return to_mesh(batch, self._mesh)
