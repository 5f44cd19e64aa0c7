"""A linear head that starts as nearest class means, so that few examples per class are not spent on finding them."""

import numpy as np

from space_jax.tasks.task import Arrays

SHORTEST = 1e-6  # below it vectors count as equal
_COMMON_SHARE = 0.5


def prototypes(vectors: np.ndarray, labels: np.ndarray, classes: int, temperature: float) -> Arrays:
    """Kernel and bias of the head.

    logit_c = (v - m) . u_c / (n t),  u_c = (m_c - m) / ||m_c - m||,  n = max(mean ||v - m||, mean ||v|| / 2)

    with m the mean of all vectors and m_c that of class c: about the cosine to the class's mean over the temperature,
    from the middle of the training utterances, since vectors of a pre-trained model share a large common part. Where
    they hardly differ, dropout moves them by more than their differences; the bound on n keeps the logits small.

    Args:
      vectors: `[N, H]` of the training utterances.
      labels: `[N]` int; one outside 0 .. C-1 is left out.
      classes: C.
      temperature: t.

    Returns:
      `kernel` `[H, C]` and `bias` `[C]`, float32; zeros for a class without utterances.

    Source: Snell et al., "Prototypical Networks", NeurIPS 2017, section 2.4 (class means as a linear model).
    """
    known = (labels >= 0) & (labels < classes)
    vectors, labels = vectors[known].astype(np.float64), labels[known]
    middle = vectors.mean(axis=0)
    centred = vectors - middle
    member = np.eye(classes)[labels]  # [N, C]
    means = member.T @ centred / np.maximum(member.sum(axis=0), 1)[:, None]
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    directions = np.where(lengths > SHORTEST, means / np.maximum(lengths, SHORTEST), 0.0)
    length = max(mean_length(centred), _COMMON_SHARE * mean_length(vectors), SHORTEST)
    kernel = directions.T / (length * temperature)
    return {"kernel": kernel.astype(np.float32), "bias": (-middle @ kernel).astype(np.float32)}


def mean_length(vectors: np.ndarray) -> float:
    """The mean of the lengths of vectors `[N, H]`; 0 of none."""
    return float(np.linalg.norm(vectors, axis=1).mean()) if len(vectors) else 0.0
