"""Beam search against plain loops over lists of hypotheses, every possible response, and recorded responses."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.decoding.beam import UNENDED, beam_search
from space_jax.decoding.greedy import greedy
from space_jax.models.kv_cache import KVCache

PAD, FIRST, LAST = 0, 1, 2
VOCABULARY, LIMIT, STATES = 7, 5, 97
PROMPTS = np.array([[3, 4, 5], [6, 5, 4], [3, 3, 3], [4, 6, 5]], np.int32)


def table(seed: int, vocabulary: int = VOCABULARY) -> np.ndarray:
    """The toy model: a state of everything so far -> scores of the next token."""
    return np.random.default_rng(seed).normal(0, 1.5, (STATES, vocabulary)).astype(np.float32)


TABLE = table(0)


def state_of(prompt, response) -> int:
    """Order matters in the response, so that a memory that came from another hypothesis shows."""
    return int(sum(7 * token for token in prompt) + sum(t * (3 * i + 5) for i, t in enumerate(response))) % STATES


def toy_memory(prompts, segments=None) -> KVCache:
    prompts = jnp.asarray(prompts)
    keys = (7.0 * prompts)[None, :, None, :, None]
    segments = jnp.ones_like(prompts) if segments is None else jnp.asarray(segments)
    return KVCache(keys, keys, segments, jnp.where(segments > 0, prompts, -1))


def toy_next_token(scores, tokens, memory):
    """`state_of` on a memory: its keys hold what each token adds, its values the same for a check."""
    new = (tokens.ids * (3 * tokens.positions + 5)).astype(jnp.float32)[None, :, None, :, None]
    memory = memory.grown(new, new, tokens.segments)
    seen = jnp.where(memory.segments > 0, (memory.keys + memory.values)[0, :, 0, :, 0] / 2, 0.0)
    state = seen.sum(axis=1).astype(jnp.int32) % STATES
    return scores[state][:, None], memory


@functools.partial(jax.jit, static_argnames=("limit", "size", "barred"))
def toy_search(scores, memory, limit=LIMIT, size=3, barred=()):
    return beam_search(functools.partial(toy_next_token, scores), memory, FIRST, LAST, limit, size, barred, PAD)


def log_softmax(scores) -> np.ndarray:
    scores = scores.astype(np.float64)
    return scores - scores.max() - np.log(np.exp(scores - scores.max()).sum())


def plain_search(scores, prompt, limit, size, barred):
    """One row with finite penalties in float64; hypotheses are (score, tokens), best first."""
    hypotheses = [(0.0, [])]
    for step in range(limit):
        candidates = []
        for score, tokens in hypotheses:
            if tokens and tokens[-1] in (LAST, PAD):
                candidates.append((score, [*tokens, PAD]))
                continue
            new = log_softmax(scores[state_of(prompt, [FIRST, *tokens])])
            for token in range(len(new)):
                penalty = -1e10 * ((token in barred) + (step == 0 and token == LAST))
                candidates.append((score + new[token] + penalty, [*tokens, token]))
        hypotheses = sorted(candidates, key=lambda candidate: -candidate[0])[:size]
    ended = [h for h in hypotheses if h[1][-1] in (LAST, PAD)]
    return max(ended, key=lambda h: h[0]) if ended else (UNENDED, hypotheses[0][1])


@pytest.mark.parametrize(("size", "barred"), [(1, (0,)), (2, (0, 5)), (4, ()), (30, (3,))])
def test_equal_to_the_plain_loop(size, barred):
    lengths = []
    for seed in range(8):
        ours = toy_search(table(seed), toy_memory(PROMPTS), size=size, barred=barred)
        for row, prompt in enumerate(PROMPTS):
            score, tokens = plain_search(table(seed), prompt, LIMIT, size, barred)
            assert ours.tokens[row].tolist() == tokens
            np.testing.assert_allclose(ours.scores[row], score, rtol=1e-5)
            lengths.append(len([token for token in tokens if token != PAD]) * (score > UNENDED))
    assert ours.tokens.dtype == jnp.int32
    assert ours.scores.dtype == jnp.float32
    # Otherwise the toy would not try what it is for.
    assert len(set(lengths)) > 2
    assert size > 2 or 0 in lengths


def test_a_beam_wide_enough_finds_the_best_of_all_responses():
    scores = table(3, vocabulary=4)
    barred = (0,)
    ours = toy_search(scores, toy_memory(PROMPTS), limit=4, size=40, barred=barred)
    bodies = [body for length in (1, 2, 3) for body in itertools.product((1, 3), repeat=length)]
    for row, prompt in enumerate(PROMPTS):
        every = {}
        for body in bodies:
            path = (FIRST, *body, LAST)
            steps = [log_softmax(scores[state_of(prompt, path[:i])])[path[i]] for i in range(1, len(path))]
            every[path[1:]] = sum(steps)
        best = max(every, key=lambda path: every[path])
        assert tuple(token for token in ours.tokens[row].tolist() if token != PAD) == best
        np.testing.assert_allclose(ours.scores[row], every[best], rtol=1e-5)


def test_size_one_is_greedy():
    memory = toy_memory(PROMPTS)
    for seed in range(4):
        step = functools.partial(toy_next_token, jnp.asarray(table(seed)))
        expected = greedy(step, memory, FIRST, LAST, LIMIT, (PAD,))
        ours = toy_search(table(seed), memory, size=1, barred=(PAD,))
        np.testing.assert_array_equal(ours.tokens, expected)


def test_rows_do_not_depend_on_one_another():
    together = toy_search(TABLE, toy_memory(PROMPTS))
    for row in range(len(PROMPTS)):
        alone = toy_search(TABLE, toy_memory(PROMPTS[row : row + 1]))
        np.testing.assert_array_equal(alone.tokens[0], together.tokens[row])
        np.testing.assert_array_equal(alone.scores[0], together.scores[row])
    assert len(np.unique(together.tokens, axis=0)) > 1  # else any row would do for any other


def test_padding_in_the_memory_changes_nothing():
    wide = np.full((len(PROMPTS), 6), 99, np.int32)
    segments = np.zeros_like(wide)
    for row, places in enumerate([(0, 1, 2), (3, 4, 5), (0, 2, 4), (1, 2, 5)]):
        wide[row, places], segments[row, places] = PROMPTS[row], 1
    padded, plain = toy_search(TABLE, toy_memory(wide, segments)), toy_search(TABLE, toy_memory(PROMPTS))
    np.testing.assert_array_equal(padded.tokens, plain.tokens)
    np.testing.assert_array_equal(padded.scores, plain.scores)


def test_barred_tokens_are_never_chosen_even_if_nothing_else_fills_the_beam():
    barred = (0, 1, 4, 5, 6)
    for size in (3, 30):
        tokens = np.asarray(toy_search(TABLE, toy_memory(PROMPTS), limit=3, size=size, barred=barred).tokens)
        for row in tokens.tolist():
            written = row[: row.index(LAST) + 1] if LAST in row else row
            assert set(written) <= {LAST, 3}
            assert not any(row[len(written) :])


def test_a_limit_of_one():
    ours = toy_search(TABLE, toy_memory(PROMPTS), limit=1, size=2, barred=(PAD,))
    expected = [plain_search(TABLE, prompt, 1, 2, (PAD,))[1] for prompt in PROMPTS]
    assert ours.tokens.tolist() == expected
    np.testing.assert_array_equal(ours.scores, np.float32(UNENDED))  # nothing can end, as no response is empty


def test_a_beam_of_nothing():
    with pytest.raises(ValueError, match="size is 0"):
        toy_search(TABLE, toy_memory(PROMPTS), size=0)


def scripted(probabilities, seen=None):
    """A model of the last token alone: last token -> probabilities of the next; one row."""
    scores = jnp.log(jnp.asarray(probabilities, jnp.float32))

    def next_token(tokens, memory):
        if seen is not None:
            jax.debug.callback(lambda step: seen.append(int(step)), tokens.positions[0, 0])
        new = jnp.zeros((1, tokens.ids.shape[0], 1, 1, 1))
        return scores[tokens.ids], memory.grown(new, new, tokens.segments)

    return next_token, toy_memory(np.zeros((1, 0), np.int32))


NO, SURE = [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]


def test_an_ended_hypothesis_waits_unchanged_for_one_that_never_ends():
    """Token 3 ends at once; token 4 is likelier and goes on for ever, without loss."""
    next_token, memory = scripted([NO, [0, 0, 0, 0.25, 0.75], [0, 0, 0, 1, 0], [0, 0, 1, 0, 0], SURE])
    ours = beam_search(next_token, memory, FIRST, LAST, 50, 2)
    assert ours.tokens.tolist() == [[3, LAST] + [PAD] * 48]
    assert float(ours.scores[0]) == float(jax.nn.log_softmax(jnp.log(jnp.asarray([0.25, 0.75])))[0])


def test_a_late_end_beats_an_early_one():
    """Token 4 goes on with 0.9 a step, and so ends later than token 3 but likelier."""
    next_token, memory = scripted([NO, [0, 0, 0, 0.3, 0.7], NO, [0, 0, 1, 0, 0], [0, 0, 0.1, 0, 0.9]])
    ours = beam_search(next_token, memory, FIRST, LAST, 4, 2)
    assert ours.tokens.tolist() == [[3, LAST, PAD, PAD]]
    sharper, _ = scripted([NO, [0, 0, 0, 0.3, 0.7], NO, [0, 0, 1, 0, 0], [0, 0, 0.5, 0, 0.5]])
    ours = beam_search(sharper, memory, FIRST, LAST, 4, 2)
    assert ours.tokens.tolist() == [[4, LAST, PAD, PAD]]
    np.testing.assert_allclose(ours.scores, np.log([0.35]), rtol=1e-6)


def test_where_none_ends_the_likeliest_is_given():
    next_token, memory = scripted([NO, [0, 0, 0, 0.3, 0.7], NO, [0, 0, 0, 0.5, 0.5], SURE])
    ours = beam_search(next_token, memory, FIRST, LAST, 3, 3)
    assert ours.tokens.tolist() == [[4, 4, 4]]
    assert ours.scores.tolist() == [UNENDED]


def test_the_search_ends_when_nothing_can_overtake():
    seen = []
    next_token, memory = scripted([NO, [0, 0, 0, 0.3, 0.7], NO, SURE, [0, 0, 0.9, 0.1, 0]], seen)
    ours = jax.block_until_ready(beam_search(next_token, memory, FIRST, LAST, 40, 3))
    jax.effects_barrier()
    assert ours.tokens[0, :3].tolist() == [4, LAST, PAD]
    assert seen == [0, 1]  # the beam still holds 3 4 and 4 3, both less likely


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("kind", ["prompted", "plain"])
def test_recorded_responses(recorded, kind, size):
    tokens, scores = (recorded.generated[f"beam{size}_{kind}_{what}"] for what in ("tokens", "scores"))

    def write(memory):
        return beam_search(recorded.next_token, memory, 1, 12, tokens.shape[1] - 1, size, barred=(3,))

    ours = jax.jit(write)(recorded.memories[kind])
    np.testing.assert_array_equal(ours.tokens, tokens[:, 1:])
    np.testing.assert_allclose(ours.scores, scores, rtol=0, atol=1e-3)
