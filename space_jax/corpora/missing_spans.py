"""Why a value of a turn's frames has no span in its text: a reason for each, from the words alone."""

import difflib
import functools
import re
from collections.abc import Sequence

from space_jax.corpora.act_annotation import NOT_WRITTEN

CHOICE = "a choice"
INTENT = "an intent"
OBJECT = "an object"
TAKEN = "taken"
DIVIDED = "divided differently"
NUMBER = "number"
EARLIER = "said before"
FORM = "another form"
PARTLY = "some words"
OTHERWISE = "other words"
REASONS = {
    CHOICE: "`dontcare`, `yes`, `no`, `none`, `true` and `false` state the meaning, not the words",
    INTENT: "the name of one of a service's intents, such as `FindEvents`",
    OBJECT: "a date, a time or an amount as JSON, beside the words for it",
    TAKEN: "two slots of a turn have the value, or a longer one holds it, and the text says it once",
    NUMBER: "a number, a date or a time: digits for words or the reverse, another format, or another number",
    DIVIDED: "the same letters and digits with other spaces or punctuation",
    FORM: "inflected or spelt differently in the text or in the annotation (`moderate` of `moderately priced`)",
    EARLIER: "an earlier turn says it, and this turn refers to it",
    PARTLY: "the text has only some of its words",
    OTHERWISE: "paraphrased, or not said at all",
}
"""The reasons, in about the order of the checks -> their meanings."""

LIKE, STEM = 0.75, 5
_WORD = re.compile(r"[a-z]+|\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?:[A-Z][a-z]+){2,}")
_SMALL = frozenset({"a", "an", "and", "at", "by", "for", "in", "is", "it", "of", "on", "or", "the", "to"})
_DIGITS = {
    **{"one": "1", "two": "2", "three": "3", "four": "4", "five": "5"},
    **{"six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10"},
}
_NUMBERS = frozenset({*_DIGITS, "zero", "eleven", "twelve", "noon", "midnight", "today", "tomorrow", "tonight"})


def reason(value: str, text: str, earlier: Sequence[str]) -> str:
    """The first of `REASONS` that holds for a value without a span.

    Args:
      value: as annotated.
      text: of its turn.
      earlier: the texts of the turns before.
    """
    if value.strip().lower() in NOT_WRITTEN:
        return CHOICE
    if _NAME.fullmatch(value):
        return INTENT
    if value.startswith("{"):
        return OBJECT
    if re.search(rf"(?<!\w)(?<!\d[.,:]){re.escape(value.strip())}(?!\w)(?![.,:]\d)", text, re.IGNORECASE):
        return TAKEN
    return _by_words(_words(value), _words(text), earlier)


def _by_words(wanted: tuple[str, ...], words: tuple[str, ...], earlier: Sequence[str]) -> str:
    if any(_DIGITS.get(word) in wanted for word in words):
        return NUMBER
    if _same_letters(wanted, words):
        return DIVIDED
    counts = any(word[0].isdigit() or word in _NUMBERS for word in wanted)
    said = [any(_alike(word, one) for word in words) for one in wanted if one not in _SMALL]
    if all(said) and not counts:
        return FORM
    if any(_same_letters(wanted, _words(before)) for before in earlier):
        return EARLIER
    return NUMBER if counts else PARTLY if any(said) else OTHERWISE


@functools.lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.lower()))


def _same_letters(wanted: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether whole words of a text, joined, are the letters and digits of the value."""
    letters = "".join(wanted)
    for first in range(len(words)):
        joined = ""
        for word in words[first:]:
            joined += word
            if joined == letters:
                return True
            if not letters.startswith(joined):
                break
    return False


@functools.lru_cache(maxsize=1 << 16)
def _alike(word: str, wanted: str) -> bool:
    """Whether a word of a text may be another form or a misspelling of a wanted one."""
    if word.startswith(wanted[:STEM]) and len(wanted) > 2:
        return True
    return word == wanted or difflib.SequenceMatcher(None, word, wanted).ratio() >= LIKE
