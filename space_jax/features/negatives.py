"""Negative responses for response selection (SPACE-1, section "pre-training objectives").

They are drawn from the process's own micro-batch, which is all that a process packs at once. So of the terms of SPACE-1
the selection, and no other, is of other pairs when `optimiser.accumulate` or the number of processes changes: the
negatives come from batch_size / (accumulate * processes) responses, and are others. Contexts, responses and labels
of a step are the same whatever the two are.
"""

from collections.abc import Sequence

import numpy as np

NONE = np.zeros(0, np.int64)


def draw_negatives(responses: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """For each response, one of the micro-batch with other tokens, each such example equally likely.

    Where all responses of the micro-batch are the same there is nothing to tell apart: the negatives are empty, and the
    selection leaves such examples out. An example without a response has no negative and is nobody's.

    Args:
      responses: the B responses of this process's micro-batch, as token ids; empty where there is none.
      rng: one draw is taken per example.
    """
    texts: dict[bytes, int] = {}
    kinds = np.array([texts.setdefault(response.tobytes(), len(texts)) for response in responses])
    there = np.array([len(response) > 0 for response in responses], bool)
    draws = rng.random(len(responses))
    negatives = []
    for own, draw in enumerate(draws.tolist()):
        others = np.flatnonzero((kinds != kinds[own]) & there) if there[own] else NONE
        negatives.append(responses[others[int(draw * len(others))]] if len(others) else responses[own][:0])
    return negatives
