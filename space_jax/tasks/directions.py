"""Vectors of utterances as directions, which is what cosines compare."""

import numpy as np

_SHORTEST = 1e-9


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors `[N, H]` with length 1, float32; those of zeros stay so."""
    vectors = vectors.astype(np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _SHORTEST)


def centred(vectors: np.ndarray) -> np.ndarray:
    """The same from their mean, since those of pre-trained models share a large common part; one alone as it is."""
    return unit(vectors - vectors.mean(axis=0) if len(vectors) > 1 else vectors)
