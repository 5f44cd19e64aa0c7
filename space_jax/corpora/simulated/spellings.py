"""The written form of a canonical value: synonyms, numbers as words, clock times with am and pm."""

import functools
import random

from space_jax.corpora.simulated.nouns import CLOCK_SLOTS, COUNT_SLOTS, SPELLINGS

_WORDS = {"2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight"}


@functools.lru_cache(maxsize=1 << 12)  # bounded: every booking has its own reference
def spellings(slot: str, value: str) -> tuple[str, ...]:
    """All written forms of a value, the system's first.

    Args:
      slot: the slot's name.
      value: the canonical value.

    Returns:
      At least one form.
    """
    if slot in COUNT_SLOTS and value in _WORDS:
        return (value, _WORDS[value])
    if slot in CLOCK_SLOTS and len(value) == 5 and value[2] == ":":
        return (value, _twelve_hours(value))
    return SPELLINGS.get(slot, {}).get(value, (value,))


def spell(slot: str, value: str, rng: random.Random, plain: bool) -> str:
    """One written form of a value; the first if `plain`."""
    forms = spellings(slot, value)
    return forms[0] if plain or len(forms) == 1 else forms[int(rng.random() * len(forms))]


def _twelve_hours(value: str) -> str:
    hour, minute = int(value[:2]), value[3:]
    clock = str(hour % 12 or 12) + (f":{minute}" if minute != "00" else "")
    return f"{clock} {'am' if hour < 12 else 'pm'}"
