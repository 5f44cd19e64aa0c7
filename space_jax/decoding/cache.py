"""The cache of keys and values: a memory of fixed size that decoding fills a token at a time.

Its size does not change, so that one compiled step serves all tokens.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from space_jax.features.batch import Tokens
from space_jax.models.kv_cache import KVCache

NextToken = Callable[[Tokens, KVCache], tuple[jax.Array, KVCache]]
"""Tokens `[R, 1]` and the memory before them -> scores float32 `[R, 1, V]` and the memory grown by them."""


def response_tokens(token: jax.Array, step: jax.Array) -> Tokens:
    """One token of a response in each row.

    Args:
      token: `[R]` ids.
      step: their position in the response, a scalar or `[R, 1]`; `first` has 0.

    Returns:
      `[R, 1]`, with role and turn 0.
    """
    ids = token[:, None]
    zeros = jnp.zeros_like(ids)
    return Tokens(ids=ids, positions=zeros + step, roles=zeros, turns=zeros, segments=zeros + 1)


def with_room(memory: KVCache, places: int) -> KVCache:
    """The memory with empty places appended, which nothing attends to."""
    wide = [(0, 0), (0, 0), (0, 0), (0, places), (0, 0)]
    behind = ((0, 0), (0, places))
    return KVCache(
        jnp.pad(memory.keys, wide),
        jnp.pad(memory.values, wide),
        jnp.pad(memory.segments, behind),
        jnp.pad(memory.ids, behind, constant_values=-1),
    )


def compacted(memory: KVCache, places: int) -> KVCache:
    """The memory with the written places first, in their order, cut to a number of places; the rest is lost.

    The order of places is irrelevant to the model: positions are in the keys.
    """
    order = jnp.argsort(memory.segments == 0, axis=1, stable=True)[:, :places]
    kept = order[None, :, None, :, None]
    keys, values = (jnp.take_along_axis(part, kept, axis=3) for part in (memory.keys, memory.values))
    segments, ids = (jnp.take_along_axis(part, order, axis=1) for part in (memory.segments, memory.ids))
    room = max(0, places - memory.segments.shape[1])
    return with_room(KVCache(keys, values, segments, ids), room)


def written(memory: KVCache, grown: KVCache, place: jax.Array) -> KVCache:
    """Moves the token that the model appended to the memory into its next empty place.

    Args:
      memory: of M places.
      grown: of M + 1 places, the model's output for it.
      place: scalar, the empty place.

    Returns:
      The memory of M places.
    """

    def move(old: jax.Array, new: jax.Array, axis: int) -> jax.Array:
        token = jax.lax.slice_in_dim(new, new.shape[axis] - 1, None, axis=axis)
        return jax.lax.dynamic_update_slice_in_dim(old, token, place, axis=axis)

    return KVCache(
        move(memory.keys, grown.keys, 3),
        move(memory.values, grown.values, 3),
        move(memory.segments, grown.segments, 1),
        move(memory.ids, grown.ids, 1),
    )
