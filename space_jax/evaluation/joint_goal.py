"""Joint goal accuracy: the share of turns after which the whole predicted belief state is right.

Source: the measure of the second dialog state tracking challenge (Henderson et al., SIGDIAL 2014) as the field computes
it for MultiWOZ, WOZ 2.0 and Sim-M/R: after each user turn every slot must have its value, a slot without one none. Two
values are the same if `label_variants` gives them one meaning; a slot with several right values (SGD's spellings,
MultiWOZ's "a|b") takes any of them. `request` slots of WOZ 2.0 are not part of a state.

TripPy's own script (Heck et al., SIGDIAL 2020, `check_slot_inform`) is more lenient with values that were copied from
the
system or from another slot: one that contains the words of the true value, or the other way round, counts as right.
`copied` selects that comparison.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

from space_jax.dialogue.record import BeliefState
from space_jax.evaluation.label_variants import NONE, label_variants, plain

FlatState = dict[str, tuple[str, ...]]
"""`domain-slot` -> the values that are right."""


@dataclasses.dataclass(frozen=True)
class GoalScore:
    """The accuracy of predicted belief states.

    Attributes:
      joint: share of the turns whose state is right; 0 of none.
      slot: mean over `slots` of their accuracy; 0 of none.
      slots: for each slot, the share of turns after which it is right, with or without a value.
      turns: how many there are.
    """

    joint: float
    slot: float
    slots: dict[str, float]
    turns: int


def flat(state: BeliefState) -> FlatState:
    """A belief state by `domain-slot`; a slot whose values all mean "none" is left out.

    >>> flat({"hotel": {"area": ("west",), "name": ("not mentioned",)}})
    {'hotel-area': ('west',)}
    """
    found = {f"{domain}-{slot}": tuple(values) for domain, slots in state.items() for slot, values in slots.items()}
    return {slot: values for slot, values in found.items() if _meanings(slot, values)}


def same_value(slot: str, predicted: Iterable[str], truth: Iterable[str], copied: bool = False) -> bool:
    """Whether a slot's predicted value is one of those that are right; both may be absent.

    Args:
      slot: `domain-slot`.
      predicted: the predicted spellings, none for no value.
      truth: those that are right, none for no value.
      copied: whether words of one value within the other suffice, as in TripPy's script for copied values.
    """
    ours, theirs = _meanings(slot, predicted), _meanings(slot, truth)
    if not ours or not theirs:
        return ours == theirs
    if ours & theirs:
        return True
    return copied and any(_within(one, other) or _within(other, one) for one in ours for other in theirs)


def goal_score(
    predicted: Sequence[FlatState],
    truth: Sequence[FlatState],
    slots: Iterable[str] = (),
    copied: Sequence[Collection[str]] | None = None,
) -> GoalScore:
    """Scores the belief states after each turn.

    >>> goal_score([{"a-area": ("center",)}, {}], [{"a-area": ("centre",)}, {"a-area": ("centre",)}]).joint
    0.5

    Args:
      predicted: the state after each turn of all dialogues.
      truth: the states of the same turns.
      slots: slots that count although no turn has a value for them; they enter the mean over slots.
      copied: for each turn, the slots whose predicted value was copied; compares them leniently, as TripPy does.

    Raises:
      ValueError: the numbers of turns differ.
    """
    if len(predicted) != len(truth) or (copied is not None and len(copied) != len(truth)):
        raise ValueError(f"{len(predicted)} predicted states for {len(truth)} turns; the numbers must be equal")
    names = sorted({*slots, *(slot for state in (*predicted, *truth) for slot in state)})
    right = dict.fromkeys(names, 0)
    joint = 0
    for number, (ours, theirs) in enumerate(zip(predicted, truth, strict=True)):
        lax = copied[number] if copied is not None else ()
        wrong = {slot for slot in {*ours, *theirs} if not _same(slot, ours, theirs, slot in lax)}
        joint += not wrong
        for slot in names:
            right[slot] += slot not in wrong
    count = len(truth)
    accuracy = {slot: hits / count for slot, hits in right.items()} if count else {}
    mean = sum(accuracy.values()) / len(accuracy) if accuracy else 0.0
    return GoalScore(joint / count if count else 0.0, mean, accuracy, count)


def _same(slot: str, ours: Mapping[str, tuple[str, ...]], theirs: Mapping[str, tuple[str, ...]], lax: bool) -> bool:
    return same_value(slot, ours.get(slot, ()), theirs.get(slot, ()), lax)


def _meanings(slot: str, values: Iterable[str]) -> set[str]:
    return {meaning for value in values if (meaning := label_variants().meaning(slot, value)) != NONE}


def _within(part: str, whole: str) -> bool:
    """Whether the words of one value occur in another."""
    return f" {plain(part)} " in f" {plain(whole)} "
