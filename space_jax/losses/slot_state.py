"""The role of every slot in a turn, where nearly all slots are unused."""

import jax
import jax.numpy as jnp

from space_jax.losses.classification import class_cross_entropy
from space_jax.losses.dtypes import check_shape, integer, weights32
from space_jax.losses.sums import Sum

UNUSED = 0
"""The class of a slot that the turn does not use."""


@jax.jit
def slot_state(logits: jax.Array, roles: jax.Array, counts: jax.Array, unused: jax.Array | float) -> Sum:
    """The cross-entropy of the roles, with less weight for slots that are unused.

    loss = sum_c w_c CE_c / sum_c w_c,  w_c = u where the role is "unused" (class 0), else 1

    >>> logits = jnp.zeros((2, 4)).at[0, 0].set(1.0)
    >>> term = slot_state(logits, jnp.array([0, 2]), jnp.array([True, True]), 0.025)
    >>> print(term.weight, term.mean().round(2))
    1.025 1.37

    Args:
      logits: `[..., C]` float.
      roles: `[...]` int.
      counts: `[...]` bool or float, whether the slot counts.
      unused: u, positive; 1 gives the plain mean.

    Returns:
      The `Sum`.

    Raises:
      TypeError: an input has the wrong dtype.
      ValueError: the shapes do not fit.

    Source: Cai et al., "STAR", EMNLP Findings 2022 (arXiv 2210.11888), schema state tracking; 0.025 in the released
      code.
    """
    roles, counts = integer(roles, "roles"), weights32(counts, "counts")
    check_shape(counts, roles.shape, "counts")
    return Sum.of(class_cross_entropy(logits, roles), counts * jnp.where(roles == UNUSED, unused, 1.0))
