"""Span masking for the masked language model (SPACE-2, section on pre-training objectives; model_spec section 3)."""

import functools

import numpy as np

from space_jax.config import Vocabulary

BERT_SHARE = 0.15  # tokens chosen in a turn without annotated values
BERT_MASKED = 0.8  # share of the chosen that is replaced by [MASK]
BERT_RANDOM = 0.1  # share of the chosen that is replaced by a random token; the rest stay unchanged


def mask_spans(
    ids: np.ndarray, spans: np.ndarray, turns: np.ndarray, vocabulary: Vocabulary, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Masks the annotated values of each turn, or BERT's 15% of a turn that has none.

    A span token always becomes `[MASK]`. Elsewhere each token is chosen with probability 0.15, and a chosen one becomes
    `[MASK]` (80%), a random text token (10%) or stays (10%). Tokens of `vocabulary.special` are never chosen, and never
    a random replacement. To hide labels, pass spans that are all False.

    Args:
      ids: `[n]` int32, context tokens.
      spans: `[n]` bool, tokens of annotated slot values.
      turns: `[n]` int32, the turn of each token.
      vocabulary: the mask token and the special tokens.
      rng: random generator; the number of draws does not depend on the spans.

    Returns:
      `[n]` int32 masked ids, and the chosen positions, int32, ascending.
    """
    special, replacements = id_tables(vocabulary)
    choice, action = rng.random((2, len(ids)))
    random_ids = replacements[rng.integers(len(replacements), size=len(ids))]
    text = ~special[ids]
    spans = spans & text
    masked_turns = np.zeros(turns.max(initial=0) + 1, bool)
    masked_turns[turns[spans]] = True
    in_masked_turn = masked_turns[turns]
    by_chance = text & ~in_masked_turn & (choice < BERT_SHARE)
    to_mask = spans | (by_chance & (action < BERT_MASKED))
    to_random = by_chance & (action >= BERT_MASKED) & (action < BERT_MASKED + BERT_RANDOM)
    masked = np.where(to_mask, np.int32(vocabulary.mask), np.where(to_random, random_ids, ids))
    return masked, np.flatnonzero(spans | by_chance).astype(np.int32)


def chosen_in_turn(examples: np.ndarray, places: int) -> np.ndarray:
    """Chooses the masked tokens that enter the loss when a row has more than `places`.

    The row's examples take turns giving one token each, so that none loses by its position. Each gives its last tokens
    first: dialogues are always cut at the front.

    >>> print(chosen_in_turn(np.array([0, 0, 0, 0, 1, 2, 2]), 4))
    [2 3 4 6]

    Args:
      examples: `[m]` int, the example of each masked token, ascending.
      places: the number of masked tokens that a row can hold.

    Returns:
      At most `places` indices into `examples`, int, ascending.
    """
    before_the_end = np.searchsorted(examples, examples, side="right") - 1 - np.arange(len(examples))
    return np.sort(np.argsort(before_the_end, kind="stable")[:places])


@functools.lru_cache(maxsize=8)
def id_tables(vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Whether each id is special `[V]`, and the ids that are not."""
    special = np.zeros(vocabulary.size, bool)
    special[list(vocabulary.special)] = True
    return special, np.flatnonzero(~special).astype(np.int32)
