"""Negative responses for response selection (SPACE-1, section "pre-training objectives")."""

from collections.abc import Sequence

import numpy as np


def draw_negatives(responses: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """For each response, one of the batch with other tokens, each such example equally likely.

    Where all responses of the batch are the same there is nothing to tell apart: the negatives are empty, and the
    selection leaves such examples out.

    Args:
      responses: the B responses, as token ids.
      rng: one draw is taken per example.
    """
    texts: dict[bytes, int] = {}
    kinds = np.array([texts.setdefault(response.tobytes(), len(texts)) for response in responses])
    draws = rng.random(len(responses))
    negatives = []
    for own, draw in enumerate(draws.tolist()):
        others = np.flatnonzero(kinds != kinds[own])
        negatives.append(responses[others[int(draw * len(others))]] if len(others) else responses[own][:0])
    return negatives
