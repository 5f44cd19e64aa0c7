"""Dropout with random bits that are cheaper than the matrix product next to it.

On a CPU, a cryptographic generator takes longer to run and to compile than the layer it is applied to. The generator
`hash` seeds an integer hash of the element's index with the key that JAX's generator drew: a strong hash of the row,
then a short one of row and column. It depends only on that index, so the compiler generates each bit where it is used,
and again in the backward pass, instead of storing it; sharding does not change it. It was tuned on CPUs.

Elsewhere others may be faster: `rbg` is the generator of the device (XLA's RngBitGenerator), whose bits may change with
the sharding and the version of the compiler, and `threefry` is JAX's own, which is the same everywhere.
"""

import math

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.models.replicas import replicas

_GOLDEN = 0x9E3779B9  # odd, so that no two columns of a row share a word


def _mix(x: jax.Array) -> jax.Array:
    """A bijection of 32-bit words in which every input bit moves every output bit with probability near 1/2.

    The constants are those of C. Wellons' exhaustive search for two-round multiply-xorshift hashes ("lowbias32").
    """
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)


def random_words(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Independent 32-bit words, one per element: uint32 of `shape`. Not for cryptography or initial weights."""
    seeds = jax.random.key_data(key)[-2:]
    lead = shape[:-1]
    strides = [math.prod(lead[axis + 1 :]) % 2**32 for axis in range(len(lead))]
    iotas = [jax.lax.broadcasted_iota(jnp.uint32, (*lead, 1), axis) for axis in range(len(lead))]
    row = sum((i * jnp.uint32(n) for i, n in zip(iotas, strides, strict=True)), start=jnp.zeros((*lead, 1), jnp.uint32))
    # Hashing twice, each time with its own seed, keeps two keys from giving shifted copies of one sequence. The barrier
    # keeps the compiler from recomputing the row's hash for every column.
    row = jax.lax.optimization_barrier(_mix(_mix(row + seeds[0]) ^ seeds[1]))
    column = jax.lax.broadcasted_iota(jnp.uint32, shape, len(lead)) * jnp.uint32(_GOLDEN)
    return _mix(jnp.broadcast_to(row, shape) ^ column)


def generated_words(key: jax.Array, shape: tuple[int, ...], generator: str) -> jax.Array:
    """The words of a generator of JAX's, one per element: uint32 of `shape`; `generator` as `keeps`."""
    data = jax.random.key_data(key)
    if generator == "rbg":
        key = jax.random.wrap_key_data(jnp.concatenate([data, ~data])[:4], impl="rbg")
    return jax.random.bits(key, shape, jnp.uint32)


def keeps(key: jax.Array, like: jax.Array, rate: float, generator: str = "hash") -> jax.Array:
    """Which elements survive, each with probability 1 - rate: bool.

    In layers that run on copies (`replicas`) the bits are those that the rows of all replicas have without copies.

    Args:
      key: a random key of JAX's default generator.
      like: an array of the shape of the result.
      rate: at least 0 and below 1.
      generator: "hash", "rbg" or "threefry".
    """

    def drawn(data: jax.Array, like: jax.Array) -> jax.Array:
        key, shape = jax.random.wrap_key_data(data), like.shape
        words = random_words(key, shape) if generator == "hash" else generated_words(key, shape, generator)
        return words >= jnp.uint32(round(rate * 2**32))

    data = jax.random.key_data(key)
    if replicas() == 1:
        return drawn(data, like)
    for_all = jax.custom_batching.custom_vmap(drawn)

    @for_all.def_vmap
    def mapped(size: int, batched: list[bool], data: jax.Array, like: jax.Array) -> tuple[jax.Array, bool]:
        if batched == [False, True]:  # one key for several replicas, whose rows follow one another
            return for_all(data, like.reshape(-1, *like.shape[2:])).reshape(like.shape), True
        return jax.vmap(drawn, in_axes=tuple(0 if one else None for one in batched))(data, like), True

    return for_all(data, jax.lax.stop_gradient(like))


def dropout(key: jax.Array, x: jax.Array, rate: float, generator: str = "hash") -> jax.Array:
    """Zeroes elements with probability `rate` and scales the others up to keep the mean.

    Args:
      key: a random key.
      x: `[..., D]`.
      rate: at least 0 and below 1.
      generator: see `keeps`.

    Returns:
      `[..., D]` of x's dtype.
    """
    if rate == 0.0:
        return x
    kept = keeps(key, x, rate, generator)
    return jnp.where(kept, x * jnp.asarray(1.0 / (1.0 - rate), x.dtype), jnp.zeros((), x.dtype))


class Dropout(nn.Module):
    """`dropout` with the key of the collection "dropout"; the identity without such a key."""

    rate: float
    generator: str = "hash"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Drops elements of `x` `[..., D]`."""
        if not self.has_rng("dropout") or self.rate == 0.0:
            return x
        return dropout(self.make_rng("dropout"), x, self.rate, self.generator)
