"""One view of dialogues: groups of the turns of either side by vectors, with their names and their flow."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from space_jax.corpora.dialogue_map import names
from space_jax.corpora.dialogue_map.flow import Flow, count_flow
from space_jax.corpora.dialogue_map.grouping import grouped
from space_jax.corpora.dialogue_map.names import Shares
from space_jax.corpora.dialogue_map.said import Said, failed
from space_jax.dialogue.record import SYSTEM, USER, Dialogue

EXAMPLES = 20  # turns of a group that are shown
_NEAREST = 12  # of them the nearest to the group's middle; the others are spread over the rest
_NAMED = 0.4  # share of turns from which an act names a group
_IN_NAME = 3  # words


@dataclasses.dataclass(frozen=True)
class Example:
    """A turn of a group.

    Attributes:
      dialogue: the id of its dialogue.
      number: of the turn in it, from 1.
      text: of the turn.
      before: the text of the turn before, "" for none.
    """

    dialogue: str
    number: int
    text: str
    before: str


@dataclasses.dataclass(frozen=True)
class Group:
    """Turns of one side that mean something similar.

    Attributes:
      name: acts or intents that most of its turns have, and typical words.
      role: "user" or "system".
      turns: how many.
      place: the mean place in the dialogue, from 0 to 1.
      words: typical words and pairs of words, the most typical first.
      acts, intents, domains, slots: (name, share of the annotated turns), the commonest first.
      begins, ends: the share of all dialogues that begin or end here.
      fails: of the dialogues with a turn here the share that ended without success; None where no outcome is known.
      then: number of a group -> the share of this group's turns that it follows, the largest first.
      examples: different turns, the most typical first.
      members: (id of the dialogue, number of the turn from 1) of every turn.
    """

    name: str
    role: str
    turns: int
    place: float
    words: tuple[str, ...]
    acts: Shares
    intents: Shares
    domains: Shares
    slots: Shares
    begins: float
    ends: float
    fails: float | None
    then: dict[int, float]
    examples: tuple[Example, ...]
    members: tuple[tuple[str, int], ...]


@dataclasses.dataclass(frozen=True)
class View:
    """Groups by one kind of vector.

    Attributes:
      groups: those of the user, then those of the system, each in the order of their mean place in the dialogue.
      silhouettes: role -> number of groups -> mean silhouette, where the number was chosen.
    """

    groups: tuple[Group, ...]
    silhouettes: dict[str, dict[int, float]]

    def as_json(self) -> dict[str, Any]:
        """For `json.dumps`."""
        return dataclasses.asdict(self)


def make_view(
    dialogues: Sequence[Dialogue], rows: Sequence[Said], vectors: np.ndarray, count: int | None, seed: int
) -> View:
    """Groups turns, either side for itself, and counts their flow.

    Args:
      dialogues: all.
      rows: their turns, from `said_in`.
      vectors: `[N, H]`, one a turn.
      count: of groups of either side; chosen by the silhouette if None.
      seed: see `grouped`.
    """
    roles = np.array([row.turn.role for row in rows])
    labels, near = np.zeros(len(rows), int), np.zeros(len(rows))
    words: list[tuple[str, ...]] = []
    silhouettes: dict[str, dict[int, float]] = {}
    for role in (USER, SYSTEM):
        of_side = np.flatnonzero(roles == role)
        if not len(of_side):
            continue
        found = grouped(vectors[of_side], count, seed)
        chosen = [rows[index] for index in of_side.tolist()]
        places = np.array([row.place for row in chosen])
        ordered = _by_place(found.labels, places)
        labels[of_side], near[of_side] = ordered + len(words), found.near
        words += names.typical_words([row.turn.text for row in chosen], ordered)
        silhouettes[role] = found.silhouettes
    flow = count_flow(rows, labels, len(words), [failed(dialogue) for dialogue in dialogues])
    groups = [_group(g, dialogues, rows, np.flatnonzero(labels == g), near, flow, words[g]) for g in range(len(words))]
    return View(tuple(groups), silhouettes)


def _by_place(labels: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The groups numbered anew in the order of their turns' mean place."""
    means = np.bincount(labels, places) / np.bincount(labels)
    return np.argsort(np.argsort(means, kind="stable"), kind="stable")[labels]


def _group(
    g: int,
    dialogues: Sequence[Dialogue],
    rows: Sequence[Said],
    members: np.ndarray,
    near: np.ndarray,
    flow: Flow,
    words: tuple[str, ...],
) -> Group:
    turns = [rows[index].turn for index in members]
    acts, intents = names.shares(turns, names.acts_of), names.shares(turns, names.intents_of)
    shares = flow.next_shares[g]
    order = [int(h) for h in np.argsort(-shares, kind="stable") if shares[h] > 0]
    known = int(flow.passing[g])
    return Group(
        name=_name(acts or intents, words),
        role=turns[0].role,
        turns=len(turns),
        place=float(np.mean([rows[index].place for index in members])),
        words=words,
        acts=acts,
        intents=intents,
        domains=names.shares(turns, names.domains_of),
        slots=names.shares(turns, names.slots_of),
        begins=float(flow.begins[g] / flow.begins.sum()),
        ends=float(flow.ends[g] / flow.ends.sum()),
        fails=float(flow.failing[g] / known) if known else None,
        then={h: float(shares[h]) for h in order},
        examples=_examples(dialogues, rows, members, near),
        members=tuple((dialogues[rows[index].dialogue].id, rows[index].number) for index in members),
    )


def _name(labels: Shares, words: tuple[str, ...]) -> str:
    common = " + ".join(name for name, share in labels[:2] if share >= _NAMED)
    said = ", ".join(words[:_IN_NAME])
    return ": ".join(part for part in (common, said) if part) or "other turns"


def _examples(
    dialogues: Sequence[Dialogue], rows: Sequence[Said], members: np.ndarray, near: np.ndarray
) -> tuple[Example, ...]:
    """Turns with different words: the nearest to the middle, then some from there to the farthest."""
    ranked = members[np.argsort(-near[members].round(4), kind="stable")]
    different = list({rows[index].turn.text.casefold().strip(): index for index in ranked[::-1]}.values())[::-1]
    rest = different[_NEAREST:]
    spread = np.linspace(0, len(rest) - 1, min(len(rest), EXAMPLES - _NEAREST)).round().astype(int)
    return tuple(
        _example(dialogues[rows[index].dialogue], rows[index].number)
        for index in [*different[:_NEAREST], *(rest[at] for at in spread)]
    )


def _example(dialogue: Dialogue, number: int) -> Example:
    before = dialogue.turns[number - 2].text if number > 1 else ""
    return Example(dialogue.id, number, dialogue.turns[number - 1].text, before)
