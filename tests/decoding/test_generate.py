"""Stretches on a memory: positions by hand, and a real model against computing everything anew."""

import copy
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import model_config
from space_jax.decoding.cache import compacted
from space_jax.decoding.generate import Given, generate, generate_by_beam, positions_of
from space_jax.decoding.sampling import GREEDY, Sampling
from space_jax.features.batch import Tokens
from space_jax.tasks.dialogue.model import DialogueModel
from space_jax.training.sharding import unbox
from tests.models.conftest import VOCABULARY

LAST, OPEN, LIMIT = 9, 8, 5
BARRED = (0, 1)
GIVEN = ([OPEN], [OPEN, 12, 13])
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
        init = jax.jit(functools.partial(self.module.init, method="predict"))
        given = (self.context, self.occupied, self.context, ids, segments > 0)
        params = unbox(init(jax.random.key(1), *given)["params"])
        self.params = jax.tree.map(lambda x: x * 6.0, params)  # so that no two tokens are nearly as likely
        self.read = jax.jit(
            lambda params: self.module.apply({"params": params}, self.context, self.occupied, method="read")[1]
        )
        self.generate = jax.jit(self._generate, static_argnames=("limit", "sampling", "size"))
        self.scores = jax.jit(lambda params, tokens, memory: self.next_token(params, tokens, memory)[0])

    def _read(self, params):
        return self.module.apply({"params": params}, self.context, self.occupied, method="read")[1]

    def next_token(self, params, tokens, memory):
        return self.module.apply({"params": params}, tokens, memory, method="write")

    def _generate(self, params, memory, given, last, active, limit, sampling, key, size):
        step = functools.partial(self.next_token, params)
        if size:
            return generate_by_beam(step, memory, given, last, limit, (OPEN,), size, BARRED, active)
        return generate(step, memory, given, last, limit, (OPEN,), sampling, key, BARRED, active)

    def stretch(self, memory, given, begin=(0, 0), last=LAST, active=(True, True), sampling=GREEDY, key=0, size=0):
        width = 3
        ids, present = np.zeros((2, width), np.int32), np.zeros((2, width), bool)
        for row, tokens in enumerate(given):
            ids[row, width - len(tokens) :], present[row, width - len(tokens) :] = tokens, True
        return self.generate(
            self.params,
            memory,
            Given(ids, present, np.array(begin)),
            last,
            np.array(active),
            LIMIT,
            sampling,
            jax.random.key(key),
            size,
        )

    def likelihood(self, row, tokens):
        """The log-probability of a row's tokens behind `GIVEN`, all of them scored at once."""
        written = [*GIVEN[row], *np.asarray(tokens).tolist()]
        scores = np.asarray(self._behind(row, written, range(len(written)))[: len(written)], np.float64)
        steps = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return sum(steps[n - 1, written[n]] for n in range(len(GIVEN[row]), len(written)))

    def plain(self, row, written, positions, count, last=LAST):
        """Greedy choices behind `written`, each from the whole sequence on the context alone."""
        written, positions, chosen = list(written), list(positions), []
        while len(chosen) < count:
            scores = np.array(self._behind(row, written, positions)[len(written) - 1])
            scores[list(BARRED)] = -np.inf
            chosen.append(int(scores.argmax()))
            written.append(chosen[-1])
            positions.append(positions[-1] + 1)
            if chosen[-1] == last:
                break
        return chosen

    def _behind(self, row, written, positions):
        """The scores of a row's next tokens, from the whole sequence on the context alone."""
        grid = np.zeros((2, 20), np.int32)
        ids, places, segments = grid.copy(), grid.copy(), grid.copy()
        ids[row, : len(written)], places[row, : len(written)], segments[row, : len(written)] = written, positions, 1
        tokens = Tokens(ids, places, grid, grid, segments)
        return self.scores(self.params, tokens, self.read(self.params))[row]


@pytest.fixture(scope="module")
def model():
    return Model()


@pytest.fixture(scope="module")
def unsure(model):
    """The same with flatter scores, so that the likeliest token is not always the best one."""
    other = copy.copy(model)
    other.params = jax.tree.map(lambda x: x * 0.4, model.params)
    return other


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


def test_a_compacted_memory_holds_what_was_written_and_changes_no_choice(model):
    first = model.stretch(model.read(model.params), GIVEN, last=-1)
    held = np.asarray(first.memory.segments) > 0
    for places in (int(held.sum(axis=1).max()), held.shape[1] + 3):
        memory = compacted(first.memory, places)
        assert memory.segments.shape == (2, places)
        for row in (0, 1):
            count = int(held[row].sum())
            assert (np.asarray(memory.segments[row]) > 0).tolist() == [True] * count + [False] * (places - count)
            np.testing.assert_array_equal(memory.keys[:, row, :, :count], first.memory.keys[:, row][:, :, held[row]])
        following, begin = [[int(row[-1]), OPEN] for row in first.tokens], [LIMIT, LIMIT + 2]
        long, short = (model.stretch(one, following, begin, last=-1) for one in (first.memory, memory))
        np.testing.assert_array_equal(long.tokens, short.tokens)


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


def test_one_hypothesis_is_greedy(unsure):
    memory = unsure.read(unsure.params)
    last = int(np.asarray(unsure.stretch(memory, GIVEN, last=-1).tokens)[0, 2])
    for active in ((True, True), (False, True)):
        greedy = unsure.stretch(memory, GIVEN, last=last, active=active)
        beam = unsure.stretch(memory, GIVEN, last=last, active=active, size=1)
        np.testing.assert_array_equal(beam.tokens, greedy.tokens)
        np.testing.assert_array_equal(beam.counts, greedy.counts)
        np.testing.assert_array_equal(beam.memory.segments, greedy.memory.segments)
        held = np.asarray(greedy.memory.segments)[None, :, None, :, None]
        np.testing.assert_allclose(beam.memory.keys * held, greedy.memory.keys * held, atol=1e-5)


def test_a_wider_beam_is_likelier_and_rows_stand_alone(unsure):
    memory = unsure.read(unsure.params)
    greedy, wide = (unsure.stretch(memory, GIVEN, last=-1, size=size) for size in (1, 4))
    scores = [[unsure.likelihood(row, one.tokens[row]) for row in (0, 1)] for one in (greedy, wide)]
    assert (np.array(scores[1]) > np.array(scores[0]) - 1e-5).all()
    assert (np.asarray(wide.tokens) != np.asarray(greedy.tokens)).any()
    assert not np.isin(wide.tokens, BARRED).any()
    for active in ((True, False), (False, True)):
        alone = unsure.stretch(memory, GIVEN, last=-1, active=active, size=4)
        row = active.index(True)
        np.testing.assert_array_equal(alone.tokens[row], wide.tokens[row])
        assert (int(alone.counts[1 - row]), np.asarray(alone.tokens[1 - row]).any()) == (0, False)


def test_behind_a_beam_the_next_stretch_reads_the_best(unsure):
    memory = unsure.read(unsure.params)
    wide = unsure.stretch(memory, GIVEN, last=-1, size=4)
    texts = np.asarray(wide.tokens).tolist()
    begin = [LIMIT, LIMIT + 2]
    second = unsure.stretch(wide.memory, [[text[-1], OPEN] for text in texts], begin, last=-1)
    for row in (0, 1):
        written = [*GIVEN[row], *texts[row], OPEN]
        positions = [*range(len(written) - 1), 0]
        assert np.asarray(second.tokens)[row].tolist() == unsure.plain(row, written, positions, LIMIT, last=-1)


def test_a_beam_may_write_nothing(unsure):
    memory = unsure.read(unsure.params)
    first = int(np.asarray(unsure.stretch(memory, GIVEN, last=-1).tokens)[0, 0])
    for size in (1, 4):
        grown = unsure.stretch(memory, GIVEN, last=first, size=size)
        assert int(grown.counts[0]) == 0
        assert np.asarray(grown.tokens)[0].tolist() == [first, 0, 0, 0, 0]
        assert not np.asarray(grown.memory.segments)[0, -LIMIT:].any()
