"""Numbers, times of day and truth values, however they are written."""

import functools
import re
from decimal import Decimal

from space_jax.world.spelling import normal

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: number for number, word in enumerate(_UNITS)}
_LARGE = {word: 10 * number for number, word in enumerate(_TENS, 2)}

_FIGURES = re.compile(r"^\W*?(-?[0-9]{1,9}(?:\.[0-9]{1,9})?)(?=\W|$)(?![:.][0-9])(.*)", re.DOTALL)
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}\b)")
_TIME = re.compile(r"^([0-9]{1,2})(?::?([0-9]{2})(?::([0-9]{2}))?)? ?(am|pm)?$")
_NAMED_TIMES = {"noon": 12 * 60, "midday": 12 * 60, "midnight": 0}
_RELATION = re.compile(r"^(before|by|until|no later than|after|from|past|no earlier than) (?=.)")
_EARLIER = frozenset({"before", "by", "until", "no later than"})

_TRUTH = {
    **dict.fromkeys(("yes", "true", "y", "t"), True),
    **dict.fromkeys(("no", "false", "n", "f"), False),
}
_BITS = {"1": True, "0": False}


def as_number(value: str) -> str | None:
    """The number that a value begins with, in figures; None if it begins with none.

    >>> as_number("4.0"), as_number("four stars"), as_number("twenty-five people"), as_number("-3.50")
    ('4', '4', '25', '-3.5')
    """
    number, _ = _split_number(value)
    return number


def lone_number(value: str) -> str | None:
    """The number that a value is, in figures; None for "7 pm" or "5 miles"."""
    number, rest = _split_number(value)
    return number if not normal(rest) else None


@functools.lru_cache(maxsize=1 << 16)  # a query reads whole columns
def _split_number(value: str) -> tuple[str | None, str]:
    """The number that a value begins with, and what follows."""
    text = _THOUSANDS.sub("", value.lower().replace("\u2212", "-"))
    match = _FIGURES.match(text)
    if match:
        return _plain_figures(match[1]), match[2]
    words = normal(value).split(" ")
    number, used = _in_words(words)
    return (None if number is None else str(number)), " ".join(words[used:])


def _plain_figures(figures: str) -> str:
    number = Decimal(figures)
    return str(int(number)) if number == int(number) else str(number.normalize())


def _in_words(words: list[str]) -> tuple[int | None, int]:
    """The number below a thousand that the words begin with, and how many words it takes."""
    number, used = (1, 0) if words[0] == "hundred" else _below_hundred(words)  # "a hundred" has lost its article
    if number is None or not 0 < number < 10 or words[used : used + 1] != ["hundred"]:
        return number, used
    number, used = 100 * number, used + 1
    linked = used + (words[used : used + 1] == ["and"])
    rest, more = _below_hundred(words[linked:])
    return (number, used) if not rest else (number + rest, linked + more)


def _below_hundred(words: list[str]) -> tuple[int | None, int]:
    first, second = (*words, "", "")[:2]
    if first in _LARGE:
        unit = _SMALL.get(second, 0)
        return (_LARGE[first] + unit, 2) if 0 < unit < 10 else (_LARGE[first], 1)
    return (_SMALL[first], 1) if first in _SMALL else (None, 0)


@functools.lru_cache(maxsize=1 << 16)
def as_minutes(value: str) -> int | None:
    """The time of day in minutes since midnight; None if the value is no time. Seconds are left out."""
    text = normal(value).replace("a.m", "am").replace("p.m", "pm")
    if text in _NAMED_TIMES:
        return _NAMED_TIMES[text]
    match = _TIME.match(text)
    if not match or not (match[2] or match[4]):  # a bare number is no time
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[4] and 1 <= hour <= 12:
        hour = hour % 12 + (12 if match[4] == "pm" else 0)
    return hour * 60 + minute if hour <= 24 and minute < 60 and int(match[3] or 0) < 60 else None


def time_limit(slot: str, value: str) -> tuple[str, int] | None:
    """The limit that a time sets: ("before" | "after", minutes), both inclusive; None if it must be met exactly.

    The value says it ("after 10:00", "by 5 pm"), or the slot does: one that begins with "arrive" is wanted at or before
    its value, one that begins with "leave" at or after it.
    """
    match = _RELATION.match(" ".join(value.lower().split()))
    minutes = as_minutes(value[match.end() :] if match else value)
    if minutes is None:
        return None
    if match:
        return ("before" if match[1] in _EARLIER else "after", minutes)
    if slot.startswith("arrive"):
        return ("before", minutes)
    return ("after", minutes) if slot.startswith("leave") else None


def as_truth(value: str) -> bool | None:
    """Whether a value says yes; None if it says neither yes nor no."""
    return _TRUTH.get(normal(value))


def cell_truth(cell: str) -> bool | None:
    """The truth value that a cell holds, by a word or as 1 or 0; None if it holds none."""
    return (_TRUTH | _BITS).get(normal(cell))
