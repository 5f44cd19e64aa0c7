"""Logical axis names on activations."""

import jax
from flax import linen as nn

from space_jax.config import LOGICAL_AXES


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
