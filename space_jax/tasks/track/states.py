"""Belief states of whole dialogues from a tracker's decisions: a slot that a turn does not change keeps its value."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from space_jax.dialogue.record import Dialogue
from space_jax.evaluation.joint_goal import FlatState
from space_jax.tasks.task import Json
from space_jax.tasks.track.records import TrackRecord, of_dialogue

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


def track_dialogue(
    dialogue: Dialogue, predict: Callable[[Sequence[TrackRecord]], list[Json]]
) -> list[tuple[TrackRecord, FlatState]]:
    """Tracks a dialogue; all its turns are predicted in one batch, since no decision needs the state before it.

    Args:
      dialogue: its states are not read; frames of system turns, where there are some, say what was informed.
      predict: `Predictor.predict_records` of a tracker, whether it copies or writes.

    Returns:
      For each user turn its record and the predicted state after it.
    """
    records = list(of_dialogue(dialogue))
    return list(zip(records, states_of(records, predict(records)), strict=True))


def states_of(records: Sequence[Any], predictions: Sequence[Json]) -> list[FlatState]:
    """The states after the turns of dialogues: written ones as they are, copied ones carried on from empty states."""
    if all("update" in one for one in predictions):
        return carried([record.dialogue for record in records], [one["update"] for one in predictions])
    return [{slot: tuple(values) for slot, values in one["state"].items()} for one in predictions]
