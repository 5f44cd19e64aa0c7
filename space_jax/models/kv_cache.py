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
      ids: `[R, M]` int32, the token at each place that a copy head may copy, -1 elsewhere.
    """

    keys: jax.Array
    values: jax.Array
    segments: jax.Array
    ids: jax.Array

    @classmethod
    def empty(cls, config: ModelConfig, rows: int) -> "KVCache":
        """An empty memory for R rows."""
        shape = (config.layers, rows, config.heads, 0, config.hidden // config.heads)
        empty = jnp.zeros(shape, jnp.dtype(config.dtype))
        return cls(empty, empty, jnp.zeros((rows, 0), jnp.int32), jnp.zeros((rows, 0), jnp.int32))

    def top(self, layers: int) -> "KVCache":
        """The memory in the top layers alone, at most as many as it has; 0 for all of them."""
        return KVCache(self.keys[-layers:], self.values[-layers:], self.segments, self.ids) if layers else self

    def grown(self, keys: jax.Array, values: jax.Array, segments: jax.Array, ids: jax.Array | None = None) -> "KVCache":
        """The memory with Q tokens appended.

        Args:
          keys: `[layers, R, N, Q, D]`, and `values` likewise.
          values: see `keys`.
          segments: `[R, Q]`.
          ids: `[R, Q]`, those of tokens that may be copied; None for none of them.
        """
        ids = jnp.full_like(segments, -1) if ids is None else ids
        return KVCache(
            jnp.concatenate([self.keys, keys], axis=3),
            jnp.concatenate([self.values, values], axis=3),
            jnp.concatenate([self.segments, segments], axis=1),
            jnp.concatenate([self.ids, ids], axis=1),
        )
