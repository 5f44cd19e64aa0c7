"""Attention masks. True = may attend. A row holds several examples, distinguished by segment ids (0 is padding)."""

import jax
import jax.numpy as jnp


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
