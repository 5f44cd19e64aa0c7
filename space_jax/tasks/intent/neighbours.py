"""Example-driven prediction: the labels of the nearest training utterances (Mehri and Eric, NAACL 2021)."""

import numpy as np

_CHUNK = 1024


def vote(
    queries: np.ndarray, bank: np.ndarray, bank_labels: np.ndarray, classes: int, neighbours: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scores every class by its members among the nearest k.

    votes_c = sum of the cosines of the neighbours of class c;  likeness_c = the largest of all cosines with class c

    Args:
      queries: `[B, H]`, of length 1.
      bank: `[N, H]`, of length 1.
      bank_labels: `[N]` int.
      classes: C.
      neighbours: k; all of a smaller bank. Of equals the earlier in the bank is nearer.

    Returns:
      votes `[B, C]` and likeness `[B, C]`, float32; the likeness is -1 for a class without members.
    """
    votes, likeness = np.zeros((len(queries), classes), np.float32), np.full((len(queries), classes), -1.0, np.float32)
    k = min(neighbours, len(bank))
    for start in range(0, len(queries), _CHUNK):
        cosines = queries[start : start + _CHUNK] @ bank.T
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        rows = np.arange(len(cosines))[:, None]
        np.add.at(votes, (start + rows, bank_labels[nearest]), cosines[rows, nearest])
        for label in np.unique(bank_labels):
            likeness[start : start + _CHUNK, label] = cosines[:, bank_labels == label].max(axis=1)
    return votes, likeness
