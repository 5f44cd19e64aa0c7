"""Greedy decoding on a growing memory against a plain loop that computes everything anew for each token."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.decoding.greedy import greedy
from space_jax.features.batch import Tokens
from space_jax.features.packing import pack
from space_jax.models.kv_cache import KVCache
from space_jax.models.registry import make_recipe
from space_jax.training.sharding import unbox
from tests.models.conftest import MODEL, RECIPES, UNPACKED, VOCABULARY, make_items

LIMIT = 6
FIRST = VOCABULARY.sos_r
BARRED = (0, 2, 17)


class Writer:
    """One recipe with random parameters, its packed batch of one example a row, and both ways to decode."""

    def __init__(self, name: str):
        self.recipe = make_recipe(MODEL, RECIPES[name])
        self.batch = pack(make_items(name), UNPACKED)
        params = unbox(jax.jit(self.recipe.init)(jax.random.key(1), self.batch))
        # A larger spread than the initialiser's, so that no two tokens are nearly as likely.
        self.params = jax.tree.map(lambda x: x * 8.0, params)
        self.write = jax.jit(self._write, static_argnames="limit")
        self.prompt = jax.jit(self.recipe.prompt)
        self.scores = jax.jit(lambda params, tokens, memory: self.recipe.next_token(params, tokens, memory)[0])

    def fast(self, batch, last, limit=LIMIT, barred=(0,)):
        """Traced in everything but the limit, so one program serves all tests; `barred` has one length for that."""
        barred = jnp.asarray((*barred, *barred[:1] * (5 - len(barred))))
        return np.asarray(self.write(self.params, batch, last, limit, barred))

    def _write(self, params, batch, last, limit, barred):
        def next_token(tokens, memory):
            return self.recipe.next_token(params, tokens, memory)

        return greedy(next_token, self.recipe.prompt(params, batch), FIRST, last, limit, barred)

    def plain(self, row, last, limit=LIMIT, barred=(0,)):
        """Decodes one row; each token from the whole response so far, padded to one shape, on the prompt alone."""
        memory = self.prompt(self.params, self.batch)
        written = [FIRST]
        while len(written) <= limit:
            scores = np.array(self.scores(self.params, self._response(row, written), memory)[row, len(written) - 1])
            scores[list(barred)] = -np.inf
            if len(written) == 1 and last >= 0:
                scores[last] = -np.inf
            written.append(int(scores.argmax()))
            if written[-1] == last:
                break
        return written[1:]

    def _response(self, row, written):
        rows = len(self.batch.valid)
        ids, segments = np.zeros((rows, LIMIT), np.int32), np.zeros((rows, LIMIT), np.int32)
        ids[row, : len(written)], segments[row, : len(written)] = written, 1
        positions = np.broadcast_to(np.arange(LIMIT, dtype=np.int32), ids.shape)
        return Tokens(ids=ids, positions=positions, roles=0 * ids, turns=0 * ids, segments=segments)


@pytest.fixture(scope="module", params=["space1", "space3"])
def writer(request):
    return Writer(request.param)


@pytest.fixture(scope="module")
def unended(writer):
    """The responses that never end, since no id is -1."""
    return writer.fast(writer.batch, last=-1)


def padded(tokens, limit=LIMIT):
    return tokens + [0] * (limit - len(tokens))


def test_equal_to_the_plain_loop(writer, unended):
    rows = writer.batch.slot  # of the examples
    assert unended[rows].tolist() == [writer.plain(row, last=-1) for row in rows]
    assert len(np.unique(unended[rows], axis=0)) > 1  # else any row would do for any other


def test_ends_at_the_closing_token_and_is_zero_behind_it(writer, unended):
    last = int(unended[0, 2])
    ours = writer.fast(writer.batch, last)
    assert ours.tolist() == [padded(writer.plain(row, last)) for row in range(len(ours))]
    end = ours[0].tolist().index(last)
    assert end <= 2
    assert not ours[0, end + 1 :].any()


def test_barred_tokens_are_never_chosen(writer, unended):
    barred = (*BARRED, int(unended[0, 0]), int(unended[1, 1]))
    ours = writer.fast(writer.batch, last=-1, barred=barred)
    assert not np.isin(ours, barred).any()
    assert ours[:2].tolist() == [writer.plain(row, last=-1, barred=barred) for row in (0, 1)]


def test_rows_do_not_depend_on_one_another(writer, unended):
    """Row 0 with all other contexts exchanged, and with the others ended at once."""
    changed = np.array(writer.batch.context.ids)
    changed[1:] = np.where(changed[1:] > 14, 74 - changed[1:], changed[1:])
    batch = dataclasses.replace(writer.batch, context=dataclasses.replace(writer.batch.context, ids=changed))
    ours = writer.fast(batch, last=-1)
    np.testing.assert_array_equal(ours[0], unended[0])
    assert (ours[1:] != unended[1:]).any()


def test_a_limit_of_one(writer, unended):
    np.testing.assert_array_equal(writer.fast(writer.batch, last=-1, limit=1), unended[:, :1])


def scripted(script):
    """A model that says the script of each row, whatever it is given; its memory counts the tokens."""
    script = jnp.asarray(script)

    def next_token(tokens: Tokens, memory: KVCache):
        step = tokens.positions[0, 0]
        scores = jax.nn.one_hot(script[:, step], 10)[:, None]
        new = jnp.zeros((1, script.shape[0], 1, 1, 1))
        return scores, memory.grown(new, new, tokens.segments)

    nothing = jnp.zeros((1, script.shape[0], 1, 0, 1))
    none = jnp.zeros((script.shape[0], 0), jnp.int32)
    return next_token, KVCache(nothing, nothing, none, none)


def test_rows_that_end_at_different_steps():
    next_token, memory = scripted([[5, 9, 5, 5], [5, 5, 9, 9], [5, 5, 5, 9], [5, 5, 5, 5]])
    ours = greedy(next_token, memory, first=1, last=9, limit=4)
    assert ours.tolist() == [[5, 9, 0, 0], [5, 5, 9, 0], [5, 5, 5, 9], [5, 5, 5, 5]]
    assert ours.dtype == jnp.int32


def test_no_response_is_empty():
    next_token, memory = scripted([[9, 9, 5], [5, 9, 5]])
    ours = greedy(next_token, memory, first=1, last=9, limit=3, barred=(0,))
    assert ours.tolist() == [[1, 9, 0], [5, 9, 0]]  # of equally unlikely tokens, the first that is not barred


def test_decoding_ends_early_when_all_rows_have_ended():
    next_token, memory = scripted([[5, 9, 5, 5]] * 2)
    counted = []

    def counting(tokens, memory):
        jax.debug.callback(lambda step: counted.append(int(step)), tokens.positions[0, 0])
        return next_token(tokens, memory)

    jax.block_until_ready(greedy(counting, memory, first=1, last=9, limit=4))
    jax.effects_barrier()
    assert counted == [0, 1]


@pytest.mark.parametrize("kind", ["prompted", "plain"])
def test_recorded_responses(recorded, kind):
    expected = recorded.generated[f"beam1_{kind}_tokens"]

    def write(memory):
        return greedy(recorded.next_token, memory, 1, 12, expected.shape[1] - 1, (3,))

    assert (expected[:, 0] == 1).all()
    np.testing.assert_array_equal(jax.jit(write)(recorded.memories[kind]), expected[:, 1:])
