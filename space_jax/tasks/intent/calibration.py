"""Probabilities that mean what they say: temperature, calibration error, and accuracy where only the surest count."""

import numpy as np
import scipy.optimize
import scipy.special

_BINS = 15
_LOGS = (-4.0, 4.0)  # of the temperature
COVERAGES = (95, 90, 80, 70, 50)  # percent


def best_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature T whose softmax(logits / T) gives the labels the highest likelihood.

    Args:
      logits: `[N, C]`.
      labels: `[N]` int, from 0 to C-1.

    Returns:
      T, from 0.02 to 55; 1.0 where all or none of the labels are the largest logits' own, since then the likelihood
      has no maximum inside.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.
    """
    right = logits.argmax(axis=1) == labels if len(labels) else np.zeros(0, bool)
    if right.all() or not right.any():
        return 1.0
    logits, rows = logits.astype(np.float64), np.arange(len(labels))

    def loss(log: float) -> float:
        return -float(scipy.special.log_softmax(logits * np.exp(-log), axis=1)[rows, labels].mean())

    found = scipy.optimize.minimize_scalar(loss, bounds=_LOGS, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def log_probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Of classes under the temperature T, log softmax(logits / T), `[N, C]` float64."""
    logs: np.ndarray = scipy.special.log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return logs


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """The mean distance of confidence and accuracy, over fifteen bins of equal width, each by its share of utterances.

    Args:
      confidence: `[N]`, the probability of the chosen label.
      right: `[N]` bool.

    Source: Naeini et al., AAAI 2015; Guo et al., ICML 2017, section 2 (expected calibration error).
    """
    if not len(right):
        return 0.0
    bins = np.clip(np.ceil(confidence * _BINS).astype(int) - 1, 0, _BINS - 1)
    surplus = np.bincount(bins, confidence - right, minlength=_BINS)
    return float(np.abs(surplus).sum() / len(right))


def coverage_accuracies(certainty: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """The accuracy where only so many percent of the utterances are answered, the surest:
    `{"accuracy_at_coverage_90": ...}`.

    Args:
      certainty: `[N]`; of equals the earlier counts as surer.
      right: `[N]` bool.
    """
    order = np.argsort(-certainty, kind="stable")
    counts = {percent: -(-len(right) * percent // 100) for percent in COVERAGES}
    return {f"accuracy_at_coverage_{percent}": float(right[order[:n]].mean()) for percent, n in counts.items() if n}
