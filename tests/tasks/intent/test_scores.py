"""Accuracy with out-of-scope utterances, and the threshold, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.tasks.intent.scores import accuracies, best_threshold


def test_in_scope_accuracy_and_out_of_scope_recall():
    truths = ["a", "a", "b", "oos", "oos", "oos", None]
    labels = ["a", "oos", "b", "oos", "a", "oos", "a"]
    scores = accuracies(truths, labels, "oos")
    assert scores["accuracy"] == pytest.approx(4 / 7)
    assert scores["in_scope_accuracy"] == pytest.approx(2 / 4)
    assert scores["out_of_scope_recall"] == pytest.approx(2 / 3)
    assert accuracies(["a"], ["a"], "oos") == {"accuracy": 1.0}


def test_the_threshold_by_hand():
    #                 out    right  out    wrong  right  right
    scores = np.array([0.10, 0.20, 0.30, 0.35, 0.60, 0.90])
    outside = np.array([True, False, True, False, False, False])
    right = np.array([False, True, False, False, True, True])
    # Kept right above the cut plus found below: 3, 4 (above .1), 3, 4 (above .3), 4, 3, 2. The lowest of the best.
    assert best_threshold(right, outside, scores) == pytest.approx(0.15)


def test_nothing_out_of_scope_needs_no_threshold():
    assert best_threshold(np.array([True]), np.array([False]), np.array([0.3])) == 0.0


def test_everything_out_of_scope_is_below():
    assert best_threshold(np.array([False, False]), np.array([True, True]), np.array([0.3, 0.8])) > 0.8


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from([0.1, 0.2, 0.2, 0.5, 0.9])), max_size=9))
def test_no_threshold_does_better(cases):
    outside = np.array([case[0] for case in cases], bool)
    right = np.array([case[1] for case in cases], bool) & ~outside
    scores = np.array([case[2] for case in cases], float)

    def correct(threshold):
        return int((right & (scores >= threshold)).sum() + (outside & (scores < threshold)).sum())

    chosen = best_threshold(right, outside, scores)
    if outside.any():
        assert correct(chosen) == max(correct(t) for t in (0.0, 0.15, 0.3, 0.7, 1.0))
