"""Words in another order: which may move, how many do, and what the published builder does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from space_jax.features.masking import mask_spans
from space_jax.features.word_order import released_limit, released_words, shuffle_trigrams

SPECIAL = 20  # ids below it are no text, see the vocabulary of conftest
MASK = 2
NOTHING = np.zeros(0, np.int32)


def shuffled(vocabulary, ids, kept=None, share=0.05, seed=0):
    ids = np.asarray(ids, np.int32)
    kept = np.zeros(len(ids), bool) if kept is None else np.asarray(kept, bool)
    return shuffle_trigrams(ids, kept, share, vocabulary, np.random.default_rng(seed))


TEXTS = hnp.arrays(np.int32, st.integers(0, 60), elements=st.integers(0, 40))


@given(ids=TEXTS, share=st.floats(0, 0.9), seed=st.integers(0, 99), data=st.data())
def test_words_only_change_places_and_only_those_that_may(vocabulary, ids, share, seed, data):
    kept = data.draw(hnp.arrays(bool, len(ids)))
    words, moved = shuffled(vocabulary, ids, kept, share, seed)
    assert sorted(words) == sorted(ids)
    np.testing.assert_array_equal(moved, np.flatnonzero(words != ids))
    assert not kept[moved].any()
    assert (ids[moved] >= SPECIAL).all()
    # Three at a time: between two moved words of one text nothing that must stay is passed.
    barriers = np.cumsum(kept | (ids < SPECIAL))
    for group in np.unique(barriers[moved]):
        here = barriers == group
        assert sorted(words[here]) == sorted(ids[here])


def test_no_share_is_the_masking_of_space_2(vocabulary):
    ids = np.arange(100, 400, dtype=np.int32)
    masked, chosen = mask_spans(ids, np.zeros(300, bool), np.ones(300, np.int32), vocabulary, np.random.default_rng(3))
    words, moved = shuffled(vocabulary, masked, np.isin(np.arange(300), chosen), share=0.0)
    np.testing.assert_array_equal(words, masked)
    assert moved.tolist() == []


def test_the_share_is_of_trigrams(vocabulary):
    """All words differ, so that a trigram in one of its five other orders moves two words (three of them) or three."""
    count, repeats = 102, 400
    wanted = 0.05 * (count - 2)
    moved = [len(shuffled(vocabulary, np.arange(100, 100 + count), seed=seed)[1]) for seed in range(repeats)]
    per_trigram = (3 * 2 + 2 * 3) / 5
    # The number of trigrams is 5; the moved words of each have a variance of 0.24.
    deviation = np.sqrt(wanted * 0.24 / repeats)
    assert np.mean(moved) == pytest.approx(wanted * per_trigram, abs=4 * deviation)


def test_a_fraction_of_a_trigram_is_a_probability(vocabulary):
    touched = [len(shuffled(vocabulary, np.arange(30, 42), seed=seed)[1]) > 0 for seed in range(1000)]
    assert np.mean(touched) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(1000))  # of ten trigrams half a one


@pytest.mark.parametrize("ids", [[], [30], [30, 31], [30, 5, 31, 6, 32]])
def test_without_three_words_in_a_row_nothing_moves(vocabulary, ids):
    words, moved = shuffled(vocabulary, ids, share=0.9)
    assert (words.tolist(), moved.tolist()) == (ids, [])


def released(vocabulary, ids, limit=None, seed=0):
    ids = np.asarray(ids, np.int32)
    limit = released_limit(len(ids)) if limit is None else limit
    return released_words(ids, limit, vocabulary, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(20))
def test_as_released_the_places_are_those_that_changed_first(vocabulary, seed):
    ids = np.concatenate([[1], np.arange(100, 180), [5], np.arange(200, 260), [6]])
    words, positions, moved = released(vocabulary, ids, 10_000, seed)
    assert positions.tolist() == sorted(set(positions.tolist()))
    assert np.count_nonzero(~moved) == round(0.15 * len(ids))
    assert (ids[positions[~moved]] >= SPECIAL).all()
    untouched = np.setdiff1d(np.arange(len(ids)), positions)
    # Every other place that changed lost its token to a walk that came by again, or is beside a mask that moved.
    near = np.abs(untouched[words[untouched] != ids[untouched]][:, None] - positions[None]).min(axis=1, initial=9)
    assert (near[near < 9] <= 2).all()
    assert len(words) == len(ids)


def test_as_released_a_third_of_the_tokens_is_touched(vocabulary):
    """Every place in 0.1 trigrams' reach: 1 - 0.9^3 = 27% of the unmasked; a random order moves a word in 2/3."""
    ids = np.arange(100, 900)
    share = np.mean([np.count_nonzero(released(vocabulary, ids, 10_000, seed)[2]) / 680 for seed in range(20)])
    assert 0.271 * 2 / 3 * 0.9 < share < 0.271 * 2 / 3 * 1.15


@pytest.mark.parametrize("limit", [3, 4, 5, 6, 7])
def test_as_released_the_walk_ends_at_the_limit(vocabulary, limit):
    for seed in range(30):
        words, positions, moved = released(vocabulary, np.arange(100, 120), limit, seed)
        assert len(positions) <= limit
        assert np.count_nonzero(~moved) == min(limit, 3)
        assert len(words) == 20


def test_limits(vocabulary):
    assert [released_limit(count) for count in (1, 66, 67, 512)] == [10, 10, 20, 80]
    words, positions, moved = released(vocabulary, np.array([1, 5, 6]), 10)
    assert (words.tolist(), positions.tolist(), moved.tolist()) == ([1, 5, 6], [], [])


def test_the_recorded_builder_has_the_invariants(shared_data):
    """What the published builder made: labels are original tokens, and beside masks and moves nothing is new."""
    path = shared_data / "parity" / "family" / "structbert_tiny_inputs.npz"
    if not path.is_file():
        pytest.skip(f"no recorded numbers at {path}")
    recorded = np.load(path)
    original, words, labels = recorded["original_ids"], recorded["input_ids"], recorded["labels"]
    masked, moved = recorded["masked_positions"], recorded["shuffled_positions"]
    assert not (masked & moved).any()
    np.testing.assert_array_equal((labels == original)[masked | moved], True)
    assert (words != original)[moved].mean() > 0.9  # a later trigram may bring a token back
