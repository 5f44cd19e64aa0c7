"""Greedy decoding: the likeliest token, over and over, on a memory of fixed size."""

import jax
import jax.numpy as jnp
from flax import struct

from space_jax.decoding.cache import NextToken, response_tokens, with_room, written
from space_jax.models.kv_cache import KVCache


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
    memory: KVCache


def greedy(next_token: NextToken, memory: KVCache, first: int, last: int, limit: int, barred: tuple[int, ...] = ()):
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
        scores, grown = next_token(response_tokens(state.token, state.step), state.memory)
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
            memory=written(state.memory, grown, size + state.step),
        )

    start = _State(
        step=jnp.zeros((), jnp.int32),
        token=jnp.full(rows, first, jnp.int32),
        ended=jnp.zeros(rows, bool),
        output=jnp.zeros((rows, limit), jnp.int32),
        memory=with_room(memory, limit),
    )
    return jax.lax.while_loop(lambda s: (s.step < limit) & ~s.ended.all(), body, start).output
