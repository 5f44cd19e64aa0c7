"""The compiled training step of a configuration: its memory, operations and communication, without running it."""

import dataclasses
import functools
import time
from typing import Any

import jax
from flax import linen as nn
from jax.sharding import Mesh

from space_jax.config import PretrainConfig
from space_jax.features.batch import Batch
from space_jax.models.attention_path import attention_path, settled
from space_jax.models.recipe import Recipe
from space_jax.models.registry import make_recipe
from space_jax.scale.collectives import Traffic, collectives
from space_jax.scale.flops import product_flops
from space_jax.scale.memory_traffic import memory_traffic
from space_jax.training.optimiser import learning_rate_schedule, make_optimiser
from space_jax.training.random_keys import step_keys
from space_jax.training.sharding import flax_rules
from space_jax.training.state import TrainState, abstract_state
from space_jax.training.step import accumulate, jit_train_step

MODEL_FIELDS = ("layers", "hidden", "heads", "mlp", "dtype", "remat", "attention")
"""Those of `StepPlan.config.model` on which a step's time and memory depend most; reports name them."""


@dataclasses.dataclass(frozen=True)
class StepPlan:
    """The inputs for tracing a step.

    Attributes:
      config: the run's configuration, with a vocabulary and the implementation of attention that the devices have.
      recipe: model and losses.
      mesh: the devices.
      abstract: the train state as `jax.ShapeDtypeStruct` with shardings.
      jitted: from `step.jit_train_step`.
    """

    config: PretrainConfig
    recipe: Recipe
    mesh: Mesh
    abstract: TrainState
    jitted: Any


@dataclasses.dataclass(frozen=True)
class Program:
    """Statistics of a compiled step. Sizes are bytes per chip.

    Attributes:
      rows: rows of the context grid, on all chips.
      seconds: time to trace, lower and compile.
      arguments, outputs, temporaries, code: memory; outputs that reuse the memory of arguments are not counted.
      flops: FLOPs per chip as counted by XLA; the body of a loop counts once.
      bytes_accessed: memory traffic per chip, as counted by XLA; the body of a loop counts once.
      memory_traffic: memory traffic per chip with all turns of loops, see `memory_traffic`.
      products: FLOPs of matrix products on all chips, including recomputation in the backward pass.
      needed: 3 x the FLOPs of the forward pass's matrix products on all chips (the backward pass has two for each),
        without recomputation, and along attention's reference path. MFU is based on this.
      traffic: collectives by kind.
    """

    rows: int
    seconds: float
    arguments: int
    outputs: int
    temporaries: int
    code: int
    flops: float
    bytes_accessed: float
    memory_traffic: int
    products: int
    needed: int
    traffic: dict[str, Traffic]

    @property
    def peak(self) -> int:
        """Peak bytes per chip, by the compiler's plan."""
        return self.arguments + self.outputs + self.temporaries + self.code


def plan_step(config: PretrainConfig, mesh: Mesh, batch: Batch) -> StepPlan:
    """Prepares the step of a configuration.

    Args:
      config: the run's configuration, with a vocabulary.
      mesh: devices, which may be those of a topology.
      batch: `[A, ...]`; only its shapes are used.

    Raises:
      UserError: a parameter does not divide evenly among the chips, or the chips lack the kernel that is asked for.
    """
    platform = mesh.devices.flat[0].platform
    model = settled(config.model, platform)
    config = dataclasses.replace(
        config, model=dataclasses.replace(model, attention=attention_path(config.model, platform))
    )
    recipe = make_recipe(config.model, config.recipe)
    steps, rules = config.train.steps, config.mesh.rules
    optimiser, schedule = make_optimiser(config.optimiser, steps), learning_rate_schedule(config.optimiser, steps)
    abstract = abstract_state(recipe, optimiser, _micro(batch), rules, mesh)
    jitted = jit_train_step(recipe, optimiser, schedule, config.train.seed, abstract, rules, mesh)
    return StepPlan(config, recipe, mesh, abstract, jitted)


def compile_step(plan: StepPlan, batch: Batch) -> tuple[Any, Program]:
    """Compiles the step for a batch.

    Args:
      plan: from `plan_step`.
      batch: `[A, ...]`, arrays or `jax.ShapeDtypeStruct` with shardings.

    Returns:
      The executable, a function of (state, batch), and its statistics.
    """
    with jax.set_mesh(plan.mesh):
        began = time.perf_counter()
        traced = plan.jitted.trace(plan.abstract, batch)
        executable = traced.lower().compile()
        seconds = time.perf_counter() - began
    memory, cost, text = executable.memory_analysis(), executable.cost_analysis(), executable.as_text()
    return executable, Program(
        rows=batch.context.ids.shape[1],
        seconds=seconds,
        arguments=memory.argument_size_in_bytes,
        outputs=memory.output_size_in_bytes - memory.alias_size_in_bytes,
        temporaries=memory.temp_size_in_bytes,
        code=memory.generated_code_size_in_bytes,
        flops=cost.get("flops", 0.0),
        bytes_accessed=cost.get("bytes accessed", 0.0),
        memory_traffic=memory_traffic(text),
        products=product_flops(traced.jaxpr),
        needed=needed_flops(plan, batch),
        traffic=collectives(text),
    )


def _micro(batch: Batch) -> Batch:
    return jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape[1:], array.dtype), batch)


def needed_flops(plan: StepPlan, batch: Batch) -> int:
    """The FLOPs that a step requires, on all chips: see `Program.needed`.

    Args:
      plan: from `plan_step`.
      batch: `[A, ...]`; only its shapes are used.
    """
    keys = functools.partial(step_keys, plan.config.train.seed, 0)
    model = dataclasses.replace(plan.config.model, attention="reference")  # a kernel's products depend on its blocks
    recipe = make_recipe(model, plan.config.recipe)

    def forward(params: Any, batch: Batch) -> Any:
        with nn.logical_axis_rules(flax_rules(plan.config.mesh.rules)):
            return recipe.finish(*accumulate(recipe, params, batch, keys))

    with jax.set_mesh(plan.mesh):
        return 3 * product_flops(jax.make_jaxpr(forward)(plan.abstract.params, batch))
