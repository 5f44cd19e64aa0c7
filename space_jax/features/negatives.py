"""Negative responses for response selection (SPACE-1, section "pre-training objectives").

They are drawn from the process's own micro-batch of batch_size / (accumulate * processes) responses, since a process
packs no more at once. The selection term, alone among the terms of SPACE-1, therefore compares different pairs when
`optimiser.accumulate` or the number of processes changes. The contexts, responses and labels of a step depend on
neither.
"""

from collections.abc import Sequence

import numpy as np

NONE = np.zeros(0, np.int64)


def draw_negatives(responses: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """For each response, draws another of the micro-batch with different tokens, uniformly over examples.

    If all responses of the micro-batch are the same, the negatives are empty, and selection ignores such examples.
    An example without a response has no negative and is never one.

    Args:
      responses: the B responses of this process's micro-batch, as token ids; empty for an example without one.
      rng: one draw is taken per example.
    """
    texts: dict[bytes, int] = {}
    kinds = np.array([texts.setdefault(response.tobytes(), len(texts)) for response in responses])
    present = np.array([len(response) > 0 for response in responses], bool)
    draws = rng.random(len(responses))
    negatives = []
    for own, draw in enumerate(draws.tolist()):
        others = np.flatnonzero((kinds != kinds[own]) & present) if present[own] else NONE
        negatives.append(responses[others[int(draw * len(others))]] if len(others) else responses[own][:0])
    return negatives
