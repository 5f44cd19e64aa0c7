"""The train state: everything that a step changes, and how it is made on the mesh."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from flax import struct
from jax.sharding import Mesh

from space_jax.models.recipe import B, Objective
from space_jax.training.sharding import Rules, flax_rules, parameter_shardings, replicated, unbox


@struct.dataclass
class TrainState:
    """What a training step reads and replaces.

    Attributes:
      step: scalar int32, steps done.
      params: float32 parameters, without axis names.
      opt_state: of optax.

    Its leaves are arrays, or `jax.ShapeDtypeStruct` or shardings where a function says so.
    """

    step: Any
    params: Any
    opt_state: Any


def _blank(batch: B) -> B:
    # Parameters depend on shapes alone; zeros keep processes with different data equal.
    return jax.tree.map(lambda array: jnp.zeros(array.shape, array.dtype), batch)


def abstract_params(objective: Objective[B], batch: B) -> Any:
    """Shapes and axis names of the parameters, without making any.

    Args:
      objective: makes the parameters.
      batch: one micro-batch; only shapes and dtypes are read.
    """
    return jax.eval_shape(lambda: objective.init(jax.random.key(0), _blank(batch)))


def abstract_placed_params(objective: Objective[B], batch: B, rules: Rules, mesh: Mesh) -> Any:
    """The parameters as `jax.ShapeDtypeStruct` with shardings: what those of a checkpoint are read into.

    Args:
      objective: makes the parameters.
      batch: one micro-batch; only shapes and dtypes are read.
      rules: from logical axis name to mesh axes.
      mesh: the device mesh.

    Raises:
      UserError: when an axis name has no rule or a dimension does not divide (see `sharding.partition_spec`).
    """
    boxed = abstract_params(objective, batch)
    where = parameter_shardings(boxed, rules, mesh)
    return jax.tree.map(
        lambda leaf, sharding: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), unbox(boxed), where
    )


def abstract_state(
    objective: Objective[B], optimiser: optax.GradientTransformation, batch: B, rules: Rules, mesh: Mesh
) -> TrainState:
    """The state as `jax.ShapeDtypeStruct` with shardings: what initialisation makes and a checkpoint restores into.

    The moments of the optimiser lie where their parameters lie; every scalar is replicated.

    Raises:
      UserError: when an axis name has no rule or a dimension does not divide (see `sharding.partition_spec`).
    """
    with nn.logical_axis_rules(flax_rules(rules)), jax.set_mesh(mesh):
        boxed = abstract_params(objective, batch)
        params = unbox(boxed)
        opt_state = jax.eval_shape(optimiser.init, params)
    where = parameter_shardings(boxed, rules, mesh)
    everywhere = replicated(mesh)
    opt_where = optax.tree_utils.tree_map_params(
        optimiser, lambda _, sharding: sharding, opt_state, where, transform_non_params=lambda _: everywhere
    )
    shapes = TrainState(jax.ShapeDtypeStruct((), jnp.int32), params, opt_state)
    shardings = TrainState(everywhere, where, opt_where)
    return jax.tree.map(
        lambda leaf, sharding: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), shapes, shardings
    )


def shardings_of(abstract: Any) -> Any:
    """The shardings of a tree of arrays or `jax.ShapeDtypeStruct`."""
    return jax.tree.map(lambda leaf: leaf.sharding, abstract)


def init_state(
    objective: Objective[B],
    optimiser: optax.GradientTransformation,
    batch: B,
    seed: int,
    rules: Rules,
    mesh: Mesh,
) -> TrainState:
    """A fresh state, each shard made on the device that keeps it; the same numbers on every mesh.

    Args:
      objective: makes the parameters.
      optimiser: from `optimiser.make_optimiser`.
      batch: one micro-batch; only shapes and dtypes are read.
      seed: of the parameters.
      rules: from logical axis name to mesh axes.
      mesh: the device mesh.

    Raises:
      UserError: see `abstract_state`.
    """
    target = abstract_state(objective, optimiser, batch, rules, mesh)
    shapes = jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), batch)

    def make() -> TrainState:
        with nn.logical_axis_rules(flax_rules(rules)):
            params = unbox(objective.init(jax.random.key(seed), _blank(shapes)))
        return TrainState(jnp.zeros((), jnp.int32), params, optimiser.init(params))

    with jax.set_mesh(mesh):
        return jax.jit(make, out_shardings=shardings_of(target))()
