"""Greedy decoding: the likeliest token, over and over, on a memory of fixed size."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import struct

from space_jax.features.batch import Tokens
from space_jax.models.memory import Memory

NextToken = Callable[[Tokens, Memory], tuple[jax.Array, Memory]]
"""Tokens `[R, 1]` and the memory before them -> scores float32 `[R, 1, V]` and the memory grown by them."""


@struct.dataclass
class _State:
    """Where decoding is.

    Attributes:
      step: scalar, tokens decoded.
      token: `[R]`, the last of them.
      ended: `[R]` bool.
      output: `[R, limit]`.
      memory: of M + limit places; those that are not decoded yet have segment 0.
    """

    step: jax.Array
    token: jax.Array
    ended: jax.Array
    output: jax.Array
    memory: Memory


def greedy(next_token: NextToken, memory: Memory, first: int, last: int, limit: int, barred: tuple[int, ...] = ()):
    """Decodes one response a row.

    Args:
      next_token: the model; roles and turns of the tokens are 0, as those of a response.
      memory: of M tokens, one example (segment 1) a row.
      first: the id that opens a response.
      last: the id that closes it; never the first one chosen.
      limit: longest response in tokens, `last` included.
      barred: ids that are never chosen.

    Returns:
      `[R, limit]` int32 without `first`; after `last` everything is 0.
    """
    size, rows = memory.segments.shape[1], memory.segments.shape[0]
    bar = jnp.asarray(barred, jnp.int32)

    def body(state: _State) -> _State:
        scores, grown = next_token(_response_tokens(state.token, state.step), state.memory)
        scores = scores[:, 0].at[:, bar].set(-jnp.inf)
        # As in the published search, a response has one token at least before it ends.
        empty = jnp.broadcast_to((jnp.arange(scores.shape[1]) == last) & (state.step == 0), scores.shape)
        choice = jnp.argmax(jnp.where(empty, -jnp.inf, scores), axis=-1).astype(jnp.int32)
        choice = jnp.where(state.ended, 0, choice)
        return _State(
            step=state.step + 1,
            token=choice,
            ended=state.ended | (choice == last),
            output=jax.lax.dynamic_update_slice_in_dim(state.output, choice[:, None], state.step, axis=1),
            memory=_written(state.memory, grown, size + state.step),
        )

    start = _State(
        step=jnp.zeros((), jnp.int32),
        token=jnp.full(rows, first, jnp.int32),
        ended=jnp.zeros(rows, bool),
        output=jnp.zeros((rows, limit), jnp.int32),
        memory=_with_room(memory, limit),
    )
    return jax.lax.while_loop(lambda s: (s.step < limit) & ~s.ended.all(), body, start).output


def _response_tokens(token: jax.Array, step: jax.Array) -> Tokens:
    ids = token[:, None]
    zeros = jnp.zeros_like(ids)
    return Tokens(ids=ids, positions=zeros + step, roles=zeros, turns=zeros, segments=zeros + 1)


def _with_room(memory: Memory, places: int) -> Memory:
    """The memory with empty places behind it, which nobody attends to."""
    wide = [(0, 0), (0, 0), (0, places), (0, 0), (0, 0)]
    return Memory(
        jnp.pad(memory.keys, wide), jnp.pad(memory.values, wide), jnp.pad(memory.segments, ((0, 0), (0, places)))
    )


def _written(memory: Memory, grown: Memory, place: jax.Array) -> Memory:
    """Moves the token that the model put behind the memory into the memory's next empty place."""

    def move(old: jax.Array, new: jax.Array, axis: int) -> jax.Array:
        token = jax.lax.slice_in_dim(new, new.shape[axis] - 1, None, axis=axis)
        return jax.lax.dynamic_update_slice_in_dim(old, token, place, axis=axis)

    return Memory(
        move(memory.keys, grown.keys, 2), move(memory.values, grown.values, 2), move(memory.segments, grown.segments, 1)
    )
