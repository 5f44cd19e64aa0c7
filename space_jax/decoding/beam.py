"""Beam search as published with SPACE: the likeliest of several responses that grow side by side.

Source: the decoding of the published implementation of SPACE-3 (He et al., SIGIR 2022, arXiv 2209.06664).
"""

import dataclasses

import jax
import jax.numpy as jnp
from flax import struct

from space_jax.decoding.cache import NextToken, response_tokens, with_room, written
from space_jax.models.kv_cache import KVCache

UNENDED = -1e10
"""The score of a response that did not end within the limit."""


@struct.dataclass
class Beam:
    """The best response of each row.

    Attributes:
      tokens: `[R, limit]` int32 without what was given; after `last` everything is `pad`.
      counts: `[R]` int32, tokens before the one that ends the response, or `limit` where none does.
      scores: `[R]` float32, its log-probability; `UNENDED` where no hypothesis has ended.
      memory: grown by `limit` places, which hold the response as far as it was read back: without the token that ends
        it, and without the last token of one that did not end.
    """

    tokens: jax.Array
    counts: jax.Array
    scores: jax.Array
    memory: KVCache


@struct.dataclass
class _State:
    """The hypotheses of each row, likeliest first.

    Attributes:
      step: scalar, tokens chosen.
      token: `[R, size]`, the last of them.
      tokens: `[R, size, limit]`, all of them.
      scores: `[R, size]` float32 log-probabilities; -inf where a row has fewer hypotheses than `size`.
      ended: `[R, size]` bool.
      memory: R * size rows of M + limit places; those that are not written yet have segment 0.
    """

    step: jax.Array
    token: jax.Array
    tokens: jax.Array
    scores: jax.Array
    ended: jax.Array
    memory: KVCache


def beam_search(
    next_token: NextToken,
    memory: KVCache,
    first: int,
    last: int,
    limit: int,
    size: int,
    barred: tuple[int, ...] = (),
    pad: int = 0,
) -> Beam:
    """Writes one response a row, as published: opened by `first`, and with one token at least.

    Args:
      next_token: the model; roles and turns of the tokens are 0, as those of a response.
      memory: of M tokens, one example (segment 1) a row.
      first: the id that opens a response.
      last: the id that closes it; never the first one chosen.
      limit: longest response in tokens, `last` included.
      size: hypotheses a row; there may be more than possible tokens.
      barred: ids that are never chosen.
      pad: the id after a response; chosen by the model, it also ends one, unless it is barred.

    Returns:
      See `search`.

    Raises:
      ValueError: `size` is below 1.
    """
    opening = jnp.full(memory.segments.shape[0], first, jnp.int32)
    scores, memory = next_token(response_tokens(opening, jnp.zeros((), jnp.int32)), memory)
    return search(next_token, memory, scores[:, -1], jnp.ones_like(opening), last, limit, size, barred, pad)


def search(
    next_token: NextToken,
    memory: KVCache,
    scores: jax.Array,
    begin: jax.Array,
    last: int,
    limit: int,
    size: int,
    barred: tuple[int, ...] = (),
    pad: int = 0,
    empty: bool = False,
    active: jax.Array | None = None,
) -> Beam:
    """Continues a memory whose next token has these scores.

    log p(response) = sum over its tokens of log p(token | memory, tokens before it), not divided by the length. Each
    step keeps the `size` likeliest continuations of a row's hypotheses. A hypothesis that has ended is kept unchanged.

    The memory is repeated for the `size` hypotheses of a row, so that `next_token` only sees more rows; at each step
    only the response's places move from parent to child.

    Args:
      next_token: the model; roles and turns of the tokens are 0, as those of a response.
      memory: of M tokens, one example (segment 1) a row.
      scores: `[R, V]`, of the first token to be chosen.
      begin: `[R]`, its position.
      last: the id that ends a response.
      limit: longest response in tokens, `last` included.
      size: hypotheses a row; there may be more than possible tokens.
      barred: ids that are never chosen.
      pad: the id after a response; chosen by the model, it also ends one, unless it is barred.
      empty: whether `last` may be the first token.
      active: `[R]` bool; the other rows stay empty. All rows if None.

    Returns:
      The best hypothesis that ends within the limit; where there is none, the likeliest.

    Raises:
      ValueError: `size` is below 1.
    """
    if size < 1:
        raise ValueError(f"the beam's size is {size}, but a beam has one hypothesis or more")
    prompt = memory.segments.shape[1]

    def chosen(state: _State, logits: jax.Array) -> _State:
        return _chosen(state, _token_scores(logits, state, last, barred, pad, empty), prompt, last, pad)

    def body(state: _State) -> _State:
        positions = (jnp.repeat(begin, size) + state.step - 1)[:, None]
        logits, grown = next_token(response_tokens(state.token.reshape(-1), positions), state.memory)
        state = dataclasses.replace(state, memory=written(state.memory, grown, prompt + state.step - 1))
        return chosen(state, logits[:, 0].reshape(*state.token.shape, -1))

    def undecided(state: _State) -> jax.Array:
        # Scores only fall, so nothing overtakes a hypothesis that has ended and leads.
        return (state.step < limit) & ~state.ended[:, 0].all()

    state = chosen(_start(memory, limit, size, pad, active), jnp.repeat(scores[:, None], size, axis=1))
    return _best(jax.lax.while_loop(undecided, body, state), prompt, last, pad)


def _start(memory: KVCache, limit: int, size: int, pad: int, active: jax.Array | None) -> _State:
    """One hypothesis per row; the others have no probability, so the first step continues only that one."""
    rows = memory.segments.shape[0]
    memory = KVCache(
        jnp.repeat(memory.keys, size, axis=1),
        jnp.repeat(memory.values, size, axis=1),
        jnp.repeat(memory.segments, size, axis=0),
        jnp.repeat(memory.ids, size, axis=0),
    )
    idle = jnp.zeros(rows, bool) if active is None else ~active
    return _State(
        step=jnp.zeros((), jnp.int32),
        token=jnp.full((rows, size), pad, jnp.int32),
        tokens=jnp.full((rows, size, limit), pad, jnp.int32),
        scores=jnp.full((rows, size), -jnp.inf, jnp.float32).at[:, 0].set(0.0),
        ended=jnp.repeat(idle[:, None], size, axis=1),
        memory=with_room(memory, limit),
    )


def _token_scores(
    logits: jax.Array, state: _State, last: int, barred: tuple[int, ...], pad: int, empty: bool
) -> jax.Array:
    """Log-probability of each next token, `[R, size, V]` float32.

    Impossible tokens have -inf where the published search adds -1e10: a finite number could win without alternatives,
    and adding it erases the score's digits.
    """
    ids = jnp.arange(logits.shape[-1])
    impossible = jnp.isin(ids, jnp.asarray(barred, jnp.int32)) | ((ids == last) & (state.step == 0) & (not empty))
    scores = jax.nn.log_softmax(logits.astype(jnp.float32), axis=-1)
    scores = jnp.where(jnp.broadcast_to(impossible, scores.shape), -jnp.inf, scores)
    behind = jnp.broadcast_to(jnp.where(ids == pad, 0.0, -jnp.inf), scores.shape)
    return jnp.where(state.ended[..., None], behind, scores)


def _chosen(state: _State, scores: jax.Array, prompt: int, last: int, pad: int) -> _State:
    """The likeliest continuations of a row's hypotheses by tokens of these scores `[R, size, V]`."""
    rows, size, vocabulary = scores.shape
    totals = (state.scores[..., None] + scores).reshape(rows, size * vocabulary)
    best, place = jax.lax.top_k(totals, size)
    parent, token = place // vocabulary, (place % vocabulary).astype(jnp.int32)
    tokens = jnp.take_along_axis(state.tokens, parent[..., None], axis=1)
    return _State(
        step=state.step + 1,
        token=token,
        tokens=jax.lax.dynamic_update_slice_in_dim(tokens, token[..., None], state.step, axis=2),
        scores=best,
        ended=jnp.take_along_axis(state.ended, parent, axis=1) | (token == last) | (token == pad),
        memory=_of_parents(state.memory, parent, prompt),
    )


def _of_parents(memory: KVCache, parent: jax.Array, prompt: int) -> KVCache:
    """Copies to each hypothesis the response of its parent `[R, size]`; the prompt is the same for all of a row."""
    rows, size = parent.shape
    source = (jnp.arange(rows)[:, None] * size + parent).reshape(-1)
    return KVCache(
        memory.keys.at[..., prompt:, :].set(memory.keys[:, source, :, prompt:]),
        memory.values.at[..., prompt:, :].set(memory.values[:, source, :, prompt:]),
        memory.segments,  # all hypotheses have written the same places
        memory.ids,
    )


def _best(state: _State, prompt: int, last: int, pad: int) -> Beam:
    """The first of the best: among hypotheses that have not ended it is the likeliest, since they are sorted."""
    rows, size, limit = state.tokens.shape
    # The minimum leaves -inf to hypotheses that do not exist.
    scores = jnp.where(state.ended, state.scores, jnp.minimum(state.scores, UNENDED))
    best = jnp.argmax(scores, axis=1, keepdims=True)
    tokens = jnp.take_along_axis(state.tokens, best[..., None], axis=1)[:, 0]
    ends = (tokens == last) | (tokens == pad)
    counts = jnp.where(ends.any(axis=1), jnp.argmax(ends, axis=1), limit).astype(jnp.int32)
    row = jnp.arange(rows) * size + best[:, 0]
    place = jnp.broadcast_to(jnp.arange(limit), tokens.shape)
    held = (place < jnp.minimum(counts, limit - 1)[:, None]).astype(jnp.int32)
    return Beam(
        tokens=tokens,
        counts=counts,
        scores=jnp.take_along_axis(scores, best, axis=1)[:, 0],
        memory=KVCache(
            state.memory.keys[:, row],
            state.memory.values[:, row],
            jnp.concatenate([state.memory.segments[row, :prompt], held], axis=1),
            state.memory.ids[row],
        ),
    )
