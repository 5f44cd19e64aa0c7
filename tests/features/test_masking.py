"""Masking: annotated values whole, elsewhere BERT's shares, special tokens never."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from space_jax.features.masking import chosen_in_turn, mask_spans

MASK = 2


def run(vocabulary, ids, spans, turns, seed=0):
    arrays = np.array(ids, np.int32), np.array(spans, bool), np.array(turns, np.int32)
    return mask_spans(*arrays, vocabulary, np.random.default_rng(seed))


def test_a_turn_with_values_has_all_of_them_masked_and_nothing_else(vocabulary):
    ids = [5, 30, 31, 32, 6] * 20
    spans = [False, True, False, True, False] * 20
    masked, chosen = run(vocabulary, ids, spans, [1] * 100)
    assert masked.tolist() == [5, MASK, 31, MASK, 6] * 20
    assert chosen.tolist() == np.flatnonzero(spans).tolist()


def test_each_turn_decides_for_itself(vocabulary):
    ids = [5, *range(100, 1000), 6, 5, 30, 31, 6]
    spans = [False] * 902 + [False, True, False, False]
    turns = [2] * 902 + [1] * 4
    masked, chosen = run(vocabulary, ids, spans, turns)
    assert masked[902:].tolist() == [5, MASK, 31, 6]
    assert 80 < (chosen < 902).sum() < 190  # 15% of 900 in the turn without values


def test_shares_of_a_turn_without_values(vocabulary):
    count = 200_000
    ids = np.random.default_rng(1).integers(20, 1000, count)
    masked, chosen = run(vocabulary, ids, np.zeros(count), np.ones(count))
    assert len(chosen) / count == pytest.approx(0.15, abs=0.005)
    before, after = ids[chosen], masked[chosen]
    assert (after == MASK).mean() == pytest.approx(0.8, abs=0.01)
    # A random token is the old one in 1 of 980 cases.
    assert (after == before).mean() == pytest.approx(0.1 + 0.1 / 980, abs=0.01)
    random = after[(after != MASK) & (after != before)]
    assert random.min() >= 20
    assert len(set(random.tolist())) > 900
    untouched = np.ones(count, bool)
    untouched[chosen] = False
    np.testing.assert_array_equal(masked[untouched], ids[untouched])


@given(
    ids=hnp.arrays(np.int32, st.integers(0, 60), elements=st.integers(0, 60)),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_properties(vocabulary, ids, seed, data):
    spans = data.draw(hnp.arrays(bool, ids.shape))
    turns = np.sort(data.draw(hnp.arrays(np.int32, ids.shape, elements=st.integers(1, 4))))[::-1]
    masked, chosen = mask_spans(ids, spans, turns, vocabulary, np.random.default_rng(seed))
    again = mask_spans(ids, spans, turns, vocabulary, np.random.default_rng(seed))
    np.testing.assert_array_equal(masked, again[0])
    np.testing.assert_array_equal(chosen, again[1])
    assert masked.dtype == chosen.dtype == np.int32
    assert (np.diff(chosen) > 0).all()
    assert (ids[chosen] >= 20).all()  # no special token is predicted
    changed = np.flatnonzero(masked != ids)
    assert set(changed.tolist()) <= set(chosen.tolist())
    assert ((masked[changed] == MASK) | (masked[changed] >= 20)).all()
    for turn in range(1, 5):
        values = np.flatnonzero(spans & (turns == turn) & (ids >= 20))
        if len(values):
            assert set(chosen[turns[chosen] == turn].tolist()) == set(values.tolist())
            assert (masked[values] == MASK).all()


def test_hidden_spans_leave_no_trace_in_the_other_turns(vocabulary):
    """The number of draws does not depend on the spans, so the turns without values are masked alike."""
    ids = np.random.default_rng(0).integers(20, 1000, 300).astype(np.int32)
    turns = np.repeat([2, 1], 150).astype(np.int32)
    spans = np.zeros(300, bool)
    plain = mask_spans(ids, spans, turns, vocabulary, np.random.default_rng(5))
    spans[200:210] = True
    labelled = mask_spans(ids, spans, turns, vocabulary, np.random.default_rng(5))
    np.testing.assert_array_equal(plain[0][:150], labelled[0][:150])
    assert labelled[1][labelled[1] >= 150].tolist() == list(range(200, 210))


@pytest.mark.parametrize(
    ("examples", "places", "expected"),
    [
        ([0, 0, 0, 1, 1, 2], 0, []),
        ([0, 0, 0, 1, 1, 2], 1, [2]),
        ([0, 0, 0, 1, 1, 2], 3, [2, 4, 5]),
        ([0, 0, 0, 1, 1, 2], 4, [1, 2, 4, 5]),
        ([0, 0, 0, 1, 1, 2], 5, [1, 2, 3, 4, 5]),
        ([0, 0, 0, 1, 1, 2], 9, [0, 1, 2, 3, 4, 5]),
        ([3, 7, 7], 2, [0, 2]),
        ([], 2, []),
    ],
)
def test_places_are_given_in_turn(examples, places, expected):
    assert chosen_in_turn(np.array(examples, np.int32), places).tolist() == expected


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(0, 40))
def test_shares_differ_by_one_place_at_most(counts, places):
    """Unless an example has no more to give."""
    examples = np.repeat(np.arange(len(counts)), counts)
    shares = np.bincount(examples[chosen_in_turn(examples, places)], minlength=len(counts))
    assert shares.sum() == min(places, sum(counts))
    short = [share for share, count in zip(shares, counts, strict=True) if share < count]
    assert not short or max(shares) - min(short) <= 1
