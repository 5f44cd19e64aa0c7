"""Slots and values of belief states and goals in one spelling, so that they can be compared with the database.

Source: the normalisation of the standardised MultiWOZ evaluation (Nekvinda and Dušek, GEM 2021).
"""

import re
from collections.abc import Mapping

from space_jax.evaluation.multiwoz.spellings import FOODS, NAMES, TIMES, TIMES_BEGINNING, TYPES

State = dict[str, dict[str, str]]
"""Domain to slot to value."""

_SLOTS = {"arriveby": "arrive", "leaveat": "leave"}
NAME_SLOTS = frozenset({"name", "destination", "departure"})
TIME_SLOTS = frozenset({"arrive", "leave", "time"})

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_AFTER = re.compile(r"^(?:after|afer)")
_MORNING = re.compile(r"(?:am|a\.m\.)$")
_EVENING = re.compile(r"(?:pm|p\.m\.)$")


def normalise_slot(slot: str) -> str:
    """The name of a slot, or of a column of the database."""
    slot = slot.lower().replace(" ", "")
    return _SLOTS.get(slot, slot)


def normalise_state(state: Mapping[str, Mapping[str, str]]) -> State:
    """A belief state with slots and values in one spelling; the order of domains and slots stays."""
    return {domain.lower(): normalise_slots(slots) for domain, slots in state.items()}


def normalise_slots(slots: Mapping[str, str]) -> dict[str, str]:
    """The slots and values of one domain."""
    return {(name := normalise_slot(slot)): normalise_value(name, value) for slot, value in slots.items()}


def normalise_value(slot: str, value: str) -> str:
    """A value in the spelling of the database.

    Args:
      slot: its slot, as `normalise_slot` gives it.
      value: as a system, an annotator or a goal has it.
    """
    if slot in NAME_SLOTS:
        return _name(value)
    if slot in TIME_SLOTS:
        return normalise_time(value)
    if slot == "food":
        value = value.strip().lower()
        return FOODS.get(value, value)
    if slot == "type":
        return TYPES.get(value, value)
    if slot in ("parking", "internet") and value == "free":
        return "yes"
    return value


def _name(value: str) -> str:
    value = value.strip().lower().replace(" & ", " and ").replace("&", " and ").replace(" '", "'")
    return NAMES.get(value, value)


def normalise_time(value: str) -> str:
    """A time of day as HH:MM where the rules reach, else the value as the rules leave it."""
    value = _spoken(value.strip().lower())
    if value.startswith("by"):
        value = value[3:]
    if _AFTER.match(value):
        value = _AFTER.sub("", value).strip()
    value = _MORNING.sub("", value).strip()
    if _EVENING.search(value):
        value = _EVENING.sub("", value).strip()
        evening = _in_the_evening(value)
        if evening is not None:
            return evening
    if not value:
        return "00:00"
    return _with_digits(value[:-1] if value[-1] in ".,?" else value)


def _spoken(value: str) -> str:
    for beginning, time in TIMES_BEGINNING.items():
        if value.startswith(beginning):
            return time
    return TIMES.get(value, value)


def _in_the_evening(value: str) -> str | None:
    """Twelve hours later, even for the hour after noon: the benchmark turns 12:15 pm into 24:15."""
    clock = _CLOCK.fullmatch(value)
    if clock:
        return f"{int(clock[1]) + 12}:{clock[2]}"
    return f"{int(value) + 12}:00" if value.isdecimal() and len(value) <= 4 else None


def _with_digits(value: str) -> str:
    if value.isdecimal():
        return f"{value[:2]}:{value[2:]}" if len(value) == 4 else f"{value.zfill(2)}:00"
    if ":" in value:
        value = value.replace(" ", "")
    return value.zfill(5) if re.fullmatch(r"\d:\d{2}", value) else value
