"""Where a view's groups and arrows stand: two columns as in a chat, the user's left, from first to last turns.

Almost every arrow then leads from one column to the other, across the gap between them. The order is that of the mean
place in the dialogue, the system's bent so that its turns stand beside what they answer and what answers them.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from space_jax.corpora.dialogue_map.view import Group
from space_jax.dialogue.record import USER

HEIGHT, GAP = 104, 16  # of a group's box, and between two boxes, in pixels
DRAWN = 0.2  # the share of a group's turns from which an arrow is drawn
_MOST = 3  # arrows that leave a group
_LEAST = 0.1  # the share from which a group's only arrow is drawn
_BENT = 0.7  # weight of that against the own place
_FIRST_OUT, _NEXT_OUT, _IN = 18, 22, 86  # places along the side of a box where arrows leave and arrive


@dataclasses.dataclass(frozen=True)
class Arrow:
    """From a group to the one that follows it.

    Attributes:
      source, target: numbers of the groups.
      share: of the source's turns.
      turns: how many.
      leaves, arrives: heights in pixels from the top of the graph.
    """

    source: int
    target: int
    share: float
    turns: float
    leaves: float
    arrives: float


@dataclasses.dataclass(frozen=True)
class Placed:
    """A graph.

    Attributes:
      tops: of each group's box, in pixels.
      height: of the whole.
      arrows: those that are drawn; the others are told in words.
    """

    tops: tuple[float, ...]
    height: float
    arrows: tuple[Arrow, ...]


def placed(groups: Sequence[Group]) -> Placed:
    """Places the boxes evenly in their columns, and chooses the arrows."""
    columns = _columns(groups)
    height = max(map(len, columns), default=0) * (HEIGHT + GAP) - GAP
    tops = [0.0] * len(groups)
    for column in columns:
        for row, g in enumerate(column):
            tops[g] = row * (height - HEIGHT) / max(len(column) - 1, 1)
    arrows = [
        Arrow(
            source=source,
            target=target,
            share=groups[source].then[target],
            turns=groups[source].then[target] * groups[source].turns,
            leaves=tops[source] + _FIRST_OUT + place * _NEXT_OUT,
            arrives=tops[target] + _IN,
        )
        for source, targets in enumerate(_targets(groups))
        for place, target in enumerate(sorted(targets, key=lambda target: tops[target]))
    ]
    return Placed(tuple(tops), max(height, 0), tuple(arrows))


def _columns(groups: Sequence[Group]) -> tuple[list[int], list[int]]:
    """The groups of the user and those of the system, each from top to bottom."""
    left, right = ([g for g, group in enumerate(groups) if (group.role == USER) == users] for users in (True, False))
    flow = np.zeros((len(groups), len(groups)))
    for source, group in enumerate(groups):
        for target, share in group.then.items():
            flow[[source, target], [target, source]] += share * group.turns
    of_left, of_right = np.linspace(0, 1, len(left)), np.linspace(0, 1, len(right))
    pulls = flow[np.ix_(right, left)]
    total = pulls.sum(axis=1)
    beside = np.where(total > 0, pulls @ of_left / np.where(total > 0, total, 1), of_right)
    order = np.argsort(_BENT * beside + (1 - _BENT) * of_right, kind="stable")
    return left, [right[row] for row in order]


def _targets(groups: Sequence[Group]) -> list[set[int]]:
    """The arrows out of each group: the strongest, and those that some group would have none without."""
    chosen = []
    for source, group in enumerate(groups):
        others = [(target, share) for target, share in group.then.items() if target != source and share >= _LEAST]
        chosen.append({target for target, share in others[:_MOST] if share >= DRAWN} | {t for t, _ in others[:1]})
    for target, group in enumerate(groups):
        if group.begins < DRAWN and not any(target in targets for targets in chosen):
            turns = [0 if s == target else one.then.get(target, 0) * one.turns for s, one in enumerate(groups)]
            source = max(range(len(groups)), key=turns.__getitem__)
            if turns[source] and len(chosen[source]) < _MOST:
                chosen[source].add(target)
    return chosen
