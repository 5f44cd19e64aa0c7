"""Spans of characters as tags of tokens, and back.

Every slot has its own tags, outside, begins, inside (Ramshaw and Marcus, 1995), so that two slots can share words:
"now" is a date and a time. A token belongs to a span if they share a character.
"""

from collections.abc import Iterable

import numpy as np

from space_jax.evaluation.span_f1 import Span

OUTSIDE, BEGINS, INSIDE = range(3)
TAGS = 3


def to_tags(spans: Iterable[Span], slots: list[str], starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The tags of tokens.

    Args:
      spans: of the text; slots that are not in `slots` are left out, and of two spans of one slot that overlap the
        second begins where the first ends.
      slots: S names.
      starts: `[t]`, the first character of each token, and `ends` the one after its last.
      ends: see `starts`.

    Returns:
      `[t, S]` int32.
    """
    tags = np.zeros((len(starts), len(slots)), np.int32)
    for slot, start, end in sorted(spans, key=lambda span: span[1:]):
        if slot not in slots:
            continue
        column = tags[:, slots.index(slot)]
        inside = np.flatnonzero((starts < end) & (ends > start) & (column == OUTSIDE))
        column[inside] = INSIDE
        column[inside[:1]] = BEGINS
    return tags


def to_spans(tags: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> list[tuple[int, int, int, int]]:
    """The spans of the tags of one slot.

    A tag "inside" without a span before it begins one, as in CoNLL's evaluation.

    Args:
      tags: `[t]`.
      starts: as in `to_tags`.
      ends: as in `to_tags`.

    Returns:
      For each span its first character, the character after its last, its first token and the token after its last.
    """
    spans = []
    first: int | None = None
    for token, tag in enumerate([*tags.tolist(), OUTSIDE]):
        if first is not None and tag != INSIDE:
            spans.append((int(starts[first]), int(ends[token - 1]), first, token))
            first = None
        if first is None and tag != OUTSIDE:
            first = token
    return spans


def trimmed(span: Span, text: str) -> Span:
    """A span without blanks at its ends; five labels of Restaurants-8k begin with one, which no token has."""
    slot, start, end = span
    said = text[start:end]
    return slot, start + len(said) - len(said.lstrip()), end - len(said) + len(said.rstrip())
