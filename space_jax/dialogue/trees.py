"""Semantic trees: ten sets of strings per turn, and their similarity (SPACE-2, section "semantic tree"; SPACE-3).

A turn's frames form a tree domain -> intent -> slot -> value. Each view collects one kind of part of that tree: the
nodes of one level, the edges between neighbouring levels, or the paths over three or four levels. Training compares
turns by the sets' overlap; batches carry the sets as hashed integers.
"""

import functools
import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from space_jax.config import TREE_VIEWS
from space_jax.dialogue.record import Frame

VIEWS: tuple[str, ...] = TREE_VIEWS
"""The views in index order; the letters are the levels that an element joins (domain, intent, slot, value)."""

HASH_LIMIT = 2**31 - 1  # the largest int32; 0 is reserved for padding

_NAMELESS = ("default_domain", "default_intent")  # placeholders in corpora without domains or intents
_LEVELS = tuple(tuple("DISV".index(letter) for letter in view) for view in VIEWS)

Views = tuple[frozenset[str], ...]


def tree_views(frames: Sequence[Frame] | None) -> Views:
    """The ten views of a turn's semantic tree.

    Names are stripped and lower-cased, and the levels of an element are joined by "-" (`hotel-inform-area-east`).
    An element with an empty level or with `DEFAULT_DOMAIN` or `DEFAULT_INTENT` in it is dropped: those mean that the
    source has no domains or intents, which does not make two turns similar.

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
    """(index of the view, element) of each element of a path."""
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
    """`text` as spelled in an element; empty for a placeholder."""
    name = text.strip().lower()
    return "" if name in _NAMELESS else name


def similarity(a: frozenset, b: frozenset) -> float:
    """The overlap of two sets: |A & B| / |A | B|, and 0 where both are empty."""
    union = len(a | b)
    return len(a & b) / union if union else 0.0


def combined_similarity(views_a: Sequence[frozenset], views_b: Sequence[frozenset]) -> float:
    """One score for two trees: the sum of the views' similarities over the number of views with a non-empty union.

    Two equal trees have similarity 1, a missing tree has 0 to every tree. The caller, who knows which turns are the
    same, must set the similarity of a turn without a tree to itself to 1. (SPACE-3, section "semantic tree".)

    Args:
      views_a: the ten sets of one turn.
      views_b: the ten sets of the other.
    """
    pairs = [(a, b) for a, b in zip(views_a, views_b, strict=True) if a or b]
    return sum(similarity(a, b) for a, b in pairs) / len(pairs) if pairs else 0.0


def hash_element(element: str) -> int:
    """A number from 1 to `HASH_LIMIT` that depends only on the element, on every machine and in every run."""
    digest = hashlib.blake2b(element.encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % HASH_LIMIT + 1


def hashed_views(frames: Sequence[Frame] | None, width: int) -> np.ndarray:
    """The ten views as integers for a batch.

    A view with more than `width` elements keeps the smallest hashes (a bottom-k sketch). The choice depends only on the
    hash, so two turns that share elements keep the same ones, and their overlap remains a fair estimate.

    Args:
      frames: the turn's frames; None counts as no frames.
      width: K, the most elements per view.

    Returns:
      int32 `[10, K]`, each row ascending and padded with 0 at the end.
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
    """(index of the view, hash) of each element of a path."""
    return tuple((view, hash_element(element)) for view, element in _elements(path))
