"""How far outside, thresholds and measures: against scikit-learn's definitions in loops, by hand and by brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.tasks.directions import unit
from space_jax.tasks.intent import outside
from space_jax.tasks.intent.outside import (
    false_alarms,
    neighbour_distance,
    outsideness,
    recall_at_cost,
    roc_area,
    strictest_threshold,
)

CASES = st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.9])), max_size=12)


def test_distances_equal_loops(monkeypatch):
    rng = np.random.default_rng(0)
    queries, bank = unit(rng.normal(size=(7, 4))), unit(rng.normal(size=(9, 4)))
    expected = [1 - np.mean(sorted((float(q @ b) for b in bank), reverse=True)[:3]) for q in queries]
    np.testing.assert_allclose(neighbour_distance(queries, bank, 3), expected, rtol=1e-5)
    monkeypatch.setattr(outside, "_CHUNK", 2)
    np.testing.assert_allclose(neighbour_distance(queries, bank, 3), expected, rtol=1e-5)
    everything = 1 - (queries @ bank.T).mean(axis=1)
    np.testing.assert_allclose(neighbour_distance(queries, bank, 50), everything, rtol=1e-5)


def test_distances_of_nothing_and_to_nothing():
    none, some = np.zeros((0, 3), np.float32), unit(np.eye(3))
    assert neighbour_distance(none, some).shape == (0,)
    assert neighbour_distance(some, none).tolist() == [1, 1, 1]
    assert neighbour_distance(some, some, 1).tolist() == [0, 0, 0]


def test_doubt_and_distance_both_count():
    far = outsideness(np.array([0.2, 0.5, 0.2]), np.log([0.9, 0.9, 0.1]))
    np.testing.assert_allclose(far, [0.2 + 0.01053605, 0.5 + 0.01053605, 0.2 + 0.23025851], rtol=1e-6)


def test_the_strictest_threshold_by_hand():
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    right = np.array([False, True, False, True, True, True])
    inside = np.array([False, True, True, True, True, True])
    # Five in scope; of the four right ones none may be lost, then one, then two.
    assert strictest_threshold(right, inside, scores, 0.1) == pytest.approx(0.85)
    assert strictest_threshold(right, inside, scores, 0.2) == pytest.approx(0.65)
    assert strictest_threshold(right, inside, scores, 0.4) == pytest.approx(0.55)
    assert recall_at_cost(right, ~inside, scores, 0.1) == 1.0


def test_without_anything_to_lose_nothing_is_outside():
    scores, yes, no = np.array([0.3, 0.7]), np.ones(2, bool), np.zeros(2, bool)
    for right, inside, cost in ((no, yes, 0.01), (no, no, 0.01), (yes, yes, 1.0)):
        assert not (scores > strictest_threshold(right, inside, scores, cost)).any()
    assert strictest_threshold(no[:0], no[:0], scores[:0], 0.01) == 0.0


@given(CASES, st.sampled_from([0.0, 0.1, 0.25, 0.5]))
def test_no_threshold_within_the_cost_finds_more(cases, cost):
    inside, right = (np.array([case[n] for case in cases], bool) for n in (0, 1))
    right, scores = right & inside, np.array([case[2] for case in cases])
    lost = lambda threshold: int((right & (scores > threshold)).sum())  # noqa: E731
    chosen = strictest_threshold(right, inside, scores, cost)
    affordable = cost * inside.sum() + 1e-9
    assert lost(chosen) <= affordable
    if right.sum() > affordable:
        found = max(int((scores > t).sum()) for t in (0.0, 0.15, 0.25, 0.4, 0.7, 1.0) if lost(t) <= affordable)
        assert int((scores > chosen).sum()) == found


@given(CASES)
def test_the_measures_equal_loops(cases):
    far, scores = np.array([case[0] for case in cases], bool), np.array([case[2] for case in cases])
    if not far.any() or far.all():
        return
    pairs = [(a, b) for a in scores[far] for b in scores[~far]]
    assert roc_area(scores, far) == pytest.approx(np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs]))
    enough = [t for t in scores if (scores[far] >= t).mean() >= 0.95]
    assert false_alarms(scores, far) == pytest.approx(min((scores[~far] >= t).mean() for t in enough))
