"""A mean that has not been divided yet.

Losses are (total, weight) pairs, added over micro-batches, devices and evaluation batches and divided once. A mean of
means would be a different loss whenever the parts hold different numbers of tokens or examples.
"""

import jax
import jax.numpy as jnp
from flax import struct

from space_jax.losses.dtypes import check_shape, float32, weights32


@struct.dataclass
class Sum:
    """A weighted sum and its weight, to be added and divided at the end.

    >>> first = Sum.of(jnp.array([1.0, 3.0]), jnp.array([True, True]))
    >>> second = Sum.of(jnp.array([8.0, jnp.nan]), jnp.array([True, False]))
    >>> print((first + second).mean())
    4.0

    Attributes:
      total: float32 scalar, sum of weight * value.
      weight: float32 scalar, sum of the weights.
    """

    total: jax.Array
    weight: jax.Array

    @staticmethod
    @jax.jit
    def of(values: jax.Array, weights: jax.Array) -> "Sum":
        """Sum of weights * values, and of weights; a value of weight 0 is ignored, even if it is infinite or NaN.

        >>> print(Sum.of(jnp.array([2.0, jnp.inf]), jnp.array([0.5, 0.0])).total)
        1.0

        Args:
          values: `[...]` float.
          weights: `[...]` float or bool, same shape as `values`.

        Returns:
          The `Sum`.

        Raises:
          TypeError: `values` is not float, or `weights` neither float nor bool.
          ValueError: the shapes differ.
        """
        values, weights = float32(values, "values"), weights32(weights, "weights")
        check_shape(weights, values.shape, "weights")
        # 0 * NaN is NaN, so masked values are replaced before they are multiplied.
        counted = jnp.where(weights != 0, values, 0.0)
        return Sum(total=jnp.sum(counted * weights), weight=jnp.sum(weights))

    @staticmethod
    def zero() -> "Sum":
        """The empty sum.

        >>> print(Sum.zero().mean())
        0.0
        """
        return Sum(total=jnp.zeros((), jnp.float32), weight=jnp.zeros((), jnp.float32))

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(total=self.total + other.total, weight=self.weight + other.weight)

    @jax.jit
    def mean(self) -> jax.Array:
        """Total divided by weight; 0 with gradient 0 where the weight is 0."""
        empty = self.weight == 0
        # The divisor is made safe first: a NaN in the branch not taken would still reach the gradient.
        return jnp.where(empty, 0.0, self.total / jnp.where(empty, 1.0, self.weight))
