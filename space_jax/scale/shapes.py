"""The shapes of a training batch from a configuration alone, without a corpus."""

import dataclasses
import math

import jax
from jax.sharding import Mesh

from space_jax.config import PretrainConfig, Vocabulary
from space_jax.errors import UserError
from space_jax.features.batch import Batch
from space_jax.features.example import Limits
from space_jax.features.grid import Grid, GridShape, make_grid
from space_jax.features.layout import WRAPPERS
from space_jax.features.packing import pack
from space_jax.training.mesh import batch_shards
from space_jax.training.sharding import batch_sharding

BERT_VOCABULARY = 30522
_PROMPTS = 5


def with_vocabulary(config: PretrainConfig, size: int = BERT_VOCABULARY) -> PretrainConfig:
    """The configuration with a vocabulary of `size` ids, which otherwise comes from the corpora's tokenizer."""
    prompts = tuple(range(size - 2 * _PROMPTS, size))
    vocabulary = Vocabulary(size=size, understand=prompts[:_PROMPTS], policy=prompts[_PROMPTS:], special=prompts)
    return dataclasses.replace(config, model=dataclasses.replace(config.model, vocabulary=vocabulary))


def batch_shapes(config: PretrainConfig, mesh: Mesh, rows: float | GridShape = 1.0) -> Batch:
    """The global batch as `jax.ShapeDtypeStruct` on a mesh.

    Args:
      config: the run's configuration.
      mesh: its devices may be those of a topology.
      rows: a rung of `grid_on`; or a share of the batch, which selects the smallest with at least as many rows. 1.0
        is the one that always fits.

    Raises:
      UserError: the batch does not divide among processes, micro-batches and devices.
    """
    grid, processes = grid_on(config, mesh), process_count(mesh)
    if isinstance(rows, GridShape):
        rung = rows
    else:
        rung = grid.smallest(min(math.ceil(rows * grid.examples), grid.rungs[-1].rows))
    local = pack([], dataclasses.replace(grid, rungs=(rung,)))
    accumulate, sharding = config.optimiser.accumulate, batch_sharding(mesh)

    def shape(array: jax.Array) -> jax.ShapeDtypeStruct:
        whole = (accumulate, array.shape[0] * processes, *array.shape[1:])
        return jax.ShapeDtypeStruct(whole, array.dtype, sharding=sharding)

    return jax.tree.map(shape, local)


def grid_on(config: PretrainConfig, mesh: Mesh) -> Grid:
    """The sizes of a micro-batch on one process of a mesh, with all shapes that a step of the run can have.

    Args:
      config: the run's configuration.
      mesh: its devices may be those of a topology.

    Raises:
      UserError: the batch does not divide among processes, micro-batches and devices.
    """
    processes = process_count(mesh)
    shards, accumulate, size = batch_shards(mesh), config.optimiser.accumulate, config.data.batch_size
    if shards % processes:
        raise UserError(
            f"config field mesh.tensor: {processes} processes do not divide the {shards} parts of data x fsdp, so that "
            "a row would lie on several processes; tensor must divide the number of devices of one process"
        )
    if size % (accumulate * shards):
        raise UserError(
            f"config field data.batch_size: {size} examples do not divide among {accumulate} micro-batches x {shards} "
            f"parts of data x fsdp (remainder {size % (accumulate * shards)})"
        )
    longest = min(Limits().max_turn_tokens, min(config.data.response_length, config.data.context_length) - WRAPPERS)
    examples = size // (accumulate * processes)
    return make_grid(config.data, config.recipe, examples, longest, shards // processes)


def process_count(mesh: Mesh) -> int:
    """The number of processes that hold the devices of a mesh."""
    return len({device.process_index for device in mesh.devices.flat})
