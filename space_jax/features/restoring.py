"""YuYan's examples: the last turns of a dialogue, corrupted as the context and whole as what the decoder writes."""

import dataclasses

import numpy as np

from space_jax.config import Vocabulary, YuYanConfig
from space_jax.features.denoise import (
    CORRUPTIONS,
    STAYS,
    clause_numbers,
    delete_clause,
    delete_words,
    hide_words,
    reorder_clauses,
    shift_words,
    shiftable,
    word_numbers,
)
from space_jax.features.example import NO_TOKENS
from space_jax.features.layout import Layout
from space_jax.features.masking import id_tables
from space_jax.features.packing import Item

_MARKS = 2  # `[BOS]` and `[EOS]` around what is written


def restoring_item(
    layout: Layout,
    recipe: YuYanConfig,
    vocabulary: Vocabulary,
    ends: np.ndarray,
    length: int,
    rng: np.random.Generator,
) -> Item:
    """Draws one of the corruptions that can change a text and applies it.

    Args:
      layout: of the example.
      recipe: the shares.
      vocabulary: special tokens always stay.
      ends: `[V]` bool, the tokens that end a clause.
      length: of what is written, its two marks included; of a longer dialogue the last whole turns are the text.
      rng: random generator.

    Returns:
      The item; `variant` is the number of the corruption in `CORRUPTIONS`.
    """
    layout = last_turns(layout, length - _MARKS)
    whole = np.concatenate([[vocabulary.bos], layout.ids, [vocabulary.eos]]).astype(np.int32)
    stays = id_tables(vocabulary)[0][layout.ids]
    words = word_numbers(~layout.continues, stays)
    clauses = clause_numbers(layout.ids, stays, ends)
    kind = _drawn(layout, words, clauses, rng)
    corrupted = _corrupted(layout, CORRUPTIONS[kind], words, clauses, recipe, vocabulary, rng)
    return Item(dataclasses.replace(corrupted, response=whole), corrupted.ids, NO_TOKENS, NO_TOKENS, variant=kind)


def last_turns(layout: Layout, most: int) -> Layout:
    """The last whole turns of at most `most` tokens in all; of a single turn that is longer, its last tokens."""
    starts = np.flatnonzero(np.diff(layout.turns, prepend=-1) != 0)
    fitting = starts[len(layout.ids) - starts <= most]
    return _taken(layout, np.arange(fitting[0] if len(fitting) else len(layout.ids) - most, len(layout.ids)))


def _taken(layout: Layout, places: np.ndarray) -> Layout:
    arrays = ("ids", "positions", "roles", "turns", "spans", "continues")
    return dataclasses.replace(layout, **{name: getattr(layout, name)[places] for name in arrays})


def _drawn(layout: Layout, words: np.ndarray, clauses: np.ndarray, rng: np.random.Generator) -> int:
    """The number of a corruption that can change the text; where none can, hiding, which then hides nothing."""
    several = [np.unique(clauses[(layout.turns == turn) & (clauses != STAYS)]) for turn in np.unique(layout.turns)]
    possible = {
        "masked": True,
        "shifted": len(shiftable(layout.ids, words)) > 0,
        "reordered": any(len(numbers) > 1 for numbers in several),
        "word_deleted": len(np.unique(words[words != STAYS])) > 1,
        "clause_deleted": sum(map(len, several)) > 1,
    }
    return int(rng.choice([number for number, name in enumerate(CORRUPTIONS) if possible[name]]))


def _corrupted(
    layout: Layout,
    kind: str,
    words: np.ndarray,
    clauses: np.ndarray,
    recipe: YuYanConfig,
    vocabulary: Vocabulary,
    rng: np.random.Generator,
) -> Layout:
    ids = layout.ids
    if kind == "masked":
        return dataclasses.replace(layout, ids=hide_words(ids, words, recipe.masked_share, vocabulary.mask, rng))
    if kind == "shifted":
        return dataclasses.replace(layout, ids=shift_words(ids, words, recipe.shifted_share, rng))
    if kind == "reordered":
        return dataclasses.replace(layout, ids=reorder_clauses(ids, clauses, layout.turns, rng)[0])
    if kind == "word_deleted":
        _, left = delete_words(ids, words, recipe.deleted_share, rng)
    else:
        _, left = delete_clause(ids, clauses, rng)
    return _closed_up(_taken(layout, np.flatnonzero(left)))


def _closed_up(layout: Layout) -> Layout:
    """Positions without gaps, which would say where something is missing; a turn's first token keeps its own."""
    starts = np.flatnonzero(np.diff(layout.turns, prepend=-1) != 0)
    lengths = np.diff(np.append(starts, len(layout.turns)))
    first = np.repeat(layout.positions[starts], lengths)
    along = np.arange(len(layout.turns)) - np.repeat(starts, lengths)
    return dataclasses.replace(layout, positions=(first + along).astype(np.int32))
