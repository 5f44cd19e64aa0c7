"""Groups of vectors by k-means, as many as the data ask for."""

import dataclasses
import math

import numpy as np

from space_jax.errors import UserError

FEWEST, MOST = 3, 14
"""Bounds of the number of groups that is chosen, which is also at most the root of the number of turns: more do not fit
on a page that a person can read."""

_SAMPLE = 2000  # turns that the silhouette compares, each with each
_STARTS = 5  # of k-means, of which the best counts
_WORSE = 0.05  # a smaller number of groups is taken if its silhouette is worse than the best by no more than this share


@dataclasses.dataclass(frozen=True, eq=False)
class Grouping:
    """Vectors in groups.

    Attributes:
      labels: `[N]` int, the group of each.
      near: `[N]` float, the cosine with the middle of its group.
      silhouettes: number of groups -> mean silhouette, of the numbers that were tried.
    """

    labels: np.ndarray
    near: np.ndarray
    silhouettes: dict[int, float]


def grouped(vectors: np.ndarray, count: int | None = None, seed: int = 0) -> Grouping:
    """Groups vectors by their directions.

    Args:
      vectors: `[N, H]`.
      count: of groups; if None, the smallest of `FEWEST` to `MOST` whose mean silhouette is within 5 % of the best.
      seed: of the starts of k-means and of the sample for the silhouette.

    Raises:
      UserError: scikit-learn is not installed; more groups than different vectors.
    """
    x = _directions(vectors)
    different = len(np.unique(x.round(4), axis=0))
    if count is not None and not 1 <= count <= different:
        raise UserError(f"--groups {count}: must be from 1 to {different}, as many different turns as one side has")
    if count is None and different <= FEWEST:
        count = max(different, 1)
    fits, silhouettes = {}, {}
    most = min(MOST, different - 1, max(FEWEST, math.isqrt(len(x))))
    for k in range(FEWEST, most + 1) if count is None else (count,):
        fits[k] = _fitted(x, k, seed)
        if count is None:
            silhouettes[k] = _silhouette(x, fits[k], seed)
    labels = fits[count or _smallest_good(silhouettes)]
    middles = _directions(np.stack([x[labels == k].mean(axis=0) for k in range(labels.max() + 1)]))
    return Grouping(labels, np.einsum("NH,NH->N", x, middles[labels]), silhouettes)


def _smallest_good(silhouettes: dict[int, float]) -> int:
    best = max(silhouettes.values())
    return min(k for k, value in silhouettes.items() if value >= best - _WORSE * abs(best))


def require_scikit_learn() -> None:
    """Says how to get it, before anything takes time.

    Raises:
      UserError: it is not installed.
    """
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise UserError("map: its groups need scikit-learn; pip install 'space-jax[map]'") from None


def _fitted(x: np.ndarray, count: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    return KMeans(count, n_init=_STARTS, random_state=seed).fit_predict(x)


def _silhouette(x: np.ndarray, labels: np.ndarray, seed: int) -> float:
    from sklearn.metrics import silhouette_score

    chosen = np.random.default_rng(seed).permutation(len(x))[:_SAMPLE]
    if not 1 < len(np.unique(labels[chosen])) < len(chosen):
        return -1.0
    return float(silhouette_score(x[chosen], labels[chosen]))


def _directions(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)
