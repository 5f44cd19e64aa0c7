"""The train state: everything that a step changes, and its initialisation on the mesh."""

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
    """The input and output of a training step.

    Attributes:
      step: scalar int32, steps done.
      params: float32 parameters, without axis names.
      opt_state: the optax state.

    Leaves are arrays, or `jax.ShapeDtypeStruct` or shardings where documented.
    """

    step: Any
    params: Any
    opt_state: Any


def _blank(batch: B) -> B:
    # Parameters depend only on shapes; zeros make them equal on processes with different data.
    return jax.tree.map(lambda array: jnp.zeros(array.shape, array.dtype), batch)


def abstract_params(objective: Objective[B], batch: B) -> Any:
    """Shapes and axis names of the parameters, without allocating them.

    Args:
      objective: creates the parameters.
      batch: one micro-batch; only its shapes and dtypes are used.
    """
    return jax.eval_shape(lambda: objective.init(jax.random.key(0), _blank(batch)))


def abstract_placed_params(objective: Objective[B], batch: B, rules: Rules, mesh: Mesh) -> Any:
    """The parameters as `jax.ShapeDtypeStruct` with shardings, for reading a checkpoint into.

    Args:
      objective: creates the parameters.
      batch: one micro-batch; only its shapes and dtypes are used.
      rules: logical axis name -> mesh axes.
      mesh: the device mesh.

    Raises:
      UserError: an axis name has no rule or a dimension does not divide evenly (see `sharding.partition_spec`).
    """
    boxed = abstract_params(objective, batch)
    where = parameter_shardings(boxed, rules, mesh)
    return jax.tree.map(
        lambda leaf, sharding: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), unbox(boxed), where
    )


def abstract_state(
    objective: Objective[B], optimiser: optax.GradientTransformation, batch: B, rules: Rules, mesh: Mesh
) -> TrainState:
    """The state as `jax.ShapeDtypeStruct` with shardings, for initialisation and for restoring a checkpoint.

    The optimiser's moments are sharded like their parameters; every scalar is replicated.

    Raises:
      UserError: an axis name has no rule or a dimension does not divide evenly (see `sharding.partition_spec`).
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
    """A new state, each shard created on its own device; the values do not depend on the mesh.

    Args:
      objective: creates the parameters.
      optimiser: from `optimiser.make_optimiser`.
      batch: one micro-batch; only its shapes and dtypes are used.
      seed: seed of the parameters.
      rules: logical axis name -> mesh axes.
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
