"""Belief states out of decisions: what a turn leaves alone keeps its value."""

from collections.abc import Iterable, Mapping, Sequence

from space_jax.evaluation.joint_goal import FlatState
from space_jax.tasks.task import Json

COPIES = ("inform", "refer")  # gates whose values TripPy's script compares laxly, see `evaluation.joint_goal`


def updated(before: Mapping[str, tuple[str, ...]], update: Mapping[str, Json]) -> FlatState:
    """The state after a turn.

    Args:
      before: the state before it.
      update: slot -> `{"value": text}`, or `{"refer": slot}` for the value that the other slot has, before this turn or
        by it; a reference to a slot without a value changes nothing.
    """
    state = dict(before) | {slot: (one["value"],) for slot, one in update.items() if "value" in one}
    referred = {slot: state[one["refer"]] for slot, one in update.items() if state.get(one.get("refer", ""))}
    return state | referred


def carried(dialogues: Sequence[str], updates: Iterable[Mapping[str, Json]]) -> list[FlatState]:
    """The state after each turn, from the updates alone; a dialogue begins with an empty state.

    Args:
      dialogues: the dialogue of each turn; the turns of one are in their order.
      updates: of each turn.
    """
    states: dict[str, FlatState] = {}
    after = []
    for dialogue, update in zip(dialogues, updates, strict=True):
        states[dialogue] = updated(states.get(dialogue, {}), update)
        after.append(states[dialogue])
    return after


def carried_copies(dialogues: Sequence[str], updates: Iterable[Mapping[str, Json]]) -> list[frozenset[str]]:
    """The slots whose value, after each turn, came from the system or from another slot; arguments as `carried`."""
    copied: dict[str, frozenset[str]] = {}
    after = []
    for dialogue, update in zip(dialogues, updates, strict=True):
        now = {slot for slot, one in update.items() if one.get("gate") in COPIES}
        copied[dialogue] = (copied.get(dialogue, frozenset()) - frozenset(update)) | now
        after.append(copied[dialogue])
    return after
