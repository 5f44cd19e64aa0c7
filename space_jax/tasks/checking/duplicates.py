"""Near duplicates: the same words, whatever their case, punctuation and courtesies.

Not more than that: in single utterances the word that differs is what they are about ("set an alarm for six", "for
seven").
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

from space_jax.corpora.mixtures.wording import words_of

_COURTESIES = frozenset(
    ("a", "an", "the", "hi", "hello", "hey", "please", "thanks", "thank", "you", "kindly", "ok", "okay", "just", "um")
)


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """What is compared.

    Attributes:
      split: it belongs to.
      where: its place.
      text: its words.
      truth: its annotation; None where only texts are compared.
      label: the annotation in words.
    """

    split: str
    where: str
    text: str
    truth: Hashable = None
    label: str = ""


def conflicts(items: Iterable[Item]) -> list[list[Item]]:
    """Groups of near duplicates with different annotations, the first of each annotation; the largest groups first."""
    groups = (_first_of_each(group, lambda item: item.truth) for group in _groups(items))
    return sorted((group for group in groups if len(group) > 1), key=len, reverse=True)


def across_splits(items: Iterable[Item]) -> list[list[Item]]:
    """Groups of near duplicates in different splits, the first of each split."""
    groups = (_first_of_each(group, lambda item: item.split) for group in _groups(items))
    return [group for group in groups if len(group) > 1]


def _first_of_each(group: list[Item], kind: Callable[[Item], Hashable]) -> list[Item]:
    first: dict[Hashable, Item] = {}
    for item in group:
        first.setdefault(kind(item), item)
    return list(first.values())


def _groups(items: Iterable[Item]) -> list[list[Item]]:
    found: dict[tuple[str, ...], list[Item]] = defaultdict(list)
    for item in items:
        found[_wording(item.text)].append(item)
    return [group for words, group in found.items() if words and len(group) > 1]


def _wording(text: str) -> tuple[str, ...]:
    words = words_of(text)
    return tuple(word for word in words if word not in _COURTESIES) or tuple(words)
