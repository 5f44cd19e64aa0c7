"""The cache that encoder and decoders pass on: keys and values of every layer."""

import jax
import jax.numpy as jnp
from flax import struct

from space_jax.config import ModelConfig


@struct.dataclass
class KVCache:
    """Keys and values of all tokens so far.

    Attributes:
      keys, values: `[layers, R, N, M, D]`, of all layers or of the top ones.
      segments: `[R, M]` int32 segment ids; 0 is padding.
    """

    keys: jax.Array
    values: jax.Array
    segments: jax.Array

    @classmethod
    def empty(cls, config: ModelConfig, rows: int) -> "KVCache":
        """An empty memory for R rows."""
        shape = (config.layers, rows, config.heads, 0, config.hidden // config.heads)
        empty = jnp.zeros(shape, jnp.dtype(config.dtype))
        return cls(empty, empty, jnp.zeros((rows, 0), jnp.int32))

    def top(self, layers: int) -> "KVCache":
        """The memory in the top layers alone, at most as many as it has; 0 for all of them."""
        return KVCache(self.keys[-layers:], self.values[-layers:], self.segments) if layers else self

    def grown(self, keys: jax.Array, values: jax.Array, segments: jax.Array) -> "KVCache":
        """The memory with Q tokens appended: `keys`, `values` `[layers, R, N, Q, D]`, `segments` `[R, Q]`."""
        return KVCache(
            jnp.concatenate([self.keys, keys], axis=3),
            jnp.concatenate([self.values, values], axis=3),
            jnp.concatenate([self.segments, segments], axis=1),
        )
