"""Generates after a memory: given tokens, then tokens that the model chooses up to an end token.

A dialogue turn is several such stretches (belief state; database result, acts; response), each on the memory of the one
before. Rows are independent: given tokens are padded in front, and rows that have ended write nothing more.
"""

import jax
import jax.numpy as jnp
from flax import struct

from space_jax.decoding.beam import search
from space_jax.decoding.cache import NextToken, with_room, written
from space_jax.decoding.sampling import Sampling, choose
from space_jax.features.batch import Tokens
from space_jax.models.kv_cache import KVCache


@struct.dataclass
class Given:
    """Given tokens before the chosen ones, in each row.

    Attributes:
      ids: `[R, Q]`, Q at least 1, padded in front; the last column is always given.
      present: `[R, Q]` bool, False for the padding.
      begin: `[R]`, the position of each row's first given token, unless that opens something.
    """

    ids: jax.Array
    present: jax.Array
    begin: jax.Array


@struct.dataclass
class Generated:
    """A stretch of each row.

    Attributes:
      tokens: `[R, limit]` int32, the chosen tokens, `last` included; 0 after it.
      counts: `[R]` int32, tokens before `last`, or `limit` where it never came.
      memory: with the given tokens and all chosen ones except the last: `last`, which must be the first given token of
        the next stretch, or the final token where `last` never came.
    """

    tokens: jax.Array
    counts: jax.Array
    memory: KVCache


@struct.dataclass
class _State:
    step: jax.Array
    token: jax.Array
    position: jax.Array
    ended: jax.Array
    tokens: jax.Array
    memory: KVCache


def positions_of(ids: jax.Array, present: jax.Array, opening: tuple[int, ...], begin: jax.Array) -> jax.Array:
    """Positions that restart at every opening token.

    Args:
      ids: `[R, Q]`, padded in front.
      present: `[R, Q]` bool.
      opening: ids that have position 0.
      begin: `[R]`, the position of the first token that is present, unless it opens something.

    Returns:
      `[R, Q]` int32, 0 at padding.
    """
    column = jnp.broadcast_to(jnp.arange(ids.shape[1], dtype=jnp.int32), ids.shape)
    opens = jnp.isin(ids, jnp.asarray(opening, jnp.int32)) & present
    began = jax.lax.cummax(jnp.where(opens, column, -1), axis=1)
    first = jnp.argmax(present, axis=1).astype(jnp.int32)
    running = column + jnp.broadcast_to((begin - first)[:, None], column.shape)
    return jnp.where(present, jnp.where(began >= 0, column - began, running), 0)


def generate(
    next_token: NextToken,
    memory: KVCache,
    given: Given,
    last: int,
    limit: int,
    opening: tuple[int, ...],
    sampling: Sampling,
    key: jax.Array,
    barred: tuple[int, ...] = (),
    active: jax.Array | None = None,
) -> Generated:
    """Writes one stretch of each row.

    Args:
      next_token: the model; roles and turns of the tokens are 0, as those of a response.
      memory: of M tokens, one example (segment 1) a row.
      given: the tokens before.
      last: the id that ends a stretch.
      limit: of the chosen tokens, `last` included; none is chosen beyond it.
      opening: ids that have position 0 wherever they occur.
      sampling: how tokens are chosen.
      key: a random key.
      barred: ids that are never chosen.
      active: `[R]` bool; in the other rows nothing is chosen. All rows if None.

    Returns:
      The tokens and the memory grown by Q + limit places, of which unwritten ones have segment 0.
    """
    scores, position, memory = _after_given(next_token, memory, given, opening)
    rows = len(given.begin)
    start, bar = memory.segments.shape[1], jnp.asarray(barred, jnp.int32)

    def chosen(scores: jax.Array, step: jax.Array, ended: jax.Array) -> jax.Array:
        scores = scores.astype(jnp.float32).at[:, bar].set(-jnp.inf)
        return jnp.where(ended, 0, choose(scores, sampling, jax.random.fold_in(key, step)))

    def body(state: _State) -> _State:
        writes = (~state.ended).astype(jnp.int32)[:, None]
        none = jnp.zeros_like(writes)
        token = Tokens(state.token[:, None], state.position[:, None], none, none, writes)
        scores, grown = next_token(token, state.memory)
        memory = written(state.memory, grown, start + state.step - 1)
        choice = chosen(scores[:, 0], state.step, state.ended)
        return _State(
            step=state.step + 1,
            token=choice,
            position=state.position + 1,
            ended=state.ended | (choice == last),
            tokens=jax.lax.dynamic_update_slice_in_dim(state.tokens, choice[:, None], state.step, axis=1),
            memory=memory,
        )

    idle = jnp.zeros(rows, bool) if active is None else ~active
    first = chosen(scores, jnp.zeros((), jnp.int32), idle)
    state = _State(
        step=jnp.ones((), jnp.int32),
        token=first,
        position=position,
        ended=idle | (first == last),
        tokens=jnp.zeros((rows, limit), jnp.int32).at[:, 0].set(first),
        memory=with_room(memory, limit),
    )
    state = jax.lax.while_loop(lambda s: (s.step < limit) & ~s.ended.all(), body, state)
    ends = state.tokens == last
    counts = jnp.where(ends.any(axis=1), jnp.argmax(ends, axis=1), jnp.where(idle, 0, limit)).astype(jnp.int32)
    return Generated(state.tokens, counts, state.memory)


def generate_by_beam(
    next_token: NextToken,
    memory: KVCache,
    given: Given,
    last: int,
    limit: int,
    opening: tuple[int, ...],
    size: int,
    barred: tuple[int, ...] = (),
    active: jax.Array | None = None,
) -> Generated:
    """Writes one stretch of each row by a beam search of `size` hypotheses (`beam.search`); the rest as in `generate`.

    A stretch may be empty. The memory is that of the best hypothesis. One hypothesis is greedy choice.
    """
    scores, position, memory = _after_given(next_token, memory, given, opening)
    best = search(next_token, memory, scores, position, last, limit, size, barred, empty=True, active=active)
    return Generated(best.tokens, best.counts, best.memory)


def _after_given(
    next_token: NextToken, memory: KVCache, given: Given, opening: tuple[int, ...]
) -> tuple[jax.Array, jax.Array, KVCache]:
    """Of the first token to be chosen the scores `[R, V]` and the position `[R]`; the memory before it."""
    positions = positions_of(given.ids, given.present, opening, given.begin)
    zeros = jnp.zeros_like(given.ids)
    scores, memory = next_token(Tokens(given.ids, positions, zeros, zeros, given.present.astype(jnp.int32)), memory)
    return scores[:, -1], positions[:, -1] + 1, memory
