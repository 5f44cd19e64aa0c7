"""The turns of dialogues as rows: those with words, in an order that does not depend on the order of the files."""

import dataclasses
import heapq
from collections.abc import Iterable, Sequence

from space_jax.dialogue.record import SYSTEM, Dialogue, Turn
from space_jax.features.example import stable_hash

SUCCESS, FAILURE = "notify_success", "notify_failure"


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """A turn with words.

    Attributes:
      dialogue: number of its dialogue.
      number: of the turn in its dialogue, from 1, as a person counts.
      place: in the dialogue, 0 for its first turn with words, 1 for its last.
      turn: itself.
    """

    dialogue: int
    number: int
    place: float
    turn: Turn


def sample(dialogues: Iterable[Dialogue], most: int) -> tuple[list[Dialogue], int]:
    """A part of many dialogues, with no more of them in memory.

    Returns:
      At most `most` dialogues, chosen by their ids, so that the order of the files does not matter, and how many
      there were.
    """
    kept: list[tuple[int, int, Dialogue]] = []
    count = 0
    for count, dialogue in enumerate(dialogues, start=1):
        entry = (-stable_hash(dialogue.id, bits=64), -count, dialogue)
        (heapq.heappush if len(kept) < most else heapq.heappushpop)(kept, entry)
    return [dialogue for *_, dialogue in kept], count


def in_order(dialogues: Iterable[Dialogue]) -> list[Dialogue]:
    """The dialogues by their ids; those of one id, from several files, by their words."""
    return sorted(dialogues, key=lambda one: (one.id, [turn.text for turn in one.turns]))


def said_in(dialogues: Sequence[Dialogue]) -> list[Said]:
    """The turns with words, dialogue by dialogue."""
    rows = []
    for index, dialogue in enumerate(dialogues):
        spoken = [(number, turn) for number, turn in enumerate(dialogue.turns, start=1) if turn.text.strip()]
        last = max(len(spoken) - 1, 1)
        rows += [Said(index, number, at / last, turn) for at, (number, turn) in enumerate(spoken)]
    return rows


def failed(dialogue: Dialogue) -> bool | None:
    """Whether a dialogue ended without success: the last outcome that the system told is a failure.

    Returns:
      None where no turn of the system has acts; a dialogue that tells no outcome did not fail.
    """
    known = [turn.acts for turn in dialogue.turns if turn.role == SYSTEM and turn.acts is not None]
    if not known:
        return None
    told = [act for acts in known for act in acts if act in (SUCCESS, FAILURE)]
    return bool(told) and told[-1] == FAILURE
