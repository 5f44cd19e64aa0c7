"""Shared by the releases of MultiWOZ: their act annotation (Budzianowski et al., EMNLP 2018).

An annotation is a dictionary from `Domain-Act` to a list of [slot, value]. "none" stands for no slot and for no value,
"?" for a requested value.
"""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

from space_jax.corpora import act_annotation
from space_jax.corpora.act_annotation import ActItem
from space_jax.dialogue.dont_care import DONT_CARE, is_dont_care, is_unset
from space_jax.dialogue.record import SYSTEM, BeliefState, Turn
from space_jax.errors import UserError

ACTS_OF = {
    "Inform": "inform",
    "Request": "request",
    "Recommend": "propose",
    "Select": "select",
    "OfferBook": "offer",
    "OfferBooked": "notify_success",
    "Book": "notify_success",
    "NoBook": "notify_failure",
    "NoOffer": "notify_failure",
    "reqmore": "direct",
    "greet": "hi",
    "bye": "bye",
    "thank": "thank_you",
    "welcome": "welcome",
}
"""The source's acts -> the unified ones. A recommendation suggests an option; an OfferBook offers to act."""

SLOTS_OF = {
    "Addr": "address",
    "Arrive": "arrive_by",
    "Depart": "departure",
    "Dest": "destination",
    "Fee": "entrance_fee",
    "Id": "train_id",
    "Leave": "leave_at",
    "Post": "postcode",
    "Price": "pricerange",
    "Ref": "reference",
}
"""Slots of the acts whose name is not, in lower case, that of the belief state or the database."""

_LATER_SLOTS_OF = {
    "arriveby": "arrive_by",
    "bookday": "day",
    "bookpeople": "people",
    "bookstay": "stay",
    "booktime": "time",
    "entrancefee": "entrance_fee",
    "leaveat": "leave_at",
    "openhours": "open",
    "pricerange": "pricerange",
    "ref": "reference",
    "trainid": "train_id",
    "attraction-price": "entrance_fee",
    "hotel-price": "pricerange",
    "restaurant-price": "pricerange",
    "taxi-type": "car",
    "train-duration": "time",
    "train-price": "ticket",
}
"""Slots of the schemas of 2.2 and ConvLab-3, without blanks, of any domain or of one -> those of 2.1."""

Spans = dict[tuple[str, str, str], tuple[int, int]]
"""(Domain-Act, slot, value) as in an annotation -> the first place in the text, in characters, end exclusive."""


def said_of(annotation: dict[str, Any], where: str) -> list[tuple[tuple[str, str, str], ActItem]]:
    """The items of an annotation, each with the source's (Domain-Act, slot, value).

    Raises:
      UserError: a key that is not `Domain-Act`, or a pair that is not two strings.
    """
    found = []
    for key, pairs in annotation.items():
        domain, dash, act = key.partition("-")
        if not (domain and dash and act and isinstance(pairs, list)):
            raise UserError(f"{where}: expected Domain-Act with a list of [slot, value], found {key!r}: {pairs!r}")
        for pair in pairs or [["none", "none"]]:
            match pair:
                case [str(slot), str(value)]:
                    one = ActItem(domain.lower(), act.lower(), act_slot(domain.lower(), slot), act_value(value))
                    found.append(((key, slot, value), one))
                case _:
                    raise UserError(f"{where}: {key}: expected [slot, value], found {pair!r}")
    return found


def act_slot(domain: str, name: str) -> str:
    """The name of a slot of an act of any release, "" for none."""
    return "" if name in ("", "none") else SLOTS_OF.get(name) or schema_slot(domain, name)


def schema_slot(domain: str, name: str) -> str:
    """The name that a slot of a schema has in 2.1.

    >>> schema_slot("hotel", "bookday"), schema_slot("train", "leave at"), schema_slot("hotel", "area")
    ('day', 'leave_at', 'area')
    """
    plain = re.sub(r"[\s_]", "", name.lower())
    return _LATER_SLOTS_OF.get(f"{domain}-{plain}") or _LATER_SLOTS_OF.get(plain) or normal(name)


def act_value(value: str) -> str:
    """A value of an act, "" for none."""
    if is_dont_care(value):
        return DONT_CARE
    return "" if value in ("none", "?") else value


def placed(things: list[tuple[tuple[str, str, str], ActItem]], spans: Spans) -> list[ActItem]:
    """The items of `said_of` with their spans; a span whose value is spelt differently is matched by act and slot."""
    keys = {key for key, _ in things}
    loose = {key[:2]: span for key, span in spans.items() if key not in keys}
    return [
        dataclasses.replace(one, span=spans.get(key) or loose.get(key[:2]) if one.slot and one.value else None)
        for key, one in things
    ]


def act_names(annotation: dict[str, Any]) -> list[str]:
    """The source's acts in an annotation."""
    return [key.partition("-")[2] for key in annotation]


def turn(
    role: str, text: str, labels: Iterable[str], things: list[ActItem], state: BeliefState | None, where: str
) -> Turn:
    """A turn with the frames and acts of its annotation.

    No labels count as no annotation: such turns have content, and the label set has an act for it.

    Args:
      role: of the speaker.
      text: with single blanks.
      labels: the source's acts, as in `ACTS_OF`.
      things: its items, with the known spans.
      state: the belief state after the turn.
      where: the file and the turn, for messages.
    """
    labels = tuple(labels)
    if not labels:
        return Turn(role, text, state=state)
    acts = act_annotation.acts(labels, ACTS_OF, f"{__name__}.ACTS_OF", where)
    things = act_annotation.locate(text, things)
    delexicalised = act_annotation.delexicalised(text, things) if role == SYSTEM else None
    return Turn(role, text, act_annotation.frames(text, things), acts, state, delexicalised)


def belief_state(metadata: dict[str, Any], where: str) -> BeliefState:
    """The belief state that a `metadata` holds; domains and slots that are unset are left out.

    Several values of one slot come as a list, or joined by "|", ">" or "<"; all of them are right.

    Raises:
      UserError: a domain, a part or a value of another kind.
    """
    state: BeliefState = {}
    for domain, parts in metadata.items():
        if not isinstance(parts, dict):
            raise UserError(f"{where}: field metadata.{domain}: expected dict, found {type(parts).__name__}")
        for part in ("semi", "book"):
            for slot, value in _entries(parts, part, f"{where}: field metadata.{domain}.{part}"):
                values = state_values(value, f"{where}: field metadata.{domain}.{part}.{slot}")
                if values:
                    state.setdefault(domain.lower(), {})[normal(slot)] = values
    return state


def _entries(parts: dict[str, Any], part: str, where: str) -> list[tuple[str, Any]]:
    entries = parts.get(part, {})
    if not isinstance(entries, dict):
        raise UserError(f"{where}: expected dict, found {type(entries).__name__}")
    return [(slot, value) for slot, value in entries.items() if slot not in ("booked", "ticket")]  # results, no wishes


def state_values(value: Any, where: str) -> tuple[str, ...]:
    """The right values of a slot, none if it is unset; a string or a list of strings, see `belief_state`.

    Raises:
      UserError: something else.
    """
    given = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in given):
        raise UserError(f"{where}: expected a string or a list of strings, found {value!r}")
    spellings = [piece.strip() for one in given for piece in re.split(r"[|<>]", one)]
    kept = [DONT_CARE if is_dont_care(one) else one for one in spellings if not is_unset(one)]
    return tuple(dict.fromkeys(kept))


def normal(name: str) -> str:
    """A name in lower case with its words joined by "_" (`leaveAt` -> `leave_at`)."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|\s+", "_", name.strip()).lower()
