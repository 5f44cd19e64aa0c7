"""Logical axis names on activations."""

import jax
from flax import linen as nn

from space_jax.config import LOGICAL_AXES


def constrain(x: jax.Array, *names: str | None) -> jax.Array:
    """Constrains the sharding of an activation by logical axis names; without a mesh it does nothing.

    Args:
      x: an array of any shape.
      names: one logical name a dimension, or None for a dimension that stays whole.

    Raises:
      ValueError: a name that no rule knows. Flax would replicate it without a word.
    """
    unknown = {name for name in names if name is not None} - LOGICAL_AXES
    if unknown:
        raise ValueError(f"no sharding rule for the logical axis {', '.join(sorted(unknown))}")
    return nn.with_logical_constraint(x, names)
