"""Layers whose gradients cross the mesh once a step, however often the step runs them.

A step runs the layers for both dropout views, for every decoder and for every micro-batch. Left alone, the compiler
adds the gradient of each of these passes over all devices, layer by layer. Here every replica, the devices at one place
of the mesh's data axis, has a copy of its own of the layers' parameters, and its rows run through that: the gradients
of a copy add up where it lies, through all passes, and the sum over copies is sent once, at the end. A copy takes no
more memory than the parameters do, which every replica holds in any case.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.sharding import PartitionSpec

REPLICA = "replica"
"""A logical axis whose rule, where there is one, names the mesh axes of the replicas. Training steps have it."""

LAYERS = "layers"
"""The name of the layers among a backbone's parameters."""

Rows = tuple[tuple[int, ...], Any]
"""The axis of rows in each argument of the layers, and in each of their results."""


def replica_axes() -> tuple[str, ...]:
    """The mesh axes over which there are several replicas."""
    sizes = dict(jax.sharding.get_abstract_mesh().shape)
    return tuple(axis for axis in dict(nn.get_logical_axis_rules()).get(REPLICA) or () if sizes.get(axis, 1) > 1)


def replicas() -> int:
    """How many replicas have copies of their own; 1 where nothing is copied."""
    sizes = dict(jax.sharding.get_abstract_mesh().shape)
    return math.prod(sizes[axis] for axis in replica_axes())


def with_copies(params: Any) -> Any:
    """The parameters of a model, those of every backbone's layers with a leading axis of copies."""
    count, axes = replicas(), replica_axes()
    if count == 1:
        return params

    def copies(path: Any, array: jax.Array) -> jax.Array:
        if LAYERS not in [key.key for key in path]:
            return array
        spec = PartitionSpec(axes, *(PartitionSpec.UNCONSTRAINED,) * array.ndim)
        return jax.lax.with_sharding_constraint(jnp.broadcast_to(array[None], (count, *array.shape)), spec)

    return jax.tree_util.tree_map_with_path(copies, params)


def on_copies(layers: Any, rows: Rows) -> Any:
    """A class of modules that runs each replica's rows on its copy of the parameters; `layers` itself without copies.

    Args:
      layers: a class of modules.
      rows: where its arguments and results have their rows.
    """
    if replicas() == 1:
        return layers
    return nn.vmap(
        layers,
        variable_axes={"params": 0},
        split_rngs={"params": False, "dropout": False},  # `dropout.keeps` draws for the rows of all
        in_axes=rows[0],
        out_axes=rows[1],
        axis_size=replicas(),
        spmd_axis_name=replica_axes(),
    )


def run_on_copies(layers: Callable[..., Any], rows: Rows, *arguments: Any) -> Any:
    """Calls such a module on arrays of all rows.

    Args:
      layers: of a class from `on_copies`.
      rows: see `on_copies`.
      arguments: trees of arrays; R, the length along an argument's axis, is a multiple of the number of replicas.
    """
    count, axes = replicas(), replica_axes()
    if count == 1:
        return layers(*arguments)

    def divided(axis: int, tree: Any) -> Any:
        def of(array: jax.Array) -> jax.Array:
            shape = array.shape
            return array.reshape(*shape[:axis], count, shape[axis] // count, *shape[axis + 1 :])

        return jax.tree.map(of, tree)

    def whole(axis: int, tree: Any) -> Any:
        return jax.tree.map(lambda array: array.reshape(*array.shape[:axis], -1, *array.shape[axis + 2 :]), tree)

    with nn.logical_axis_rules(_within(axes)):
        results = layers(*map(divided, rows[0], arguments))
    return jax.tree.map(whole, rows[1], results)


def _within(axes: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
    """The rules in context for the rows of one replica, which the replicas' axes do not divide any more."""
    rules = dict(nn.get_logical_axis_rules())
    left = {name: tuple(axis for axis in used or () if axis not in axes) or None for name, used in rules.items()}
    return tuple((left | {REPLICA: axes}).items())
