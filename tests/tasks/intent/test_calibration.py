"""Temperature against a grid and a finite difference; calibration error and coverage by hand."""

import numpy as np
import pytest
import scipy.special

from space_jax.tasks.intent.calibration import (
    best_temperature,
    calibration_error,
    coverage_accuracies,
    log_probabilities,
)


def nll(logits, labels, temperature):
    scaled = logits / temperature
    logs = scaled - scipy.special.logsumexp(scaled, axis=1, keepdims=True)
    return -logs[np.arange(len(labels)), labels].mean()


@pytest.mark.parametrize("factor", [0.2, 1.0, 6.0])
def test_the_temperature_has_the_highest_likelihood(factor):
    rng = np.random.default_rng(0)
    true = rng.normal(size=(400, 5)) * 2
    labels = np.array([rng.choice(5, p=row) for row in scipy.special.softmax(true, axis=1)])
    found = best_temperature(true * factor, labels)
    assert found == pytest.approx(factor, rel=0.2)  # labels were drawn from these very probabilities
    assert nll(true * factor, labels, found) <= min(nll(true * factor, labels, t) for t in np.geomspace(0.05, 20, 200))
    slope = nll(true * factor, labels, found * 1.001) - nll(true * factor, labels, found / 1.001)
    assert abs(slope) < 1e-6


def test_labels_that_are_all_right_or_all_wrong_say_nothing():
    logits = np.array([[2.0, 0.0], [0.0, 1.0]])
    assert best_temperature(logits, np.array([0, 1])) == 1.0
    assert best_temperature(logits, np.array([1, 0])) == 1.0
    assert best_temperature(logits[:0], np.zeros(0, int)) == 1.0


def test_probabilities_of_a_temperature():
    np.testing.assert_allclose(np.exp(log_probabilities(np.log([[1.0, 4.0]]), 2.0)), [[1 / 3, 2 / 3]])


def test_the_calibration_error_by_hand():
    # Bins of a fifteenth: 0.95 and 0.97 are in one, mean confidence 0.96, accuracy 0.5; 0.5 alone, right.
    error = calibration_error(np.array([0.95, 0.97, 0.5]), np.array([True, False, True]))
    assert error == pytest.approx((2 * 0.46 + 0.5) / 3)
    assert calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0.0
    assert calibration_error(np.zeros(0), np.zeros(0, bool)) == 0.0


def test_the_surest_are_answered_first():
    right = np.array([True] * 8 + [False, False])
    accuracies = coverage_accuracies(np.linspace(1, 0.1, 10), right)
    assert accuracies["accuracy_at_coverage_95"] == 0.8  # ten of ten, for 9.5
    assert accuracies["accuracy_at_coverage_90"] == pytest.approx(8 / 9)
    assert accuracies["accuracy_at_coverage_80"] == accuracies["accuracy_at_coverage_50"] == 1.0
    assert coverage_accuracies(np.zeros(0), np.zeros(0, bool)) == {}
