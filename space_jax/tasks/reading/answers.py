"""From scores of places to answers: the best spans, their probabilities, and where to draw the line to "no answer"."""

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A span of tokens.

    Attributes:
      first: its first token.
      last: its last token.
      odds: log of how much likelier it is than "no answer".
      probability: among all spans and "no answer".
    """

    first: int
    last: int
    odds: float
    probability: float


def best_answers(scores: np.ndarray, longest: int, most: int) -> tuple[list[Answer], float]:
    """The best spans, the best first, and the probability of "no answer".

    odds(i, j) = start_i + end_j - start_none - end_none;  p(i, j) = e^odds(i, j) / (1 + sum over spans of e^odds)

    Args:
      scores: `[2, 1 + t]` of starts and ends, "no answer" first.
      longest: tokens of a span.
      most: how many are wanted.
    """
    start, end = scores[:, 1:].astype(np.float64) - scores[:, :1]
    count = len(start)
    first, width = np.indices((count, min(longest, count))).reshape(2, -1)
    first, last = first[first + width < count], (first + width)[first + width < count]
    odds = start[first] + end[last]
    top = max(0.0, odds.max(initial=0.0))
    whole = np.exp(-top) + np.exp(odds - top).sum()
    chosen = np.argsort(-odds, kind="stable")[:most]
    answers = [
        Answer(int(first[i]), int(last[i]), float(odds[i]), float(np.exp(odds[i] - top) / whole)) for i in chosen
    ]
    return answers, float(np.exp(-top) / whole)


def best_threshold(odds: Sequence[float], gains: Sequence[float]) -> float:
    """The threshold of the odds above which answering scores most.

    Answers are given to the questions whose odds are above it; it lies between two odds, the nearest to 0 of the best.

    >>> best_threshold([-3.0, -1.0, 2.0], [-1.0, 1.0, 1.0])
    -2.0

    Args:
      odds: of the best answer to each question.
      gains: the score of answering it, less that of saying nothing.
    """
    order = np.argsort(-np.asarray(odds, np.float64), kind="stable")
    sorted_odds = np.asarray(odds, np.float64)[order]
    totals = np.concatenate([[0.0], np.cumsum(np.asarray(gains, np.float64)[order])])
    beyond = [sorted_odds[:1] + 1, sorted_odds[-1:] - 1]
    lines = np.concatenate([beyond[0], (sorted_odds[:-1] + sorted_odds[1:]) / 2, beyond[1]])
    divides = np.concatenate([[True], sorted_odds[:-1] > sorted_odds[1:], [True]])[: len(totals)]
    best = np.flatnonzero(divides & np.isclose(totals, totals[divides].max(), rtol=0, atol=1e-9))
    return float(min(lines[best], key=abs))
