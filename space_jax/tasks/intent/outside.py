"""How far an utterance is from everything that training has an intent for, and from where on it is out of scope."""

import numpy as np

NEIGHBOURS = 5
_DOUBT = 0.1  # what a nat of it counts; chosen on utterances held out of CLINC150's train, see docs/results.md
_CHUNK = 1024


def neighbour_distance(queries: np.ndarray, bank: np.ndarray, neighbours: int = NEIGHBOURS) -> np.ndarray:
    """One minus the mean cosine with the nearest k.

    Args:
      queries: `[B, H]`, of length 1.
      bank: `[N, H]`, of length 1: training utterances in scope.
      neighbours: k; all of a smaller bank.

    Returns:
      `[B]` float64, from 0 to 2.

    Source: Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022 (the distance, there to
    the k-th).
    """
    k, distances = min(neighbours, len(bank)), np.ones(len(queries))
    for start in range(0, len(queries) if k else 0, _CHUNK):
        cosines = queries[start : start + _CHUNK] @ bank.T
        nearest = np.partition(cosines, -k, axis=1)[:, -k:]
        distances[start : start + _CHUNK] = np.clip(1.0 - nearest.mean(axis=1, dtype=np.float64), 0.0, 2.0)
    return distances


def outsideness(distance: np.ndarray, log_probability: np.ndarray) -> np.ndarray:
    """How far outside: distance - 0.1 log p, with p the calibrated probability of the likeliest intent.

    The distance finds what is unlike all of training, the probability what lies between intents.

    Args:
      distance: `[B]`, of `neighbour_distance`.
      log_probability: `[B]`, log p.
    """
    return distance - _DOUBT * log_probability


def strictest_threshold(right: np.ndarray, inside: np.ndarray, scores: np.ndarray, cost: float) -> float:
    """The lowest threshold above which utterances may count as out of scope.

    So many are recognised as in-scope accuracy can pay for: of N utterances in scope at most `cost` N lose their right
    label. It needs no utterance that is out of scope, and lies half-way between neighbouring scores.

    Args:
      right: `[N]` bool, whether the label would be right if it is kept.
      inside: `[N]` bool, whether the utterance is in scope.
      scores: `[N]`, the larger the further outside.
      cost: of in-scope accuracy, from 0 to 1.

    Returns:
      The threshold; where there is nothing to lose, the largest score, so that nothing is out of scope.
    """
    kept = np.sort(scores[right & inside])[::-1]
    allowed = int(cost * inside.sum() + 1e-9)
    if allowed >= len(kept):
        return float(scores.max()) if len(scores) else 0.0
    last = kept[allowed]
    above = scores[scores > last]
    return float(last + above.min()) / 2 if len(above) else float(last)


def roc_area(scores: np.ndarray, outside: np.ndarray) -> float:
    """The share of pairs, one out of scope and one in scope, where the former scores higher; equal ones count half.

    Args:
      scores: `[N]`, the larger the further outside.
      outside: `[N]` bool, with both kinds.
    """
    ordered = np.sort(scores[~outside])
    below = np.searchsorted(ordered, scores[outside], side="left")
    equal = np.searchsorted(ordered, scores[outside], side="right") - below
    return float((below + equal / 2).mean() / len(ordered))


def false_alarms(scores: np.ndarray, outside: np.ndarray, recall: float = 0.95) -> float:
    """The share of utterances in scope at or above the highest threshold that finds `recall` of those outside.

    Args:
      scores: `[N]`, the larger the further outside.
      outside: `[N]` bool, with both kinds.
      recall: above 0.
    """
    found = np.sort(scores[outside])[::-1]
    threshold = found[int(np.ceil(recall * len(found) - 1e-9)) - 1]
    return float((scores[~outside] >= threshold).mean())


def recall_at_cost(right: np.ndarray, outside: np.ndarray, scores: np.ndarray, cost: float) -> float:
    """The share found of what is out of scope, with the `strictest_threshold` of these very utterances."""
    return float((scores[outside] > strictest_threshold(right, ~outside, scores, cost)).mean())
