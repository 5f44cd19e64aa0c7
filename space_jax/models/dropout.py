"""Dropout that draws eight random bits an element.

Drawing a 32-bit number for each element costs more than the matrix product beside it on a CPU. A word is cut into four
bytes instead, so the rate is a multiple of 1/256 and the scale is the inverse of exactly that rate: the expectation is
unchanged. Bits depend on the position alone, so sharding does not change them.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

LEVELS = 256


def dropout(key: jax.Array, x: jax.Array, rate: float) -> jax.Array:
    """Zeroes elements with probability round(256 * rate) / 256 and scales the others up to keep the mean.

    Args:
      key: a random key.
      x: `[..., D]`.
      rate: at least 0 and below 1.

    Returns:
      `[..., D]` of x's dtype.
    """
    threshold = round(rate * LEVELS)
    if threshold == 0:
        return x
    *rest, width = x.shape
    words = jax.random.bits(key, (*rest, -(-width // 4)), jnp.uint32)
    draws = jax.lax.bitcast_convert_type(words, jnp.uint8).reshape(*rest, -1)[..., :width]
    scale = LEVELS / (LEVELS - threshold)
    return jnp.where(draws >= threshold, x * jnp.asarray(scale, x.dtype), jnp.zeros((), x.dtype))


class Dropout(nn.Module):
    """`dropout` with the key of the collection "dropout"; the identity when the caller gives no such key."""

    rate: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Drops elements of `x` `[..., D]`."""
        if not self.has_rng("dropout") or self.rate == 0.0:
            return x
        return dropout(self.make_rng("dropout"), x, self.rate)
