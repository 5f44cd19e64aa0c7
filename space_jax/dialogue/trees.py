"""Semantic trees: ten sets of strings a turn, and how alike two turns are (SPACE-2, section "semantic tree"; SPACE-3).

A turn's frames form a tree domain -> intent -> slot -> value. Each view collects one kind of piece of that tree: the
nodes of one level, the edges between neighbouring levels, or the paths over three or four levels. Training compares
turns by the sets' overlap; batches carry the sets as hashed integers.
"""

import functools
import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from space_jax.dialogue.record import Frame

VIEWS: tuple[str, ...] = ("D", "I", "S", "V", "DI", "IS", "SV", "DIS", "ISV", "DISV")
"""The views in index order; the letters are the levels that an element joins (domain, intent, slot, value)."""

HASH_LIMIT = 2**31 - 1  # the largest int32; 0 is left out because it pads

_NAMELESS = ("default_domain", "default_intent")  # how corpora without domains or intents fill the place
_LEVELS = tuple(tuple("DISV".index(letter) for letter in view) for view in VIEWS)

Views = tuple[frozenset[str], ...]


def tree_views(frames: Sequence[Frame] | None) -> Views:
    """The ten views of a turn's semantic tree.

    Names are stripped and lower-cased, and the levels of an element are joined by "-" (`hotel-inform-area-east`).
    An element with an empty level or with `DEFAULT_DOMAIN` or `DEFAULT_INTENT` in it is dropped: those say that the
    source has no domains or no intents, and two turns are not alike for that.

    Args:
      frames: the turn's frames; None (not annotated) counts as no frames.

    Returns:
      Ten sets in the order of `VIEWS`.
    """
    views: tuple[set[str], ...] = tuple(set() for _ in VIEWS)
    for path in _paths(frames or ()):
        for view, element in _elements(path):
            views[view].add(element)
    return tuple(frozenset(view) for view in views)


def _elements(path: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """(index of the view, element) of each element that a path brings."""
    for view, levels in enumerate(_LEVELS):
        if levels[-1] < len(path) and all(path[level] for level in levels):
            yield view, "-".join(path[level] for level in levels)


def _paths(frames: Sequence[Frame]) -> Iterator[tuple[str, ...]]:
    """Every path from a domain down to its last level: two levels without slots, three without values, else four."""
    for frame in frames:
        top = (_name(frame.domain), _name(frame.intent))
        if not frame.slots:
            yield top
        for slot in frame.slots:
            name = _name(slot.name)
            if not slot.values:
                yield (*top, name)
            for value in slot.values:
                yield (*top, name, _name(value.text))


def _name(text: str) -> str:
    """`text` as an element spells it; empty where it names nothing."""
    name = text.strip().lower()
    return "" if name in _NAMELESS else name


def similarity(a: frozenset, b: frozenset) -> float:
    """The overlap of two sets: |A & B| / |A | B|, and 0 where both are empty."""
    union = len(a | b)
    return len(a & b) / union if union else 0.0


def combined_similarity(views_a: Sequence[frozenset], views_b: Sequence[frozenset]) -> float:
    """One score for two trees: the sum of the views' similarities over the number of views with a non-empty union.

    Two trees that are equal have 1; a missing tree has 0 to everything. That a turn is 1 to itself even where its
    tree is missing is for the caller to say, who knows which turns are the same. (SPACE-3, section "semantic tree".)

    Args:
      views_a: the ten sets of one turn.
      views_b: the ten sets of the other.
    """
    pairs = [(a, b) for a, b in zip(views_a, views_b, strict=True) if a or b]
    return sum(similarity(a, b) for a, b in pairs) / len(pairs) if pairs else 0.0


def hash_element(element: str) -> int:
    """A number from 1 to `HASH_LIMIT` that depends on the element alone: the same on every machine and in every run."""
    digest = hashlib.blake2b(element.encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % HASH_LIMIT + 1


def hashed_views(frames: Sequence[Frame] | None, width: int) -> np.ndarray:
    """The ten views as integers for a batch.

    Of a view with more than `width` elements the smallest hashes are kept. Which elements those are is settled by the
    hash alone, so two turns that share elements keep the same ones (a bottom-k sketch) and their overlap stays a fair
    estimate.

    Args:
      frames: the turn's frames; None counts as no frames.
      width: K, the elements kept of one view.

    Returns:
      int32 `[10, K]`, ascending in each row with 0 for the unused places at its end.
    """
    hashes: tuple[set[int], ...] = tuple(set() for _ in VIEWS)
    for path in _paths(frames or ()):
        for view, element in _hashed_path(path):
            hashes[view].add(element)
    hashed = np.zeros((len(VIEWS), width), np.int32)
    for row, view_hashes in zip(hashed, hashes, strict=True):
        kept = sorted(view_hashes)[:width]
        row[: len(kept)] = kept
    return hashed


@functools.lru_cache(maxsize=1 << 14)  # the same few thousand paths make up a corpus
def _hashed_path(path: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """(index of the view, hash) of each element that a path brings."""
    return tuple((view, hash_element(element)) for view, element in _elements(path))
