import numpy as np
import pytest

from space_jax.dialogue.acts import ACTS
from space_jax.evaluation import ActScore, act_table, micro_f1

GOLD = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], bool)
PREDICTED = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]], bool)


def test_micro_f1_by_hand():
    # Two hits, two acts too many, one missing: 2 * 2 / (4 + 3).
    assert micro_f1(PREDICTED, GOLD) == pytest.approx(4 / 7)
    assert micro_f1(GOLD, GOLD) == 1
    assert micro_f1(~GOLD, GOLD) == 0


def test_examples_without_weight_do_not_count():
    # The third example only adds a wrong act: 2 * 2 / (3 + 3).
    assert micro_f1(PREDICTED, GOLD, np.array([1, 1, 0])) == pytest.approx(4 / 6)
    assert micro_f1(PREDICTED, GOLD, np.array([True, True, False])) == pytest.approx(4 / 6)


def test_nothing_to_score_is_zero():
    assert micro_f1(GOLD & False, GOLD & False) == 0
    assert micro_f1(PREDICTED, GOLD, np.zeros(3)) == 0
    assert micro_f1(np.zeros((0, 3), bool), np.zeros((0, 3), bool)) == 0


def test_table_by_hand():
    gold, predicted = np.zeros((4, 20)), np.zeros((4, 20))
    gold[:, 0], predicted[:, 0] = [1, 1, 1, 0], [1, 0, 0, 1]
    predicted[:, 2] = [1, 0, 0, 0]
    table = act_table(predicted, gold)
    assert list(table) == list(ACTS)
    assert table["inform"] == ActScore(precision=0.5, recall=pytest.approx(1 / 3), f1=pytest.approx(0.4), support=3)
    assert table["impl_confirm"] == ActScore(precision=0, recall=0, f1=0, support=0)
    assert table["bye"] == ActScore(precision=0, recall=0, f1=0, support=0)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="must be equal"):
        micro_f1(PREDICTED[:1], GOLD)
    with pytest.raises(ValueError, match="weights has shape"):
        micro_f1(PREDICTED, GOLD, np.ones(2))
    with pytest.raises(ValueError, match="zip"):
        act_table(PREDICTED, GOLD)
