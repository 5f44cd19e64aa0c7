"""Dialog acts of a system turn as text that a model writes: `restaurant propose name food; general direct`.

An act is its domain, its name and the slots it speaks of, in the order in which they are said; values are left out,
since they come from the database and the belief state.
"""

from collections.abc import Iterable
from typing import NamedTuple

from space_jax.dialogue.record import Frame


class PlannedAct(NamedTuple):
    """One act of a system turn; a slot may come twice (a choice between two names)."""

    domain: str
    act: str
    slots: tuple[str, ...] = ()


def acts_of(frames: Iterable[Frame]) -> tuple[PlannedAct, ...]:
    """The acts in the frames of a turn; a slot once per value, or once if it has none."""
    return tuple(
        PlannedAct(
            frame.domain,
            frame.intent,
            tuple(slot.name for slot in frame.slots for _ in range(max(1, len(slot.values)))),
        )
        for frame in frames
    )


def write_acts(acts: Iterable[PlannedAct]) -> str:
    """The text of acts."""
    return "; ".join(" ".join((act.domain, act.act, *act.slots)) for act in acts)


def parse_acts(text: str) -> tuple[PlannedAct, ...]:
    """The acts in a text; pieces of fewer than two words are skipped. Never raises."""
    pieces = (piece.split() for piece in text.split(";"))
    return tuple(PlannedAct(words[0], words[1], tuple(words[2:])) for words in pieces if len(words) > 1)
