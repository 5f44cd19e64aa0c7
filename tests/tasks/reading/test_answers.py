import itertools

import numpy as np
import pytest

from space_jax.tasks.reading.answers import best_answers, best_threshold


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def every_span(scores, longest):
    """Odds of every span, in a plain loop."""
    count = scores.shape[1] - 1
    return {
        (i, j): scores[0, 1 + i] + scores[1, 1 + j] - scores[0, 0] - scores[1, 0]
        for i in range(count)
        for j in range(i, min(i + longest, count))
    }


@pytest.mark.parametrize(("count", "longest"), [(1, 5), (6, 1), (6, 3), (6, 30)])
def test_equals_a_loop(rng, count, longest):
    scores = rng.normal(size=(2, 1 + count))
    spans = every_span(scores, longest)
    answers, none = best_answers(scores, longest, 1000)
    whole = 1 + sum(np.exp(odds) for odds in spans.values())
    assert none == pytest.approx(1 / whole)
    assert {(one.first, one.last) for one in answers} == set(spans)
    for one in answers:
        assert one.odds == pytest.approx(spans[one.first, one.last])
        assert one.probability == pytest.approx(np.exp(one.odds) / whole)
    assert none + sum(one.probability for one in answers) == pytest.approx(1)
    assert [one.odds for one in answers] == sorted((one.odds for one in answers), reverse=True)
    assert best_answers(scores, longest, 2)[0] == answers[:2]


def test_extremes():
    assert best_answers(np.zeros((2, 1)), 5, 3) == ([], 1.0)
    far = np.array([[0.0, 5000.0, -5000.0], [0.0, -5000.0, 5000.0]])
    answers, none = best_answers(far, 5, 1)
    assert (answers[0].first, answers[0].last, answers[0].probability, none) == (0, 1, 1.0, 0.0)
    (low,), none = best_answers(np.array([[0.0, -5000.0], [0.0, -5000.0]]), 5, 1)
    assert (low.probability, none) == (0.0, 1.0)


def test_scores_that_are_shifted_say_the_same(rng):
    scores = rng.normal(size=(2, 5))
    shifted = best_answers(scores + np.array([[7.0], [-3.0]]), 3, 2)
    for ours, theirs in zip(best_answers(scores, 3, 2)[0], shifted[0], strict=True):
        assert (ours.first, ours.last) == (theirs.first, theirs.last)
        assert ours.probability == pytest.approx(theirs.probability)


def test_no_other_threshold_is_better(rng):
    for _ in range(20):
        odds = rng.integers(-3, 4, size=7).astype(float)
        gains = rng.choice([-1.0, 0.0, 0.5, 1.0], size=7)
        threshold = best_threshold(odds, gains)
        best = max(gains[odds > line].sum() for line in np.arange(-4.5, 5))
        assert gains[odds > threshold].sum() == pytest.approx(best)


def test_the_threshold_by_hand():
    for order in itertools.permutations(range(3)):
        odds, gains = np.array([-3.0, -1.0, 2.0])[list(order)], np.array([-1.0, 1.0, 1.0])[list(order)]
        assert best_threshold(odds, gains) == -2.0
    assert best_threshold([1.0, 2.0], [-1.0, -1.0]) == 3.0  # never
    assert best_threshold([1.0, 2.0], [1.0, 1.0]) == 0.0  # always
