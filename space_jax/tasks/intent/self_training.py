"""Labels for utterances that nobody has labelled, guessed from those that somebody has.

Two guesses that fail in different places are averaged: a logistic regression, which knows where the classes lie, and
labels that spread among neighbours, which know where the utterances lie.
"""

import numpy as np
import scipy.sparse
import scipy.special

from space_jax.tasks.directions import centred
from space_jax.tasks.intent.logistic_regression import logistic_regression

_NEIGHBOURS = 15
_LIKENESS_POWER = 3  # a cosine of 0.5 joins two utterances by an eighth of what 1 would
_KEPT = 0.1  # of an utterance's own label in each round
_ROUNDS = 30  # after which 0.9 ** 30 = 4% of the way is left
_PRIOR = 0.3  # the regression's share in what an utterance without a label starts with
_SPREAD_POWER, _MEAN_POWER = 1.5, 2  # spread labels, and the mean of both guesses, are flatter than they are right
_BLOCK = 1024  # rows of the similarity matrix that are in memory at a time


def soft_labels(vectors: np.ndarray, targets: np.ndarray, weights: np.ndarray, strength: float) -> np.ndarray:
    """The targets with the guesses filled in.

    Args:
      vectors: `[N, H]` of all utterances.
      targets: `[N, C]`, the shares of the classes; all 0 for an utterance without a label.
      weights: `[N]` of the utterances in the regression.
      strength: of the regression.

    Returns:
      `[N, C]` float32; rows that had a label are as they were, the others sum to 1.
    """
    unknown = targets.sum(axis=1) == 0
    if unknown.all() or not unknown.any():
        return targets
    head = logistic_regression(vectors, targets, weights, strength)
    guessed = scipy.special.softmax(vectors[unknown] @ head["kernel"] + head["bias"], axis=1)
    start = targets.astype(np.float32)
    start[unknown] = _PRIOR * guessed
    spread = _sharpened(spread_labels(vectors, start)[unknown], _SPREAD_POWER)
    filled = targets.astype(np.float32)
    filled[unknown] = _sharpened((guessed + spread) / 2, _MEAN_POWER)
    return filled


def spread_labels(vectors: np.ndarray, start: np.ndarray) -> np.ndarray:
    """What labels become when each utterance takes over those of its neighbours, again and again.

    F <- (1 - k) D^-1/2 W D^-1/2 F + k F_0

    with W the likeness (a power of the cosine of the centred vectors) to the nearest neighbours, in both directions,
    D its row sums, and k the part of its own that an utterance keeps.

    Args:
      vectors: `[N, H]`.
      start: `[N, C]`, F_0.

    Returns:
      `[N, C]` float32, not normalised.

    Source: Zhou et al., "Learning with Local and Global Consistency", NeurIPS 2003.
    """
    graph = neighbour_graph(vectors)
    degree = np.sqrt(np.maximum(np.asarray(graph.sum(axis=1)).ravel(), np.finfo(np.float32).tiny))
    smoothed = scipy.sparse.diags_array(1 / degree) @ graph @ scipy.sparse.diags_array(1 / degree)
    spread = start.astype(np.float32)
    for _ in range(_ROUNDS):
        spread = (1 - _KEPT) * (smoothed @ spread) + _KEPT * start
    return spread.astype(np.float32)


def neighbour_graph(vectors: np.ndarray) -> scipy.sparse.csr_array:
    """W of `spread_labels`, `[N, N]` float32, symmetric with an empty diagonal."""
    directions = centred(vectors)
    count = min(_NEIGHBOURS, len(vectors) - 1)
    rows, columns, likenesses = [], [], []
    for first in range(0, len(vectors) if count else 0, _BLOCK):
        cosines = directions[first : first + _BLOCK] @ directions.T
        own = np.arange(len(cosines))
        cosines[own, first + own] = -np.inf
        nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        rows.append(np.repeat(first + own, count))
        columns.append(nearest.ravel())
        likenesses.append(np.maximum(np.take_along_axis(cosines, nearest, axis=1), 0).ravel() ** _LIKENESS_POWER)
    joined = [np.concatenate(parts) if parts else np.zeros(0, int) for parts in (rows, columns, likenesses)]
    graph = scipy.sparse.csr_array((joined[2].astype(np.float32), (joined[0], joined[1])), shape=(len(vectors),) * 2)
    return graph.maximum(graph.T).tocsr()


def _sharpened(shares: np.ndarray, power: float) -> np.ndarray:
    raised = shares**power
    return raised / raised.sum(axis=1, keepdims=True)
