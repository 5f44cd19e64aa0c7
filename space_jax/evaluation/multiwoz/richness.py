"""The variety of a system's wording.

Sources: Novikova et al., "RankME", NAACL 2018, and Nekvinda and Dušek, GEM 2021 (entropies and counts of n-grams);
Johnson, "Studies in Language Behavior I", 1944 (mean segmental type-token ratio).
"""

import math
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from space_jax.evaluation.multiwoz.bleu import ngrams

SEGMENT = 50
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def words(response: str) -> list[str]:
    """The words of a normalised response in lower case, placeholders too, without ASCII punctuation."""
    return response.lower().translate(_NO_PUNCTUATION).split()


def richness(responses: Iterable[str]) -> dict[str, float]:
    """Measures of variety over all responses; n-grams do not reach across two responses.

    With c counts and N words: entropy = - sum c(w)/N log2 c(w)/N, conditional bigram entropy =
    - sum c(v w)/N log2 c(v w)/c(v). MSTTR-50 is the mean share of different words in consecutive segments of 50.

    Returns:
      `mean_length` (words), `unigrams`, `bigrams`, `trigrams` (numbers of different ones), `entropy`,
      `conditional_bigram_entropy` (bits) and `msttr_50` (0 if there are fewer than 50 words).
    """
    texts = [words(response) for response in responses]
    unigrams, bigrams, trigrams = (_summed(ngrams(text, order) for text in texts) for order in (1, 2, 3))
    total = unigrams.total() or 1
    return {
        "mean_length": unigrams.total() / len(texts) if texts else 0.0,
        "unigrams": len(unigrams),
        "bigrams": len(bigrams),
        "trigrams": len(trigrams),
        "entropy": -sum(count / total * math.log2(count / total) for count in unigrams.values()),
        "conditional_bigram_entropy": -sum(
            count / total * math.log2(count / unigrams[pair[:1]]) for pair, count in bigrams.items()
        ),
        "msttr_50": _segmental_ratio(list(chain.from_iterable(texts))),
    }


def _summed(counters: Iterable[Counter[tuple[str, ...]]]) -> Counter[tuple[str, ...]]:
    total: Counter[tuple[str, ...]] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _segmental_ratio(tokens: Sequence[str]) -> float:
    segments = [tokens[start : start + SEGMENT] for start in range(0, len(tokens) - SEGMENT + 1, SEGMENT)]
    return sum(len(set(segment)) / SEGMENT for segment in segments) / len(segments) if segments else 0.0
