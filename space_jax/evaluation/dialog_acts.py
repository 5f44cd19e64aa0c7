"""Metrics of the unified dialog acts of a response."""

import dataclasses

import numpy as np

from space_jax.dialogue.acts import ACTS


@dataclasses.dataclass(frozen=True)
class ActScore:
    """The scores of one act.

    Attributes:
      precision: share of its predictions that are right, 0 if there are none.
      recall: share of the responses with this act that it was predicted for, 0 if there are none.
      f1: harmonic mean of the two, 0 if both are.
      support: weighted number of responses with this act.
    """

    precision: float
    recall: float
    f1: float
    support: float


def micro_f1(predicted: np.ndarray, gold: np.ndarray, weights: np.ndarray | None = None) -> float:
    """F1 over all decisions (example, act) at once, so that frequent acts count for more.

    F1 = 2 * TP / (2 * TP + FP + FN), 0 where there is neither a predicted nor a true act

    Args:
      predicted: `[B, A]` bool.
      gold: `[B, A]` bool or 0/1.
      weights: `[B]`, 0 for an example that does not count; all count if None.

    Returns:
      A number between 0 and 1.

    Raises:
      ValueError: the shapes do not fit.
    """
    hits, predictions, truths = (counts.sum() for counts in _counts(predicted, gold, weights))
    return _share(2 * hits, predictions + truths)


def act_table(predicted: np.ndarray, gold: np.ndarray, weights: np.ndarray | None = None) -> dict[str, ActScore]:
    """Precision, recall, F1 and support of each of the twenty acts by name.

    Args:
      predicted: `[B, 20]` bool.
      gold: `[B, 20]` bool or 0/1.
      weights: `[B]`, 0 for an example that does not count; all count if None.

    Returns:
      One score an act, in index order.

    Raises:
      ValueError: the shapes do not fit, or there are not twenty acts.
    """
    columns = zip(ACTS, *_counts(predicted, gold, weights), strict=True)
    return {
        act: ActScore(
            precision=_share(hits, predictions),
            recall=_share(hits, truths),
            f1=_share(2 * hits, predictions + truths),
            support=float(truths),
        )
        for act, hits, predictions, truths in columns
    }


def _counts(predicted, gold, weights) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weighted numbers `[A]` of true positives, of predicted and of true acts."""
    predicted, gold = np.asarray(predicted) > 0, np.asarray(gold) > 0
    if predicted.shape != gold.shape:
        raise ValueError(f"predicted has shape {predicted.shape} and gold {gold.shape}; they must be equal")
    weights = np.ones(len(gold)) if weights is None else np.asarray(weights, np.float64)
    if weights.shape != gold.shape[:1]:
        raise ValueError(f"weights has shape {weights.shape}; {gold.shape[:1]} is expected")
    return weights @ (predicted & gold), weights @ predicted, weights @ gold


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
