"""The copying tracker's decisions at a turn, derived from the states around it and the words.

A slot whose value changes gets the first gate that can produce the new value:

  dontcare   the value is "any"
  yes, no    the slot is a yes-no question (hotel-parking)
  span       words of the user's turn, in any spelling of `label_variants`; annotated spans come first
  inform     what the system last gave for the slot; one of the two may have more words ("the curry garden")
  refer      the value that another slot of the same kind had (the taxi goes to the restaurant)

A value that none can produce (an annotation that came a turn late, a value that was never said) is unreachable: that
decision is left out of training. So is the removal of a value, for which there is no gate either.

Source: Heck et al., "TripPy", SIGDIAL 2020, arXiv 2005.02877, section 3. There the memory of what the system informed
is of its last turn alone; ours goes back further, since users often take up an offer a turn later.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping

from space_jax.evaluation.joint_goal import FlatState, same_value
from space_jax.evaluation.label_variants import DONTCARE, TIME, label_variants, plain
from space_jax.tasks.track.records import GENERAL, InformedValue, TrackRecord

GATES = ("none", "dontcare", "yes", "no", "span", "inform", "refer")
NONE_GATE, DONTCARE_GATE, YES, NO, SPAN, INFORM, REFER = range(len(GATES))
UNREACHABLE = -1

_YES_NO = "yes_no"
_CLOCK = re.compile(
    r"\d{1,2}(?:[:.]?\d{2})?(?:\s*(?:[ap]\.m\.|[ap]\.?m\b|o'clock))?|noon|midday|midnight", re.IGNORECASE
)


@dataclasses.dataclass(frozen=True)
class Decision:
    """The decision about a slot at a turn.

    Attributes:
      gate: an index of `GATES`, or `UNREACHABLE`.
      start, end: of a span, characters of the user's text.
      other: of a reference, the slot that has the value.
    """

    gate: int
    start: int = 0
    end: int = 0
    other: str = ""


def informed_slots(said: Iterable[InformedValue], slots: Iterable[str]) -> dict[str, tuple[str, int]]:
    """The system's values, by the slots of the state: value and age; a general domain gives it to every domain.

    Args:
      said: the oldest first.
      slots: those that are tracked.
    """
    found: dict[str, tuple[str, int]] = {}
    known = list(slots)
    for name, value, age in said:
        domain, _, slot = name.rpartition("-")
        for candidate in known:
            if candidate == name or (domain in ("", GENERAL) and candidate.rpartition("-")[2] == slot):
                found[candidate] = value, age
    return found


def decisions(record: TrackRecord, slots: Iterable[str]) -> dict[str, Decision]:
    """The decisions of a turn that are not "none".

    Args:
      record: with `after`.
      slots: those that are tracked.
    """
    assert record.after is not None
    informed = informed_slots(record.informed, slots)
    found = {}
    for slot in slots:
        values = record.after.get(slot, ())
        if same_value(slot, record.before.get(slot, ()), values):
            continue
        found[slot] = _decision(record, slot, values, informed) if values else Decision(UNREACHABLE)
    return found


def _decision(
    record: TrackRecord, slot: str, values: tuple[str, ...], informed: Mapping[str, tuple[str, int]]
) -> Decision:
    variants = label_variants()
    meanings = {variants.meaning(slot, value) for value in values}
    if DONTCARE in meanings:
        return Decision(DONTCARE_GATE)
    if variants.kind(slot) == _YES_NO:
        for gate, meaning in ((YES, "yes"), (NO, "no")):
            if meaning in meanings:
                return Decision(gate)
    place = _annotated(record, slot, values) or find_value(record.turns[-1][1], slot, values)
    if place is not None:
        return Decision(SPAN, *place)
    if slot in informed and same_value(slot, (informed[slot][0],), values, copied=True):
        return Decision(INFORM)
    other = _reference(record.before, slot, values)
    return Decision(REFER, other=other) if other else Decision(UNREACHABLE)


def _annotated(record: TrackRecord, slot: str, values: tuple[str, ...]) -> tuple[int, int] | None:
    text = record.turns[-1][1]
    for name, start, end in record.spans:
        if name == slot.rpartition("-")[2] and same_value(slot, (text[start:end],), values):
            return start, end
    return None


def find_value(text: str, slot: str, values: Iterable[str]) -> tuple[int, int] | None:
    """The first place where a text has one of a slot's values, in one of its spellings, as whole words."""
    values = tuple(values)
    if label_variants().kind(slot) == TIME:
        for match in _CLOCK.finditer(text):
            if same_value(slot, (match[0],), values):
                return match.span()
    for value in values:
        for spelling in label_variants().written(slot, value):
            words = [re.escape(word) for word in plain(spelling).split(" ") if word]
            said = re.search(r"(?<!\w)" + r"\s*".join(words) + r"(?!\w)", text, re.IGNORECASE)
            if said and words:
                return said.span()
    return None


def _reference(before: FlatState, slot: str, values: tuple[str, ...]) -> str:
    """The first other slot of the same kind, or failing that of the same name, whose value is the wanted one."""
    kind, name = label_variants().kind(slot), slot.rpartition("-")[2]
    for other, held in before.items():
        alike = other.rpartition("-")[2] == name or (kind is not None and label_variants().kind(other) == kind)
        if other != slot and alike and same_value(slot, held, values):
            return other
    return ""
