"""How well one string occurs in another, to compare names that are written differently."""

from collections import Counter
from difflib import SequenceMatcher
from functools import lru_cache

_AS_GOOD_AS_EQUAL = 0.995
_ROUNDING = 0.01


@lru_cache(maxsize=1 << 16)
def is_alike(first: str, second: str, enough: int) -> bool:
    """Whether `partial_ratio` is at least `enough` (0..100), mostly decided without computing it."""
    if not first or not second:
        return enough <= 0
    # A window shares at most the characters that both strings have, C, so its ratio is at most 2 C / (shorter + C).
    common = (_characters(first) & _characters(second)).total()
    if 2 * common / (min(len(first), len(second)) + common) < enough / 100 - _ROUNDING:
        return False
    return partial_ratio(first, second) >= enough


@lru_cache(maxsize=1 << 14)
def _characters(text: str) -> Counter[str]:
    return Counter(text)


def partial_ratio(first: str, second: str) -> int:
    """The similarity of the shorter string to the best window of the longer one.

    A window is as long as the shorter string and lies so that one of the blocks that match coincides. With M characters
    in matching blocks and T characters altogether the similarity is 2 M / T.

    Returns:
      0..100; 0 if one of the two is empty.
    """
    if not first or not second:
        return 0
    shorter, longer = (first, second) if len(first) <= len(second) else (second, first)
    best = 0.0
    for block in SequenceMatcher(None, shorter, longer, autojunk=False).get_matching_blocks():
        start = max(block.b - block.a, 0)
        window = longer[start : start + len(shorter)]
        ratio = SequenceMatcher(None, shorter, window, autojunk=False).ratio()
        if ratio > _AS_GOOD_AS_EQUAL:
            return 100
        best = max(best, ratio)
    return round(100 * best)
