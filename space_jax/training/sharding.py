"""Maps logical axis names to the mesh: the sharding of each parameter, optimiser moment and batch array."""

import math
from collections.abc import Mapping
from typing import Any

import jax
from flax import linen as nn
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from space_jax.errors import UserError
from space_jax.models.weights import parameter_path
from space_jax.training.mesh import BATCH_AXES

Rules = tuple[tuple[str, tuple[str, ...]], ...]


def flax_rules(rules: Rules) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
    """The rules for `flax.linen.logical_axis_rules`, with None instead of () for an axis that is not split."""
    return tuple((name, axes or None) for name, axes in rules)


def partition_spec(
    path: str, names: tuple[str | None, ...], shape: tuple[int, ...], rules: Rules, mesh_shape: Mapping[str, int]
) -> PartitionSpec:
    """The mesh axes of each dimension of one parameter.

    A mesh axis splits at most one dimension of an array: if two logical names map to it, the first wins.

    Args:
      path: the parameter, for messages.
      names: one logical name per dimension; None is never split.
      shape: the parameter's shape.
      rules: logical name -> mesh axes.
      mesh_shape: size of each mesh axis.

    Raises:
      UserError: a name has no rule, the names do not fit the shape, or mesh axes do not divide a dimension.
    """
    table = dict(rules)
    if len(names) != len(shape):
        raise UserError(f"parameter {path}: {len(names)} axis names {names} do not fit its shape {shape}")
    taken: set[str] = set()
    spec: list[tuple[str, ...] | None] = []
    for name, size in zip(names, shape, strict=True):
        if name is not None and name not in table:
            raise UserError(
                f"parameter {path}: the axis name {name!r} has no rule in mesh.rules; known are {', '.join(table)}"
            )
        axes = tuple(axis for axis in (table[name] if name is not None else ()) if axis not in taken)
        parts = math.prod(mesh_shape[axis] for axis in axes)
        if size % parts:
            detail = " x ".join(f"{axis} {mesh_shape[axis]}" for axis in axes)
            raise UserError(
                f"parameter {path}: axis {name!r} of size {size} is not divisible by its mesh axes "
                f"({detail} = {parts}, remainder {size % parts})"
            )
        taken.update(axes)
        spec.append(axes or None)
    return PartitionSpec(*spec)


def _names(path: str, leaf: Any) -> tuple[str | None, ...]:
    if isinstance(leaf, nn.LogicallyPartitioned):
        return tuple(leaf.names)
    if leaf.shape:
        # A parameter without names would silently be replicated, which is wrong for a large one.
        raise UserError(f"parameter {path}: shape {leaf.shape} has no logical axis names; wrap its initialiser")
    return ()


def _is_boxed(leaf: Any) -> bool:
    return isinstance(leaf, nn.LogicallyPartitioned)


def unbox(params: Any) -> Any:
    """The parameters without their axis names."""
    return jax.tree.map(lambda leaf: leaf.value if _is_boxed(leaf) else leaf, params, is_leaf=_is_boxed)


def parameter_specs(boxed: Any, rules: Rules, mesh_shape: Mapping[str, int]) -> Any:
    """The partition spec of every parameter.

    Args:
      boxed: parameters with their logical axis names, from `jax.eval_shape` of `Recipe.init`.
      rules: logical name -> mesh axes.
      mesh_shape: size of each mesh axis.

    Returns:
      A tree of PartitionSpec in the structure of the unboxed parameters.

    Raises:
      UserError: see `partition_spec`.
    """

    def spec(path: Any, leaf: Any) -> PartitionSpec:
        name = parameter_path(path)
        return partition_spec(name, _names(name, leaf), unbox(leaf).shape, rules, mesh_shape)

    return jax.tree_util.tree_map_with_path(spec, boxed, is_leaf=_is_boxed)


def parameter_shardings(boxed: Any, rules: Rules, mesh: Mesh) -> Any:
    """Like `parameter_specs`, as shardings on a mesh."""
    specs = parameter_specs(boxed, rules, mesh.shape)
    return jax.tree.map(
        lambda spec: NamedSharding(mesh, spec), specs, is_leaf=lambda leaf: isinstance(leaf, PartitionSpec)
    )


def replicated(mesh: Mesh) -> NamedSharding:
    """The sharding that gives every device the whole array."""
    return NamedSharding(mesh, PartitionSpec())


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """The sharding of every batch array `[A, rows or examples, ...]`: rows and examples are split, A is not."""
    return NamedSharding(mesh, PartitionSpec(None, BATCH_AXES))


def describe_shardings(params: Any) -> str:
    """A table with one line per parameter: path, shape, dtype, partition spec.

    Args:
      params: arrays on a mesh, or `jax.ShapeDtypeStruct` with a sharding.
    """
    rows = []
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        axes = ["+".join(part) if isinstance(part, tuple) else part or "-" for part in leaf.sharding.spec]
        shape = " x ".join(map(str, leaf.shape)) or "scalar"
        rows.append((parameter_path(path), shape, str(leaf.dtype), " ".join(axes) or "-"))
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "".join(
        f"{path:<{widths[0]}}  {shape:<{widths[1]}}  {dtype:<{widths[2]}}  {axes}\n"
        for path, shape, dtype, axes in rows
    )
