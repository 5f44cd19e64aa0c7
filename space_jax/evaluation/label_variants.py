"""The field's label-variant map: which spellings of a slot's value mean the same.

Annotators write `guesthouse` where users say "guest house", `17:45` for "5:45 pm", `dontcare` for "any". TripPy (Heck
et al., SIGDIAL 2020) made it the custom to keep such a map, to find values in texts and to compare values when a
tracker is scored. Ours is the table `label_variants.json`:

  kinds      slot (without its domain) -> which kind of value it has
  spellings  kind -> value -> its other spellings; the first spelling is no better than the others

A spelling occurs once in a kind, so that it has one meaning. A slot missing from `kinds` has no variants. "Any value is
right" and "no value yet" are the same in all slots: `dialogue.dont_care`.
"""

import dataclasses
import functools
import re
from collections.abc import Mapping

from space_jax.dialogue.dont_care import DONT_CARE, is_dont_care, is_unset
from space_jax.reading.json_text import shipped_json

NONE, DONTCARE = "none", DONT_CARE
TIME = "time"

_WORDS = re.compile(r"[^\W_]+|[^\w\s]")
_CLOCK = re.compile(r"(\d{1,2})(?:[:. ]*(\d{2}))?\s*(a\.? ?m\.?|p\.? ?m\.?|o'?\s?clock)?")
_APPROXIMATELY = re.compile(r"^(?:by|at|after|before|around|about|until)\s+")
_NAMED_TIMES = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}


@dataclasses.dataclass(frozen=True)
class Variants:
    """The table, indexed for look-ups.

    Attributes:
      kinds: slot -> kind.
      canonical: kind -> each spelling, in plain form -> the value that it spells.
      spellings: kind -> value -> all its spellings, itself first.
    """

    kinds: Mapping[str, str]
    canonical: Mapping[str, Mapping[str, str]]
    spellings: Mapping[str, Mapping[str, tuple[str, ...]]]

    def kind(self, slot: str) -> str | None:
        """The kind of a slot, given with or without its domain (`hotel-area`, `area`)."""
        return self.kinds.get(slot.rpartition("-")[2])

    def meaning(self, slot: str, value: str) -> str:
        """A value in the one spelling by which values are compared.

        >>> print(label_variants().meaning("hotel-type", "Guest House"))
        guesthouse

        Args:
          slot: with or without its domain.
          value: as written.

        Returns:
          `NONE`, `DONTCARE`, a value of the table, a time as HH:MM, or else the value in plain form.
        """
        if is_unset(value):
            return NONE
        if is_dont_care(value):
            return DONTCARE
        kind, text = self.kind(slot), plain(value)
        if kind == TIME:
            return clock(value) or text
        return self.canonical.get(kind, {}).get(text, text) if kind else text

    def written(self, slot: str, value: str) -> tuple[str, ...]:
        """All spellings of a value to search for, the given one first."""
        kind = self.kind(slot)
        others = self.spellings.get(kind, {}).get(self.meaning(slot, value), ()) if kind else ()
        return tuple(dict.fromkeys((value, *others)))


@functools.cache
def label_variants() -> Variants:
    """The table of `label_variants.json`."""
    table = shipped_json(__package__, "label_variants.json")
    spellings = {
        kind: {plain(value): (value, *others) for value, others in values.items()}
        for kind, values in table["spellings"].items()
    }
    return Variants(
        kinds=table["kinds"],
        canonical={
            kind: {plain(spelling): value for value, written in values.items() for spelling in written}
            for kind, values in spellings.items()
        },
        spellings=spellings,
    )


def plain(value: str) -> str:
    """A value in lower case, its words and marks between single blanks: "Rosa's B&B" -> "rosa ' s b & b"."""
    return " ".join(_WORDS.findall(value.lower()))


def clock(value: str) -> str | None:
    """A time of day as HH:MM, or None for anything else. A time without am or pm is unchanged."""
    text = _APPROXIMATELY.sub("", value.strip().lower())
    if text in _NAMED_TIMES:
        return _NAMED_TIMES[text]
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "")[:1]
    if half in ("a", "p") and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour:02d}:{minute:02d}" if hour < 24 and minute < 60 else None
