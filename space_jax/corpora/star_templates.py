"""STAR's reply templates: `Your balance is {balance:d}.` identifies the words of a reply that are values, and their
slots.
"""

import re
from collections.abc import Iterable
from typing import Any

from space_jax.corpora.reading import collapsed
from space_jax.dialogue.record import Slot, Value
from space_jax.errors import UserError

Templates = dict[str, list[re.Pattern[str]]]
"""Label -> the patterns of its wordings, with a group for each slot."""

_SENTENCES = {"message", "question", "simple_instruction", "detailed_instruction"}  # filled with whole sentences
_PLACE = re.compile(r"\{(\w+)(?::\w*)?\}")


def compiled(responses: Iterable[tuple[str, Any]]) -> Templates:
    """The patterns of all tasks' templates; a wording that several tasks share is kept once.

    Args:
      responses: the place of each file and its content, label -> template.

    Raises:
      UserError: anything but an object of strings.
    """
    wordings: dict[str, dict[str, None]] = {}
    for where, record in responses:
        if not isinstance(record, dict) or not all(isinstance(template, str) for template in record.values()):
            raise UserError(f"{where}: expected an object of labels with their templates, found something else")
        for label, template in record.items():
            wordings.setdefault(label, {})[collapsed(template)] = None
    return {label: [_pattern(template) for template in templates] for label, templates in wordings.items()}


def values(text: str, patterns: list[re.Pattern[str]]) -> tuple[Slot, ...]:
    """The slots of a reply with their values, by the first matching template; none without one.

    Some replies were made with earlier versions of a template, or with an empty value; they match none.
    """
    for pattern in patterns:
        matched = pattern.fullmatch(text)
        if matched:
            return tuple(
                Slot(slot.lower(), (Value(matched[slot], *matched.span(slot)),))
                for slot in matched.groupdict()
                if slot not in _SENTENCES
            )
    return ()


def _pattern(template: str) -> re.Pattern[str]:
    pieces = _PLACE.split(template)  # words, slot, words, slot, ..., words
    known: set[str] = set()
    pattern = re.escape(pieces[0])
    for slot, words in zip(pieces[1::2], pieces[2::2], strict=True):
        pattern += (rf"(?P={slot})" if slot in known else rf"(?P<{slot}>\S|\S.*?\S)") + re.escape(words)
        known.add(slot)
    return re.compile(pattern)
