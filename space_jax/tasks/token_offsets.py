"""Texts in numbers with offsets: the characters of the last text behind each of its tokens.

Shared by tasks that point into a text (slots, parses, states). Weights of a SPACE model get the layout of a dialogue;
others get BERT's, with the last text first, so that it has the positions it would have alone:

    [CLS] last text [SEP] the one before [SEP] the one before that [SEP] ...
"""

import dataclasses
from collections.abc import Sequence

import jax
import numpy as np

from space_jax.features.tokenizer import Tokenizer
from space_jax.tasks.text_packing import Encoded, TaskBatch, dialogue_layout, starts_of

EARLIER = 1  # BERT's segment type of the texts before the last; the last has 0, like a text alone


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Located:
    """The tokens of an example, with t tokens of its last text.

    Attributes:
      encoded: all tokens.
      first: the column of the first token of the last text.
      starts, ends: `[t]` int32, the character offsets of its tokens in the last text.
      cut: whether the last text has more tokens than were read.
    """

    encoded: Encoded
    first: int
    starts: np.ndarray
    ends: np.ndarray
    cut: bool


def locate(
    tokenizer: Tokenizer, turns: Sequence[tuple[int, str]], most: int, length: int, recipe: str | None
) -> Located:
    """Tokenizes some turns.

    Args:
      tokenizer: of the weights.
      turns: (role id, text) of each, the oldest first; one at least.
      most: tokens of the last text that are read, its first ones.
      length: tokens in all, at least `most + 2`; of the texts before the last, the nearest tokens are read.
      recipe: that pre-trained the weights, and whose layout of a dialogue they know; None for BERT's.
    """
    role, text = turns[-1]
    ids, offsets = tokenizer.encode_with_offsets(text)
    cut = len(ids) > most
    ids, offsets = ids[:most], offsets[:most]
    earlier = [(before, tokenizer.encode(said)) for before, said in turns[:-1]]
    encoded, first = laid_out(tokenizer, [*earlier, (role, ids)], length, recipe)
    spans = np.array(offsets, np.int32).reshape(-1, 2)
    return Located(encoded, first, spans[:, 0], spans[:, 1], cut)


def laid_out(
    tokenizer: Tokenizer, turns: Sequence[tuple[int, list[int]]], length: int, recipe: str | None
) -> tuple[Encoded, int]:
    """Turns in the layout that the weights know, and the column of the first token of the last.

    Args:
      tokenizer: of the weights.
      turns: (role id, token ids) of each, the oldest first; one at least.
      length: see `locate`.
      recipe: see `locate`.
    """
    last = turns[-1][1]
    if recipe is None:
        return _bert_layout(tokenizer, last, [before for _, before in reversed(turns[:-1])], length), 1
    encoded = dialogue_layout(tokenizer, turns, length, recipe)
    return encoded, len(encoded) - 1 - len(last)


def _bert_layout(tokenizer: Tokenizer, last: list[int], earlier: Sequence[list[int]], length: int) -> Encoded:
    separator = tokenizer.id_of("[SEP]")
    ids = [tokenizer.vocabulary().summary, *last, separator]
    types = [0] * len(ids)
    for text in earlier:
        kept = text[-max(0, length - len(ids) - 1) :] if length - len(ids) > 1 else []
        if kept:
            ids += [*kept, separator]
            types += [EARLIER] * (len(kept) + 1)
    count = len(ids)
    return Encoded(
        np.array(ids, np.int32), np.arange(count, dtype=np.int32), np.array(types, np.int32), np.zeros(count, np.int32)
    )


def token_places(
    columns: Sequence[np.ndarray],
    encoded: Sequence[Encoded],
    placed: list[list[int]],
    length: int,
    size: int,
    width: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The places of chosen tokens of each example in a packed grid, for `take_tokens`.

    Args:
      columns: for each example, the columns in its `encoded` of the tokens that are wanted, at most `width`.
      encoded: the examples.
      placed: their rows, from `text_packing.first_fit`.
      length: L.
      size: B.
      width: T.

    Returns:
      `[B, T]` int32, row * L + column, 0 where there is none; and `[B, T]` bool, whether there is one.
    """
    index, there = np.zeros((size, width), np.int32), np.zeros((size, width), bool)
    for number, ((row, column), wanted) in enumerate(zip(starts_of(encoded, placed), columns, strict=True)):
        index[number, : len(wanted)] = row * length + column + wanted
        there[number, : len(wanted)] = True
    return index, there


def take_tokens(x: jax.Array, index: jax.Array) -> jax.Array:
    """The outputs of chosen tokens: `[R, L, H]` at `[B, T]` places of `token_places` -> `[B, T, H]`."""
    return x.reshape(-1, x.shape[-1])[index]


def with_places(batch: TaskBatch, **places: np.ndarray) -> TaskBatch:
    """The batch with the places of chosen tokens, arrays `[B, ...]` of `token_places`."""
    return dataclasses.replace(batch, places={**batch.places, **places})


def with_examples(batch: TaskBatch, **arrays: np.ndarray) -> TaskBatch:
    """The batch with further arrays `[B, ...]`."""
    return dataclasses.replace(batch, examples={**batch.examples, **arrays})
