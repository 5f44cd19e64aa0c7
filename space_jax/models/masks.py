"""Attention masks. True = may attend. A row holds several examples, distinguished by segment ids (0 is padding)."""

import jax
import jax.numpy as jnp
from flax import struct


def same_segment(queries: jax.Array, keys: jax.Array) -> jax.Array:
    """Each token may attend to the tokens of its own example.

    Args:
      queries: `[R, Q]` segment ids.
      keys: `[R, K]` segment ids.

    Returns:
      `[R, Q, K]` bool.
    """
    return (queries[:, :, None] == keys[:, None, :]) & (queries[:, :, None] > 0)


def causal_same_segment(segments: jax.Array) -> jax.Array:
    """Each token may attend to itself and the earlier tokens of its own example.

    Args:
      segments: `[R, L]` segment ids; the tokens of a segment are in order.

    Returns:
      `[R, L, L]` bool.
    """
    order = jnp.arange(segments.shape[1])
    return same_segment(segments, segments) & (order[:, None] >= order[None, :])[None]


def decoder_mask(segments: jax.Array, memory_segments: jax.Array) -> jax.Array:
    """The UniLM mask of a decoder: the example's whole memory, and causally its own tokens.

    Args:
      segments: `[R, Q]` segment ids of the decoder's tokens.
      memory_segments: `[R, M]` segment ids of the memory.

    Returns:
      `[R, Q, M + Q]` bool.
    """
    return jnp.concatenate([same_segment(segments, memory_segments), causal_same_segment(segments)], axis=2)


@struct.dataclass
class Sight:
    """What a row's queries may attend to, in the form from which every path of attention makes its mask.

    The keys are those of M earlier tokens, then those of the Q queries themselves.

    Attributes:
      segments: `[R, Q]` segment ids of the queries.
      memory: `[R, M]` segment ids of the earlier tokens.
      causal: whether a query sees its own tokens only up to itself, as a decoder's does; it sees the whole memory of
        its example in any case.
    """

    segments: jax.Array
    memory: jax.Array
    causal: bool = struct.field(pytree_node=False)

    @property
    def keys(self) -> jax.Array:
        """`[R, M + Q]` segment ids of the keys."""
        return jnp.concatenate([self.memory, self.segments], axis=1)

    def mask(self) -> jax.Array:
        """`[R, Q, M + Q]` bool; padding attends to nothing."""
        if self.causal:
            return decoder_mask(self.segments, self.memory)
        return same_segment(self.segments, self.keys)
