"""Dropout whose random bits cost less than the matrix product beside it.

A cryptographic generator that draws 32 bits an element takes longer than the layer it drops from, on a CPU in running
and in compiling. Here the key, itself drawn by JAX's generator, seeds an integer hash of the position, and one 32-bit
word serves four elements. The rate is thereby a multiple of 1/256, and the scale is the inverse of exactly that rate,
so the expectation is unchanged. A bit depends on key and position alone, so sharding does not change it.
"""

import math

import jax
import jax.numpy as jnp
from flax import linen as nn

LEVELS = 256


def _mix(x: jax.Array) -> jax.Array:
    """A bijection of 32-bit words in which every input bit moves every output bit with probability near 1/2.

    The constants are those of C. Wellons' exhaustive search for two-round multiply-xorshift hashes ("lowbias32").
    """
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)


def random_words(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Independent 32-bit words, one a position: uint32 of `shape`. Not for cryptography, nor for initial weights."""
    seeds = jax.random.key_data(key)[-2:]
    strides = [math.prod(shape[axis + 1 :]) % 2**32 for axis in range(len(shape))]
    iotas = [jax.lax.broadcasted_iota(jnp.uint32, shape, axis) for axis in range(len(shape))]
    position = sum(iota * jnp.uint32(stride) for iota, stride in zip(iotas, strides, strict=True))
    # Hashing twice with a seed each keeps two keys from giving shifted copies of one sequence.
    return _mix(_mix(position + seeds[0]) ^ seeds[1])


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
    words = random_words(key, (*rest, -(-width // 4)))
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
