"""Records of tracking: a user turn with the turns before it, the system's values, the states around it."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from space_jax.dialogue.record import ROLES, SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError
from space_jax.evaluation.joint_goal import FlatState, flat
from space_jax.tasks.record_sources import place_of

GENERAL = "booking"  # MultiWOZ's domain of acts about any of the others

InformedValue = tuple[str, str, int]
"""`domain-slot`, a value, and how many of the system's turns ago it was said, from 1.

A domain that is "" or `GENERAL` stands for every domain.
"""


@dataclasses.dataclass(frozen=True)
class TrackRecord:
    """A user turn.

    Attributes:
      id: unique: the dialogue's and the number of the turn.
      dialogue: the dialogue's id.
      turns: (role id, text) of all turns up to this one, which is the last.
      informed: the values that the system gave, for each slot the latest.
      spans: (slot without its domain, start, end) of the values that are annotated in the user's text.
      before: the true state before the turn, or the state that a user's file gives.
      after: the true state after it; None if not annotated.
      where: file and line, for people; "" if the record is not from a line of a file.
    """

    id: str
    dialogue: str
    turns: tuple[tuple[int, str], ...]
    informed: tuple[InformedValue, ...] = ()
    spans: tuple[tuple[str, int, int], ...] = ()
    before: FlatState = dataclasses.field(default_factory=dict)
    after: FlatState | None = None
    where: str = dataclasses.field(default="", compare=False)


def of_dialogue(dialogue: Dialogue) -> Iterator[TrackRecord]:
    """A record for each user turn."""
    before: FlatState = {}
    said: dict[str, InformedValue] = {}
    for number, turn in enumerate(dialogue.turns):
        if turn.role != USER:
            older = {slot: (slot, value, age + 1) for slot, value, age in said.values()}
            said = older | {slot: (slot, value, 1) for slot, value in _said(turn).items()}
            continue
        turns = tuple((ROLES.index(one.role), one.text) for one in dialogue.turns[: number + 1])
        after = None if turn.state is None else flat(turn.state)
        informed = tuple(sorted(said.values(), key=lambda one: -one[2]))
        yield TrackRecord(f"{dialogue.id}-{number}", dialogue.id, turns, informed, _spans(turn), before, after)
        before = before if after is None else after


def of_row(row: Mapping[str, Any], where: str, number: int) -> TrackRecord:
    """The record of a JSON object, one user turn.

    `turns` is a list of objects with `role` ("user", "system") and `text`, the last one the user's; perhaps `informed`,
    a list of [domain-slot, value] that the system gave right before; `state`, the state before the turn, and `after`,
    the true one after it: objects from domain-slot to a value or a list of those that are right.

    Raises:
      UserError: a field of another form.
    """
    turns = row.get("turns")
    if not isinstance(turns, list) or not turns:
        raise UserError(f"{where}: field turns: expected a list of turns, found {turns!r:.80}")
    said = tuple(_row_turn(turn, where) for turn in turns)
    if said[-1][0] != ROLES.index(USER):
        raise UserError(f"{where}: field turns: expected the last to be the user's, found the system's")
    informed = row.get("informed", [])
    pairs = [pair for pair in informed if _is_pair(pair)] if isinstance(informed, list) else []
    if not isinstance(informed, list) or len(pairs) != len(informed):
        raise UserError(f"{where}: field informed: expected a list of [domain-slot, value], found {informed!r:.80}")
    name = str(row.get("id", number))
    after = _state(row, "after", where) if "after" in row else None
    dialogue = str(row.get("dialogue", name))
    given = tuple((slot, value, 1) for slot, value in pairs)
    return TrackRecord(name, dialogue, said, given, (), _state(row, "state", where), after, place_of(row, where))


def _row_turn(turn: Any, where: str) -> tuple[int, str]:
    match turn:
        case {"role": str(role), "text": str(text)} if role in ROLES:
            return ROLES.index(role), text
    raise UserError(f"{where}: field turns: expected role (user or system) and text, found {turn!r:.80}")


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)


def _state(row: Mapping[str, Any], name: str, where: str) -> FlatState:
    given = row.get(name, {})
    problem = UserError(f"{where}: field {name}: expected an object from domain-slot to a value, found {given!r:.80}")
    if not isinstance(given, dict):
        raise problem
    state = {}
    for slot, values in given.items():
        listed = [values] if isinstance(values, str) else values
        if not isinstance(listed, list) or not all(isinstance(value, str) for value in listed):
            raise problem
        state[slot] = tuple(listed)
    return state


def _said(turn: Turn) -> dict[str, str]:
    """The values of a system turn; of several for one slot the last ("there is none at 6, how about 7?")."""
    if turn.role != SYSTEM:
        return {}
    return {
        f"{frame.domain}-{slot.name}": value.text
        for frame in turn.frames or ()
        for slot in frame.slots
        for value in slot.values
    }


def _spans(turn: Turn) -> tuple[tuple[str, int, int], ...]:
    found = {
        (slot.name, value.start, value.end): None
        for frame in turn.frames or ()
        for slot in frame.slots
        for value in slot.values
        if value.start is not None and value.end is not None
    }
    return tuple(found)
