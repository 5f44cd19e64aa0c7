"""The utterances whose labels would teach most: typical ones first, then those that a model is not sure of.

Without a classifier, as TypiClust (Hacohen et al., ICML 2022, arXiv 2202.02794): as many clusters as there are labels
and new utterances; of those with the fewest labels, the largest first, the member that is most like its neighbours.
With one: the same among the quarter of the utterances whose best two labels are closest. Margins alone choose outliers
and near duplicates while labels are few (`benchmarks/labelling_loop.py`).
"""

import math

import numpy as np

MOST_CLUSTERS = 500
NEIGHBOURS = 20
"""Utterances by whose likeness a typical one is known."""

LEAST_SURE = 0.25
"""The share of the utterances, those of the smallest margins, that a classifier leaves to choose among."""

_ROUNDS = 10
_SHORTEST = 1e-9


def typical(vectors: np.ndarray, labelled: np.ndarray, candidates: np.ndarray, n: int, seed: int) -> list[int]:
    """Utterances that stand for many, none of them like a labelled one while others are not.

    Args:
      vectors: `[N, H]`, of length 1.
      labelled: indices of the utterances with labels.
      candidates: indices of those to choose among.
      n: how many; at most all candidates.
      seed: of the clusters.

    Returns:
      Indices, the first first to label.
    """
    n = min(n, len(candidates))
    if n == 0:
        return []
    both = np.concatenate([candidates, labelled]).astype(int)
    count = min(len(labelled) + n, MOST_CLUSTERS, len(both))
    cluster = clusters(vectors[both], count, seed)
    known = np.bincount(cluster[len(candidates) :], minlength=count)
    members = [candidates[cluster[: len(candidates)] == c] for c in range(count)]
    queues = [list(_by_typicality(vectors, one)) for one in members]
    chosen: list[int] = []
    while len(chosen) < n:
        open_ones = [c for c in range(count) if queues[c]]
        best = min(open_ones, key=lambda c: (known[c], -len(members[c]), c))
        chosen.append(int(queues[best].pop(0)))
        known[best] += 1
    return chosen


def unsure(
    vectors: np.ndarray, margins: np.ndarray, labelled: np.ndarray, candidates: np.ndarray, n: int, seed: int
) -> list[int]:
    """`typical` utterances among those that a classifier is least sure of.

    Args:
      vectors: `[N, H]`, of length 1.
      margins: of each candidate, the difference between its best two scores.
      labelled: indices of the utterances with labels.
      candidates: indices of those to choose among.
      n: how many; at most all candidates.
      seed: of the clusters.

    Returns:
      Indices, the first first to label.
    """
    kept = max(n, math.ceil(LEAST_SURE * len(candidates)))
    return typical(vectors, labelled, candidates[np.argsort(margins, kind="stable")[:kept]], n, seed)


def spread(vectors: np.ndarray, n: int, seed: int) -> list[int]:
    """`n` different vectors of `[N, H]`, each drawn by its squared distance to the nearest one drawn before.

    Source: Arthur and Vassilvitskii, "k-means++", SODA 2007. The first is drawn evenly.
    """
    draw = np.random.default_rng(seed)
    distances, chosen = np.ones(len(vectors)), list[int]()
    for _ in range(n):
        weights = np.maximum(distances, _SHORTEST)
        weights[chosen] = 0.0
        one = int(draw.choice(len(vectors), p=weights / weights.sum()))
        squared = 2.0 - 2.0 * (vectors @ vectors[one])
        distances = squared if not chosen else np.minimum(distances, squared)
        chosen.append(one)
    return chosen


def clusters(vectors: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The cluster of each vector, `[N]` int, by k-means on the sphere from k-means++ seeds; some may stay empty."""
    centres = vectors[spread(vectors, count, seed)]
    cluster = (vectors @ centres.T).argmax(axis=1)
    for _ in range(_ROUNDS):
        sums = np.zeros_like(centres)
        np.add.at(sums, cluster, vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > _SHORTEST, sums / np.maximum(lengths, _SHORTEST), centres)
        before, cluster = cluster, (vectors @ centres.T).argmax(axis=1)
        if np.array_equal(before, cluster):
            break
    return cluster


def _by_typicality(vectors: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Members of a cluster, the one that is most like its nearest neighbours first."""
    if len(members) < 3:
        return members
    likeness = vectors[members] @ vectors[members].T
    nearest = np.sort(likeness, axis=1)[:, -min(NEIGHBOURS + 1, len(members)) : -1]
    return members[np.argsort(-nearest.mean(axis=1), kind="stable")]
