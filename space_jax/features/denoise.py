"""YuYan's corruptions, which a decoder undoes: words hidden, shifted or left out, clauses reordered or left out.

Neither code nor a paper of YuYan (NetEase Fuxi, 2023) is public, only a description of the four tasks. Ours are the
rates; that one corruption is drawn for a text; that a shifted word's PIECES change places (the characters of a Chinese
word, the word pieces of an English one); that clauses end at `, ; : . ! ?`, their Chinese forms and the end of a turn,
and change places within a turn only. Each function is pure: it takes ids and boundaries and returns ids.

Boundaries are numbers, one a token: `words` and `clauses` count them from 0, and -1 is a token that always stays where
it is, such as those around a turn.
"""

import numpy as np

from space_jax.features.tokenizer import Tokenizer

STAYS = -1
CLAUSE_ENDS = frozenset(",;:.!?，；：。！？、…")
CORRUPTIONS = ("masked", "shifted", "reordered", "word_deleted", "clause_deleted")
"""The names of the corruptions, by the number of `Batch.variant`."""


def hide_words(ids: np.ndarray, words: np.ndarray, share: float, mask: int, rng: np.random.Generator) -> np.ndarray:
    """Hides a share of the words, at least one: each of its tokens becomes `mask`.

    >>> print(hide_words(np.array([5, 7, 8, 6]), np.array([-1, 0, 0, -1]), 0.3, 2, np.random.default_rng(0)))
    [5 2 2 6]

    Args:
      ids: `[n]` int32.
      words: `[n]` int, see the module.
      share: of the words.
      mask: the id to put in.
      rng: random generator.

    Returns:
      `[n]` int32.
    """
    return np.where(np.isin(words, _some(words, share, rng)), np.int32(mask), ids)


def shift_words(ids: np.ndarray, words: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Shuffles the tokens within a share of the words that have different ones, at least one, until they changed.

    Args:
      ids: `[n]` int32.
      words: `[n]` int, see the module.
      share: of the words of several different tokens.
      rng: random generator.

    Returns:
      `[n]` int32, the same if there is no such word.
    """
    shifted = ids.copy()
    for word in _some(words, share, rng, shiftable(ids, words)):
        here = np.flatnonzero(words == word)
        shifted[here] = _in_another_order(ids[here], rng)
    return shifted


def shiftable(ids: np.ndarray, words: np.ndarray) -> np.ndarray:
    """The words of at least two different tokens, ascending."""
    return np.array([w for w in np.unique(words[words != STAYS]) if len(np.unique(ids[words == w])) > 1], np.int64)


def reorder_clauses(
    ids: np.ndarray, clauses: np.ndarray, turns: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Puts the clauses of every turn that has several in another order.

    Args:
      ids: `[n]` int32.
      clauses: `[n]` int, see the module.
      turns: `[n]` int, the turn of each token.
      rng: random generator.

    Returns:
      `[n]` int32, and where each token came from, `[n]` int.
    """
    source = np.arange(len(ids))
    for turn in np.unique(turns):
        here = np.flatnonzero((turns == turn) & (clauses != STAYS))
        numbers = np.unique(clauses[here])
        if len(numbers) > 1:
            order = _in_another_order(numbers, rng)
            source[here] = np.concatenate([here[clauses[here] == number] for number in order])
    return ids[source], source


def delete_words(
    ids: np.ndarray, words: np.ndarray, share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Leaves out a share of the words, at least one and never all.

    Returns:
      `[m]` int32, and which tokens are left, `[n]` bool.
    """
    return _without(ids, np.isin(words, _some(words, share, rng, spare=1)))


def delete_clause(ids: np.ndarray, clauses: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Leaves out one clause of several.

    Returns:
      `[m]` int32, and which tokens are left, `[n]` bool; all of them if there is one clause.
    """
    return _without(ids, np.isin(clauses, _some(clauses, 0.0, rng, spare=1)))


def _without(ids: np.ndarray, gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return ids[~gone], ~gone


def _some(
    units: np.ndarray, share: float, rng: np.random.Generator, candidates: np.ndarray | None = None, spare: int = 0
) -> np.ndarray:
    """A share of the units, rounded, at least one, leaving `spare`."""
    candidates = np.unique(units[units != STAYS]) if candidates is None else candidates
    count = min(max(1, round(share * len(candidates))), len(candidates) - spare)
    return rng.permutation(candidates)[: max(count, 0)]


def _in_another_order(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A permutation that differs from `values`, which are not all equal."""
    while True:
        order = rng.permutation(values)
        if (order != values).any():
            return order


def clause_ends(tokenizer: Tokenizer) -> np.ndarray:
    """Whether each token ends a clause, `[V]` bool."""
    size = tokenizer.vocabulary().size
    return np.array([tokenizer.token(number).strip("▁#") in CLAUSE_ENDS for number in range(size)], bool)


def word_numbers(begins: np.ndarray, stays: np.ndarray) -> np.ndarray:
    """The number of each token's word.

    Args:
      begins: `[n]` bool, whether a token begins a word.
      stays: `[n]` bool, whether it must stay.

    Returns:
      `[n]` int, -1 where it stays.
    """
    after_a_stop = np.concatenate([[True], stays[:-1]])[: len(stays)]
    numbers = np.cumsum((begins | after_a_stop) & ~stays) - 1
    return np.where(stays, STAYS, numbers)


def clause_numbers(ids: np.ndarray, stays: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The number of each token's clause.

    Args:
      ids: `[n]` int32.
      stays: `[n]` bool, whether a token must stay; a clause ends before it.
      ends: `[V]` bool, from `clause_ends`.

    Returns:
      `[n]` int, -1 where it stays. Marks that follow one another, as in `?!`, end one clause.
    """
    ending = ends[ids] & ~stays
    following = np.concatenate([[False], ending[:-1]])[: len(ids)]
    return word_numbers(following & ~ending, stays)
