"""What a group of turns is about: the words and the annotations that tell it from the other groups of its side."""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from space_jax.dialogue.record import Turn

WORDS = 5  # of a group that are listed
NAMES = 4  # acts, intents, domains or slots of a group that are listed
_RARE = 0.1  # share of a group's turns below which an annotation is not listed
_LIFT = 2.0  # a term is in at least so many times the share of the group's turns as of the others
# English words that only hold a sentence together name nothing alone; in other languages the lift has to do.
_HOLDING_WORDS = """
a an and are as at be been but by can could did do does for from had has have i if in is it it's its me my of on or our
should so that the their them there these they this those to us was we were will with would you your i'd i'll i'm i've
that's you'd
"""
_HOLDING = frozenset(_HOLDING_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LONGEST = 30  # letters of a word; what is longer is none

Shares = tuple[tuple[str, float], ...]
"""Names with the share of the turns that have them, the commonest first."""


def terms_of(text: str) -> set[str]:
    """The words of a text that may name something, and the pairs of neighbours among them, in lower case."""
    found = (word.replace("’", "'") for word in _WORD.findall(text.lower()))
    words = [word for word in found if len(word) > word.isascii() and len(word) <= _LONGEST]
    pairs = ((one, two) for one, two in itertools.pairwise(words) if not {one, two} & _HOLDING)
    return {word for word in words if word not in _HOLDING} | set(map(" ".join, pairs))


def typical_words(texts: Sequence[str], labels: np.ndarray) -> list[tuple[str, ...]]:
    """The terms that tell a group's turns from the others of their side, by p log(p / q).

    p is the share of the group's turns that have the term, q that of all turns: the term's part in what the group's
    turns are surprising by.

    Args:
      texts: N turns of one side.
      labels: `[N]` int, the group of each.

    Returns:
      For each group at most `WORDS` terms, of which none has a word of another, the most typical first.
    """
    inside = [Counter[str]() for _ in range(labels.max() + 1)]
    for text, label in zip(texts, labels.tolist(), strict=True):
        inside[label].update(terms_of(text))
    everywhere = sum(inside, Counter[str]())
    sizes = np.bincount(labels)
    return [
        _apart(_ranked(counts, everywhere, int(size), len(texts))) for counts, size in zip(inside, sizes, strict=True)
    ]


def _ranked(counts: Counter[str], everywhere: Counter[str], size: int, total: int) -> list[str]:
    """The terms of a group, the most typical first."""
    terms = sorted(term for term, count in counts.items() if count > 1 or size < 4)
    if not terms:
        return []
    here = np.array([counts[term] for term in terms]) / size
    there = np.array([everywhere[term] - counts[term] for term in terms]) / max(total - size, 1)
    overall = np.array([everywhere[term] for term in terms]) / total
    scores = np.where(here >= _LIFT * there, here * np.log(here / overall), 0.0).round(9)
    # A group of all turns is told from nothing, so that its commonest terms name it.
    scores = here if size == total else scores
    return [terms[index] for index in np.argsort(-scores, kind="stable") if scores[index] > 0]


def _apart(terms: Iterable[str]) -> tuple[str, ...]:
    """The first terms that share no word."""
    chosen: list[str] = []
    seen: set[str] = set()
    for term in terms:
        words = set(term.split())
        if not words & seen:
            chosen.append(term)
            seen |= words
        if len(chosen) == WORDS:
            break
    return tuple(chosen)


def acts_of(turn: Turn) -> Iterable[str] | None:
    """Its dialog acts; None where they are not annotated."""
    return turn.acts


def intents_of(turn: Turn) -> Iterable[str] | None:
    """The intents of its frames; None where they are not annotated."""
    return None if turn.frames is None else {frame.intent for frame in turn.frames}


def domains_of(turn: Turn) -> Iterable[str] | None:
    """The domains of its frames; None where they are not annotated."""
    return None if turn.frames is None else {frame.domain for frame in turn.frames}


def slots_of(turn: Turn) -> Iterable[str] | None:
    """The slots of its frames; None where they are not annotated."""
    return None if turn.frames is None else {slot.name for frame in turn.frames for slot in frame.slots}


def shares(turns: Iterable[Turn], names_of: Callable[[Turn], Iterable[str] | None]) -> Shares:
    """The names that at least a tenth of the annotated turns have, at most `NAMES`; none where no turn is annotated."""
    known = [names for turn in turns if (names := names_of(turn)) is not None]
    counts = Counter(name for names in known for name in names)
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:NAMES]
    return tuple((name, count / len(known)) for name, count in common if count >= _RARE * len(known))
