"""Stretches on a memory: positions by hand, and a real model against computing everything anew."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import model_config
from space_jax.decoding.sampling import GREEDY, Sampling
from space_jax.decoding.sequence import grow, positions_of
from space_jax.features.batch import Tokens
from space_jax.tasks.dialogue.model import DialogueModel
from space_jax.training.sharding import unbox
from tests.models.conftest import VOCABULARY

LAST, OPEN, LIMIT = 9, 8, 5
BARRED = (0, 1)
MODEL = model_config("tiny", layers=2, hidden=16, heads=2, mlp=32, positions=32, dropout=0.0, vocabulary=VOCABULARY)


def test_positions_begin_anew_at_every_opening():
    ids = jnp.array([[0, 0, 9, 5, 8, 6], [0, 8, 4, 8, 8, 5], [7, 7, 7, 7, 7, 7]])
    present = jnp.array([[False, False, True, True, True, True], [False, *[True] * 5], [True] * 6])
    positions = positions_of(ids, present, (8,), jnp.array([3, 7, 2]))
    assert positions.tolist() == [[0, 0, 3, 4, 0, 1], [0, 0, 1, 0, 0, 1], [2, 3, 4, 5, 6, 7]]


class Model:
    """A random model with two contexts of different lengths."""

    def __init__(self):
        self.module = DialogueModel(MODEL, "space3")
        self.lengths = [3, 5]
        segments = (np.arange(5) < np.array(self.lengths)[:, None]).astype(np.int32)
        ids = np.arange(10, 20, dtype=np.int32).reshape(2, 5) * segments
        self.context = Tokens(ids, np.arange(5, dtype=np.int32) * segments, 0 * ids, segments, segments)
        self.occupied = np.ones((2, 1), bool)
        init = jax.jit(functools.partial(self.module.init, method="outputs"))
        params = unbox(init(jax.random.key(1), self.context, self.occupied, self.context)["params"])
        self.params = jax.tree.map(lambda x: x * 6.0, params)  # so that no two tokens are nearly as likely
        self.read = jax.jit(
            lambda params: self.module.apply({"params": params}, self.context, self.occupied, method="read")[1]
        )
        self.grow = jax.jit(self._grow, static_argnames=("limit", "sampling"))
        self.scores = jax.jit(lambda params, tokens, memory: self.next_token(params, tokens, memory)[0])

    def _read(self, params):
        return self.module.apply({"params": params}, self.context, self.occupied, method="read")[1]

    def next_token(self, params, tokens, memory):
        return self.module.apply({"params": params}, tokens, memory, method="write")

    def _grow(self, params, memory, given, present, begin, last, active, limit, sampling, key):
        step = functools.partial(self.next_token, params)
        return grow(step, memory, given, present, begin, last, limit, (OPEN,), sampling, key, BARRED, active)

    def stretch(self, memory, given, begin=(0, 0), last=LAST, active=(True, True), sampling=GREEDY, key=0):
        width = 3
        ids, present = np.zeros((2, width), np.int32), np.zeros((2, width), bool)
        for row, tokens in enumerate(given):
            ids[row, width - len(tokens) :], present[row, width - len(tokens) :] = tokens, True
        return self.grow(
            self.params,
            memory,
            ids,
            present,
            np.array(begin),
            last,
            np.array(active),
            LIMIT,
            sampling,
            jax.random.key(key),
        )

    def plain(self, row, written, positions, count, last=LAST):
        """Greedy choices behind `written`, each from the whole sequence on the context alone."""
        written, positions, chosen = list(written), list(positions), []
        memory = self.read(self.params)
        while len(chosen) < count:
            grid = np.zeros((2, 20), np.int32)
            ids, places, segments = grid.copy(), grid.copy(), grid.copy()
            ids[row, : len(written)], places[row, : len(written)], segments[row, : len(written)] = written, positions, 1
            tokens = Tokens(ids, places, grid, grid, segments)
            scores = np.array(self.scores(self.params, tokens, memory)[row, len(written) - 1])
            scores[list(BARRED)] = -np.inf
            chosen.append(int(scores.argmax()))
            written.append(chosen[-1])
            positions.append(positions[-1] + 1)
            if chosen[-1] == last:
                break
        return chosen


@pytest.fixture(scope="module")
def model():
    return Model()


def test_two_stretches_equal_computing_everything_anew(model):
    given = [[OPEN], [OPEN, 12, 13]]
    first = model.stretch(model.read(model.params), given, last=-1)
    texts = [row.tolist() for row in np.asarray(first.tokens)]
    starts = [[0], [0, 1, 2]]
    for row in (0, 1):
        assert texts[row] == model.plain(row, given[row], starts[row], LIMIT, last=-1)
    # What was chosen last is not in the memory yet; the next stretch is given it.
    begin = [starts[row][-1] + LIMIT for row in (0, 1)]
    following = [[texts[row][-1], OPEN] for row in (0, 1)]
    second = model.stretch(first.memory, following, begin, last=-1)
    for row in (0, 1):
        written = [*given[row], *texts[row], OPEN]
        positions = [*starts[row], *range(starts[row][-1] + 1, begin[row] + 1), 0]
        assert np.asarray(second.tokens)[row].tolist() == model.plain(row, written, positions, LIMIT, last=-1)


def test_a_row_ends_and_the_other_goes_on(model):
    memory = model.read(model.params)
    free = np.asarray(model.stretch(memory, [[OPEN], [OPEN]], last=-1).tokens)
    last = int(free[0, 1])
    ended = model.stretch(memory, [[OPEN], [OPEN]], last=last)
    stop = free[0].tolist().index(last)
    assert ended.counts[0] == stop
    assert np.asarray(ended.tokens)[0].tolist() == [*free[0, : stop + 1].tolist(), *[0] * (LIMIT - stop - 1)]
    ends = np.flatnonzero(free[1] == last)
    assert ended.counts[1] == (ends[0] if len(ends) else LIMIT)
    written = int(np.asarray(ended.memory.segments)[0, -LIMIT:].sum())
    assert written == stop  # the closing token waits for the next stretch


def test_an_idle_row_writes_nothing_but_hears_what_is_given(model):
    grown = model.stretch(model.read(model.params), [[OPEN], [OPEN, 12]], active=(False, True))
    assert (int(grown.counts[0]), np.asarray(grown.tokens)[0].tolist()) == (0, [0] * LIMIT)
    added = np.asarray(grown.memory.segments)[:, -(3 + LIMIT) :]
    assert added[0].tolist() == [0, 0, 1, *[0] * LIMIT]
    assert added[1, :3].tolist() == [0, 1, 1]


def test_barred_tokens_never_come_and_the_limit_holds(model):
    sampling = Sampling(temperature=5.0)
    for key in range(4):
        grown = model.stretch(model.read(model.params), [[OPEN], [OPEN]], last=-1, sampling=sampling, key=key)
        tokens = np.asarray(grown.tokens)
        assert not np.isin(tokens, BARRED).any()
        assert grown.counts.tolist() == [LIMIT, LIMIT]
