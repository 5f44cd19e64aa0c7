"""Dropout whose random bits cost less than the matrix product beside it.

A cryptographic generator takes longer than the layer it drops from, on a CPU in running and in compiling. Here the key,
itself drawn by JAX's generator, seeds an integer hash of the position: a strong one of the row, a short one of row and
column. All of it is arithmetic on the element's own place, so the compiler draws a bit where it is used, and again in
the backward pass, rather than storing it; and sharding does not change it.
"""

import math

import jax
import jax.numpy as jnp
from flax import linen as nn

_GOLDEN = 0x9E3779B9  # odd, so that the columns of a row have different words


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
    lead = shape[:-1]
    strides = [math.prod(lead[axis + 1 :]) % 2**32 for axis in range(len(lead))]
    iotas = [jax.lax.broadcasted_iota(jnp.uint32, (*lead, 1), axis) for axis in range(len(lead))]
    row = sum((i * jnp.uint32(n) for i, n in zip(iotas, strides, strict=True)), start=jnp.zeros((*lead, 1), jnp.uint32))
    # Hashing twice with a seed each keeps two keys from giving shifted copies of one sequence. The barrier keeps the
    # compiler from hashing the row again for every column.
    row = jax.lax.optimization_barrier(_mix(_mix(row + seeds[0]) ^ seeds[1]))
    column = jax.lax.broadcasted_iota(jnp.uint32, shape, len(lead)) * jnp.uint32(_GOLDEN)
    return _mix(jnp.broadcast_to(row, shape) ^ column)


def keeps(key: jax.Array, shape: tuple[int, ...], rate: float) -> jax.Array:
    """Which elements stay, each with probability 1 - rate: bool of `shape`."""
    return random_words(key, shape) >= jnp.uint32(round(rate * 2**32))


def dropout(key: jax.Array, x: jax.Array, rate: float) -> jax.Array:
    """Zeroes elements with probability `rate` and scales the others up to keep the mean.

    Args:
      key: a random key.
      x: `[..., D]`.
      rate: at least 0 and below 1.

    Returns:
      `[..., D]` of x's dtype.
    """
    if rate == 0.0:
        return x
    return jnp.where(keeps(key, x.shape, rate), x * jnp.asarray(1.0 / (1.0 - rate), x.dtype), jnp.zeros((), x.dtype))


class Dropout(nn.Module):
    """`dropout` with the key of the collection "dropout"; the identity when the caller gives no such key."""

    rate: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Drops elements of `x` `[..., D]`."""
        if not self.has_rng("dropout") or self.rate == 0.0:
            return x
        return dropout(self.make_rng("dropout"), x, self.rate)
