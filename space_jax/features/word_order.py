"""The objectives of StructBERT: words in another order beside masked ones, and the order of two turns.

Source: Wang et al., ICLR 2020, arXiv 1908.04577, section 2.

Words have two forms. `shuffle_trigrams` is the paper's: 5% of the trigrams, unmasked words only; `released_words` is
the walk of the only published builder, which masks and shuffles at once (`create_masked_lm_predictions` of
AliceMind's PLUG). There every position may begin a trigram with probability 0.1, masks and special tokens move along,
and one order of six is the old one. In both the model predicts, at every place whose token changed, the token that
belongs there.
"""

import math

import numpy as np

from space_jax.config import Vocabulary
from space_jax.features.masking import BERT_MASKED, BERT_RANDOM, BERT_SHARE, id_tables

LENGTH = 3  # of a trigram
RELEASED_STARTS = 0.1  # probability that a position begins a trigram, in the published builder
ORDERS = OTHER, NEXT, PREVIOUS = range(3)
"""Classes of the order: another dialogue's response, the turns as they were, the turns swapped; as released."""

_OTHER_ORDERS = np.array([(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])


def shuffle_trigrams(
    ids: np.ndarray, kept: np.ndarray, share: float, vocabulary: Vocabulary, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Puts a share of the trigrams in another order.

    A trigram is three text tokens side by side of which none is `kept`; a special token is never part of one, so that
    none spans two turns. The trigrams to shuffle do not overlap. Each gets one of its five other orders.

    Args:
      ids: `[n]` int32, after masking.
      kept: `[n]` bool, tokens that must stay, such as those that were masked.
      share: of the trigrams, on average; the paper has 0.05.
      vocabulary: its special tokens stay.
      rng: random generator.

    Returns:
      `[n]` int32, and the positions whose token changed, int32, ascending.
    """
    special, _ = id_tables(vocabulary)
    free = ~kept & ~special[ids]
    starts = np.flatnonzero(free[:-2] & free[1:-1] & free[2:])
    wanted = int(share * len(starts) + rng.random())
    shuffled, taken = ids.copy(), np.zeros(len(ids), bool)
    for start in rng.permutation(starts).tolist():
        if wanted == 0:
            break
        here = slice(start, start + LENGTH)
        if not taken[here].any():
            taken[here] = True
            shuffled[here] = ids[here][_OTHER_ORDERS[rng.integers(len(_OTHER_ORDERS))]]
            wanted -= 1
    return shuffled, np.flatnonzero(shuffled != ids).astype(np.int32)


def released_limit(tokens: int) -> int:
    """The largest number of predictions in a text, as released: 15% of its tokens, rounded up to a multiple of ten."""
    return math.ceil(BERT_SHARE * tokens / 10) * 10


def released_words(
    ids: np.ndarray, limit: int, vocabulary: Vocabulary, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks and shuffles as the published builder does.

    15% of the tokens are drawn, special tokens never: 80% become `[MASK]`, 10% another token, 10% stay. Then every text
    position in random order begins a trigram with probability 0.1. Its three tokens, masks and special tokens among
    them, are shuffled. A place is predicted if its token changed there and it was neither masked nor in an earlier
    trigram. The walk ends where `limit` predictions are reached; if that trigram has more, the places of its surplus
    get its first tokens instead of its last, which loses tokens.

    Args:
      ids: `[n]` int32.
      limit: the largest number of predictions, see `released_limit`.
      vocabulary: the mask token and the special tokens.
      rng: random generator.

    Returns:
      `[n]` int32, the positions to predict (int32, ascending), and which of them were moved (bool). The target is
      always the token of `ids`.
    """
    special, replacements = id_tables(vocabulary)
    candidates = np.flatnonzero(~special[ids])
    count = min(limit, max(1, round(BERT_SHARE * len(ids))))
    chosen = rng.permutation(candidates)[:count]
    words, action = ids.copy(), rng.random(len(chosen))
    words[chosen[action < BERT_MASKED]] = vocabulary.mask
    replaced = chosen[(action >= BERT_MASKED) & (action < BERT_MASKED + BERT_RANDOM)]
    words[replaced] = rng.choice(replacements, len(replaced))
    covered = np.zeros(len(ids), bool)
    covered[chosen] = True
    moved: list[int] = []
    for start in rng.permutation(candidates).tolist():
        if start >= len(ids) - 2 or rng.random() >= RELEASED_STARTS:
            continue
        here = slice(start, start + LENGTH)
        before = words[here].copy()
        after = rng.permutation(before)
        moved += [start + i for i in range(LENGTH) if after[i] != before[i] and not covered[start + i]]
        covered[here] = True
        if len(chosen) + len(moved) >= limit:
            surplus = len(chosen) + len(moved) - limit
            moved = moved[: limit - len(chosen)]
            words[here] = np.concatenate([after[: LENGTH - surplus], before[:surplus]])
            break
        words[here] = after
    positions = np.concatenate([chosen, moved]).astype(np.int32)
    order = np.argsort(positions)
    return words, positions[order], (np.arange(len(positions)) >= len(chosen))[order]
