"""Several losses whose balance is learnt: a trainable number for each."""

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import float32
from space_jax.losses.sums import Sum


@jax.jit
def task_weighted(term: Sum, weight: jax.Array) -> Sum:
    """A loss under its trainable weight: L / (2 a^2).

    >>> print(task_weighted(Sum(total=jnp.float32(8.0), weight=jnp.float32(2.0)), jnp.float32(2.0)).mean())
    0.5

    Args:
      term: L.
      weight: a, scalar float, not 0.

    Returns:
      The `Sum`, to which `task_penalty` belongs.

    Raises:
      TypeError: `weight` is not float.

    Source: Kendall et al., "Multi-Task Learning Using Uncertainty", CVPR 2018 (arXiv 1705.07115); the penalty after
      Liebel and Koerner, "Auxiliary Tasks in Multi-task Learning", 2018 (arXiv 1805.06334), as STAR has both.
    """
    return Sum(total=0.5 / jnp.square(float32(weight, "weight")) * term.total, weight=term.weight)


@jax.jit
def task_penalty(weights: jax.Array) -> jax.Array:
    """What keeps the weights from growing: sum over tasks of log(1 + a^2).

    >>> print(task_penalty(jnp.ones(3)).round(4))
    2.0794

    Args:
      weights: `[T]` float, one for each task.

    Returns:
      Scalar float32.

    Raises:
      TypeError: `weights` is not float.

    Source: see `task_weighted`.
    """
    return jnp.sum(jnp.log1p(jnp.square(float32(weights, "weights"))))
