"""Logical axis names on activations."""

import math

import jax
from flax import linen as nn

from space_jax.config import LOGICAL_AXES


def mesh_axes(name: str, size: int) -> tuple[str, ...]:
    """The axes of the mesh in context that split a logical axis into more than one part.

    Args:
      name: of the logical axis.
      size: of the array along it. Where the parts would not be equal there are none, as without a mesh: parameters are
        initialised from a blank batch, which may have fewer rows than there are devices.
    """
    sizes = dict(jax.sharding.get_abstract_mesh().shape)
    axes = tuple(axis for axis in dict(nn.get_logical_axis_rules()).get(name) or () if sizes.get(axis, 1) > 1)
    return () if size % math.prod(sizes[axis] for axis in axes) else axes


def constrain(x: jax.Array, *names: str | None) -> jax.Array:
    """Constrains the sharding of an activation by logical axis names; does nothing without a mesh.

    Args:
      x: an array of any shape.
      names: one logical name per dimension; None leaves a dimension unsharded.

    Raises:
      ValueError: a name has no sharding rule. Flax would silently replicate such an axis.
    """
    unknown = {name for name in names if name is not None} - LOGICAL_AXES
    if unknown:
        raise ValueError(f"no sharding rule for the logical axis {', '.join(sorted(unknown))}")
    return nn.with_logical_constraint(x, names)
