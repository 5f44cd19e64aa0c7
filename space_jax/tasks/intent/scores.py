"""Accuracy, in scope and out of scope, and the threshold between the two."""

from collections.abc import Sequence

import numpy as np


def accuracies(truths: Sequence[str | None], labels: Sequence[str], out_of_scope: str) -> dict[str, float]:
    """The share of utterances with the right label.

    Args:
      truths: the true labels; None never counts as right.
      labels: the predicted ones.
      out_of_scope: the label of utterances that belong to no intent.

    Returns:
      `accuracy` over all; where some utterances are out of scope also `in_scope_accuracy` over the others and
      `out_of_scope_recall`, the share of those out of scope that are recognised (Larson et al., EMNLP 2019, section
    4.2).
    """
    right = np.array([truth == label for truth, label in zip(truths, labels, strict=True)], bool)
    outside = np.array([truth == out_of_scope for truth in truths], bool)
    scores = {"accuracy": _mean(right)}
    if outside.any():
        scores |= {"in_scope_accuracy": _mean(right[~outside]), "out_of_scope_recall": _mean(right[outside])}
    return scores


def _mean(right: np.ndarray) -> float:
    return float(right.mean()) if right.size else 0.0


def best_threshold(right: np.ndarray, outside: np.ndarray, scores: np.ndarray) -> float:
    """The threshold below which an utterance counts as out of scope.

    It maximises the number of utterances that end up right: in scope, predicted right and not below; or out of scope
    and below. Candidates lie half-way between neighbouring scores; of equals the lowest is taken.

    Args:
      right: `[N]` bool, whether the label would be right if it is kept.
      outside: `[N]` bool, whether the utterance is out of scope.
      scores: `[N]` of the predicted label.

    Returns:
      The threshold; 0.0 where nothing is out of scope.

    Source: Larson et al., EMNLP 2019, section 4.1 (the threshold that is best on validation data).
    """
    if not outside.any():
        return 0.0
    order = np.argsort(scores, kind="stable")
    scores, gain = scores[order], outside[order].astype(int) - (right & ~outside)[order].astype(int)
    total = np.concatenate([[0], np.cumsum(gain)])  # of taking the lowest n as out of scope
    between = np.concatenate([[True], scores[1:] > scores[:-1], [True]])  # equal scores stay together
    cut = int(np.argmax(np.where(between, total, np.iinfo(int).min)))
    if cut == 0:
        return 0.0
    return float(np.nextafter(scores[-1], np.inf)) if cut == len(scores) else float(scores[cut - 1] + scores[cut]) / 2
