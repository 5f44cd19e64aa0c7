"""The spans of values in an utterance of Schema-Guided Dialogue, and its delexicalised text."""

import re
from typing import Any

from space_jax.dialogue.from_json import same_text
from space_jax.errors import UserError

Spans = dict[tuple[str, str, str], tuple[int, int]]
"""(domain, slot, value) -> start and end (exclusive), in characters."""

_NOT_SPOKEN = {"true", "false", "dontcare"}  # labels; the same words in a text mean something else


def check(annotated: list[tuple[str, Any]], text: str, where: str) -> list[tuple[str, str, int, int]]:
    """The source's spans as (domain, slot, start, end).

    Raises:
      UserError: a span that does not lie in the text.
    """
    checked = []
    for domain, span in annotated:
        match span:
            case {"slot": str(slot), "start": int(start), "exclusive_end": int(end)} if 0 <= start < end <= len(text):
                checked.append((domain, slot, start, end))
            case _:
                raise UserError(f"{where}: field slots: expected a span within {len(text)} characters, found {span}")
    return checked


def locate(text: str, annotated: list[tuple[str, str, int, int]], said: list[tuple[str, str, str]]) -> Spans:
    """Finds the values of a turn in its text.

    The source gives spans for non-categorical slots. Other values are searched for as whole words, letter case
    aside, outside the spans already taken; longer values first, so that "1" does not match within "1 pm". A value
    that is not found has no span.

    Args:
      text: the utterance.
      annotated: the source's spans as (domain, slot, start, end).
      said: (domain, slot, value) of the turn's actions.
    """
    spans: Spans = {}
    taken = [(start, end) for _, _, start, end in annotated]
    for domain, slot, value in said:
        for start, end in _spans_of(domain, slot, annotated):
            if same_text(text[start:end], value):
                spans.setdefault((domain, slot, value), (start, end))
    for key in sorted(dict.fromkeys(said), key=lambda key: -len(key[2])):
        if key not in spans and (found := _search(text, key[2], taken)):
            spans[key] = found
            taken.append(found)
    return spans


def _spans_of(domain: str, slot: str, annotated: list[tuple[str, str, int, int]]) -> list[tuple[int, int]]:
    return [(start, end) for a_domain, a_slot, start, end in annotated if (a_domain, a_slot) == (domain, slot)]


def _search(text: str, value: str, taken: list[tuple[int, int]]) -> tuple[int, int] | None:
    if not value.strip() or value.lower() in _NOT_SPOKEN:
        return None
    # A digit beside a separator continues a number: the 4 of 4.5, the 30 of 5:30.
    pattern = rf"(?<!\w)(?<!\d[.,:]){re.escape(value.strip())}(?!\w)(?![.,:]\d)"
    for match in re.finditer(pattern, text, re.IGNORECASE):
        start, end = match.span()
        if same_text(match[0], value) and all(end <= first or last <= start for first, last in taken):
            return start, end
    return None


def delexicalise(text: str, spans: Spans) -> str:
    """The text with every located value replaced by `[domain_slot]`; of overlapping spans the first and longest."""
    pieces, position = [], 0
    for (domain, slot, _), (start, end) in sorted(spans.items(), key=lambda item: (item[1][0], -item[1][1])):
        if start >= position:
            pieces += [text[position:start], f"[{domain}_{slot}]"]
            position = end
    return "".join(pieces) + text[position:]
