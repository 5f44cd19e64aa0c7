"""What follows what: transitions between the groups of turns, and where conversations begin, end and fail."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from space_jax.corpora.dialogue_map.said import Said


@dataclasses.dataclass(frozen=True, eq=False)
class Flow:
    """Counts of a set of dialogues. G groups.

    Attributes:
      turns: `[G]`, of each group.
      begins: `[G]`, dialogues that begin there.
      ends: `[G]`, dialogues that end there.
      then: `[G, G]`, turns of a group (row) that are followed by one of another (column).
      passing: `[G]`, dialogues with at least one turn there, of those whose outcome is known.
      failing: `[G]`, those of them that ended without success.
    """

    turns: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    then: np.ndarray
    passing: np.ndarray
    failing: np.ndarray

    @property
    def next_shares(self) -> np.ndarray:
        """`[G, G]`, the share of a group's turns that each group follows; the rest ends the dialogue."""
        return self.then / np.maximum(self.turns, 1)[:, None]


def count_flow(rows: Sequence[Said], labels: np.ndarray, groups: int, outcomes: Sequence[bool | None]) -> Flow:
    """Counts.

    Args:
      rows: turns, dialogue by dialogue, in their order.
      labels: `[N]` int, the group of each.
      groups: G.
      outcomes: of each dialogue whether it ended without success, None where that is not known.
    """
    then = np.zeros((groups, groups), int)
    begins, ends, passing, failing = (np.zeros(groups, int) for _ in range(4))
    number = np.array([row.dialogue for row in rows], int)
    first = np.flatnonzero(np.diff(number, prepend=-1))
    last = np.flatnonzero(np.diff(number, append=-1))
    np.add.at(begins, labels[first], 1)
    np.add.at(ends, labels[last], 1)
    inner = np.setdiff1d(np.arange(len(rows)), last)
    np.add.at(then, (labels[inner], labels[inner + 1]), 1)
    for start, end in zip(first, last, strict=True):
        outcome = outcomes[number[start]]
        if outcome is not None:
            here = np.unique(labels[start : end + 1])
            passing[here] += 1
            failing[here] += outcome
    return Flow(np.bincount(labels, minlength=groups), begins, ends, then, passing, failing)
