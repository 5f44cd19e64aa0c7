"""What a value means, however it is spelt: the rules by which a belief state finds rows of a table.

Rules, in this order; the first that finds something decides:
  don't care    `dontcare`, "any", "do n't care", ... restrict nothing
  same          equal in lower case, without "the ", "a ", "an " in front, punctuation and surplus blanks; "&" is "and"
  number        "two" is "2", "4 stars" is "4"; a column of numbers only
  time          "7:15 pm" is "19:15", "noon" is "12:00"; a column of times only
  part          the words of the value stand in a row in exactly one value of the column ("golden dragon" finds "golden
                dragon restaurant")
  typo          the most similar value of the column, if `difflib` finds them alike in 80% of their characters; a value
                shorter than four characters must be spelt right
"""

import difflib
import functools
import re
import unicodedata
from collections.abc import Sequence

DONT_CARE = frozenset(
    (
        *("dontcare", "dont care", "don't care", "do n't care", "do not care", "doesn't care", "does not care"),
        *("doesn't matter", "does not matter", "any", "anything", "anywhere", "either", "whatever"),
        *("not mentioned", "none"),
    )
)
"""Spellings of a value that restricts nothing, and of a slot that is not set."""

TYPO_SIMILARITY = 0.8
SHORTEST_TYPO = 4

_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBER = {word: str(number) for number, word in enumerate(_WORDS)}
_ARTICLE = re.compile(r"^(?:the|an?) (?=.)")
_TIME = re.compile(r"^(\d{1,2})(?::?(\d{2}))? ?(am|pm)?$")
_NAMED_TIMES = {"noon": 12 * 60, "midday": 12 * 60, "midnight": 0}
_RELATION = re.compile(r"^(before|by|until|no later than|after|from|past|no earlier than) (?=.)")
_EARLIER = frozenset({"before", "by", "until", "no later than"})


def is_dont_care(value: str) -> bool:
    """Whether a value restricts nothing."""
    return " ".join(value.lower().split()) in DONT_CARE or not value.strip()


@functools.lru_cache(maxsize=1 << 16)  # a query spells out whole columns
def normal(value: str) -> str:
    """A value in its plain spelling: lower case, no article in front, no accents, no punctuation but : and . inside."""
    text = unicodedata.normalize("NFKD", value.lower().replace("&", " and "))
    text = "".join(" " if not (c.isalnum() or c in ":.'") else c for c in text if not unicodedata.combining(c))
    text = " ".join(text.replace("'", "").split()).strip(" .:")
    return _ARTICLE.sub("", text)


def as_number(value: str) -> str | None:
    """The number that a value begins with, as digits; None if it begins with none."""
    first = normal(value).split(" ")[0]
    if first in _NUMBER:
        return _NUMBER[first]
    return str(int(first)) if first.isascii() and first.isdigit() and len(first) < 10 else None


def _lone_number(value: str) -> str | None:
    """The number that a value is; None for "7 pm" or "5 miles"."""
    return as_number(value) if normal(value).isalnum() else None


@functools.lru_cache(maxsize=1 << 16)
def as_minutes(value: str) -> int | None:
    """The time of day in minutes since midnight; None if the value is no time."""
    text = normal(value).replace("a.m", "am").replace("p.m", "pm")
    if text in _NAMED_TIMES:
        return _NAMED_TIMES[text]
    match = _TIME.match(text)
    if not match or not (match[2] or match[3]):  # a bare number is no time
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3] and 1 <= hour <= 12:
        hour = hour % 12 + (12 if match[3] == "pm" else 0)
    return hour * 60 + minute if hour <= 24 and minute < 60 else None


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


def nearest(value: str, known: Sequence[str]) -> tuple[str, ...]:
    """The values of a column that a value means, by the rules of this module; empty if it means none of them."""
    if value in known:
        return (value,)
    wanted = normal(value)
    plain = [normal(one) for one in known]
    same = tuple(one for one, spelt in zip(known, plain, strict=True) if spelt == wanted and wanted)
    if same or not wanted:
        return same
    for reading, of_cell in ((as_number, _lone_number), (as_minutes, as_minutes)):
        read = [of_cell(one) for one in known]
        if reading(value) is not None and known and None not in read:
            return tuple(one for one, meant in zip(known, read, strict=True) if meant == reading(value))
    held = tuple(one for one, spelt in zip(known, plain, strict=True) if f" {wanted} " in f" {spelt} ")
    if len({normal(one) for one in held}) == 1:
        return held
    if len(wanted) < SHORTEST_TYPO:
        return ()
    close = difflib.get_close_matches(wanted, plain, n=1, cutoff=TYPO_SIMILARITY)
    return tuple(one for one, spelt in zip(known, plain, strict=True) if close and spelt == close[0])
