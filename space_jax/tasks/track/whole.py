"""The belief states of a whole dialogue, turn after turn."""

from collections.abc import Callable, Sequence
from typing import Any

from space_jax.dialogue.record import Dialogue
from space_jax.evaluation.joint_goal import FlatState
from space_jax.tasks.task import Json
from space_jax.tasks.track.carry import carried
from space_jax.tasks.track.records import TrackRecord, of_dialogue


def track_dialogue(
    dialogue: Dialogue, predict: Callable[[Sequence[TrackRecord]], list[Json]]
) -> list[tuple[TrackRecord, FlatState]]:
    """Tracks a dialogue; all its turns are predicted in one batch, since no decision needs the state before it.

    Args:
      dialogue: its states are not read; frames of system turns, where there are some, say what was informed.
      predict: `Trained.predict_records` of a tracker, whether it copies or writes.

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
