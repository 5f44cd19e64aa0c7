"""The dialogue record: Dialogue > Turn > Frame > Slot > Value, dialog acts and belief state.

An annotation missing from a source is None; an annotation of "nothing" is empty. Only None makes a turn unlabelled.
"""

import dataclasses

USER = "user"
SYSTEM = "system"
ROLES = (SYSTEM, USER)  # index = role id of the model

BeliefState = dict[str, dict[str, tuple[str, ...]]]
"""Domain -> slot -> the correct values (several spellings of one value)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """A slot's value; `start` and `end` (exclusive) are character offsets in the turn's text, or None."""

    text: str
    start: int | None = None
    end: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """A slot with its values in this turn; no values if it is only requested."""

    name: str
    values: tuple[Value, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """A semantic frame: one intent (act) in one domain with its slots."""

    domain: str
    intent: str
    slots: tuple[Slot, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """One utterance.

    Attributes:
      role: `USER` or `SYSTEM`.
      text: the utterance as written.
      frames: its semantic frames; None if not annotated.
      acts: its unified dialog acts (`dialogue.acts.ACTS`), without repetition; None if not annotated.
      state: the belief state after this turn; None if not annotated.
      delexicalised: the text with values replaced by `[slot]`; None if the source has none.
    """

    role: str
    text: str
    frames: tuple[Frame, ...] | None = None
    acts: tuple[str, ...] | None = None
    state: BeliefState | None = None
    delexicalised: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation; `id` is unique within its corpus."""

    id: str
    turns: tuple[Turn, ...]
