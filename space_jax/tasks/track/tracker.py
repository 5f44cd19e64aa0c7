"""Records, labels and scores that the two trackers share."""

import collections
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from space_jax.errors import UserError
from space_jax.evaluation.joint_goal import FlatState, goal_score, same_value
from space_jax.tasks.config import DataSource
from space_jax.tasks.error_list import error_list
from space_jax.tasks.record_sources import Truth, file_of, records_of
from space_jax.tasks.task import Json, Nearest, Task
from space_jax.tasks.track.records import TrackRecord, of_dialogue, of_row
from space_jax.tasks.track.state_text import to_text
from space_jax.tasks.track.states import states_of
from space_jax.tasks.validation_split import split_dialogues


class Tracker(Task):
    """Input and scores of a tracker, whatever its model."""

    measure = "joint_goal"

    @classmethod
    def read_split(cls, config: Any, source: DataSource, split: str) -> list[TrackRecord]:
        """See `Task.read_split`; turns whose state is not annotated are left out."""
        if not source.corpus:
            truth = Truth("after", "the state after the turn", cls.has_truth)
            return records_of(file_of(source, split), functools.partial(cls.read_row, config), truth)
        dialogues = split_dialogues(source, split, config.train_split)
        return [record for one in dialogues for record in of_dialogue(one) if record.after is not None]

    @classmethod
    def read_row(cls, config: Any, row: Mapping[str, Any], where: str, number: int) -> TrackRecord:
        """See `Task.read_row` and `records.of_row`."""
        return of_row(row, where, number)

    @classmethod
    def strata(cls, record: TrackRecord) -> tuple[str, ...]:
        """See `Task.strata`: the slots that the turn changes."""
        after = record.after or {}
        return tuple(slot for slot, values in after.items() if record.before.get(slot) != values)

    @classmethod
    def has_truth(cls, record: TrackRecord) -> bool:
        """See `Task.has_truth`."""
        return record.after is not None

    @classmethod
    def labels_of(cls, record: TrackRecord) -> tuple[str, ...]:
        """See `Task.labels_of`: the slots that have a value after the turn."""
        return tuple(record.after or ())

    @classmethod
    def measured_parts(cls, record: TrackRecord) -> tuple[str, ...]:
        """See `Task.measured_parts`."""
        return ("values in their states",) if record.after else ()

    @classmethod
    def known_labels(cls, config: Any, labels: Json) -> Collection[str]:
        """See `Task.known_labels`."""
        return labels["slots"]

    @classmethod
    def make_labels(cls, config: Any, records: Sequence[TrackRecord]) -> Json:
        """See `Task.make_labels`: `slots`, with the number of turns after which each has a value.

        Raises:
          UserError: no record has a state.
        """
        slots = collections.Counter(slot for record in records for slot in record.after or ())
        if not slots:
            raise UserError("training records: expected some with a state, found none")
        return {"slots": dict(sorted(slots.items()))}

    def side_by_side(self, record: TrackRecord, prediction: Json) -> tuple[str, str, str]:
        """See `Task.side_by_side`."""
        true = "" if record.after is None else to_text(record.after)
        return record.turns[-1][1], true, to_text({slot: tuple(values) for slot, values in prediction["state"].items()})

    def error_page(
        self, records: Sequence[TrackRecord], predictions: Sequence[Json], title: str, nearest: Nearest | None = None
    ) -> str:
        """See `Task.error_page`: the turns with a wrong state, and its errors."""
        known, wrong = 0, []
        for record, state in zip(records, states_of(records, predictions), strict=True):
            if record.after is None:
                continue
            known += 1
            slots = [slot for slot in sorted({*state, *record.after}) if not _right(slot, state, record.after)]
            if slots:
                turns = " / ".join(text for _, text in record.turns[-2:])
                wrong.append(
                    (record.where or record.id, turns, _in_words(record.after, slots), _in_words(state, slots))
                )
        return error_list(wrong, known, title)


def _right(slot: str, state: FlatState, truth: FlatState) -> bool:
    return same_value(slot, state.get(slot, ()), truth.get(slot, ()))


def _in_words(state: FlatState, slots: Sequence[str]) -> str:
    return ", ".join(f"{slot} {' | '.join(state[slot])}" for slot in slots if slot in state)


def scores(records: Sequence[TrackRecord], states: Sequence[FlatState], slots: Sequence[str]) -> dict[str, float]:
    """`joint_goal`, `slot_accuracy` and the accuracy of each slot over the turns whose true state is known."""
    pairs = [(ours, one.after) for ours, one in zip(states, records, strict=True) if one.after is not None]
    score = goal_score([ours for ours, _ in pairs], [theirs for _, theirs in pairs], slots)
    named = {f"slot/{slot}": accuracy for slot, accuracy in score.slots.items()}
    return {"joint_goal": score.joint, "slot_accuracy": score.slot, **named}
