"""Corpus BLEU with sacreBLEU's defaults.

Sources: Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", ACL 2002; Post, "A Call for
Clarity in Reporting BLEU Scores", WMT 2018 (tokenisation 13a); Chen and Cherry, "A Systematic Comparison of Smoothing
Techniques for Sentence-Level BLEU", WMT 2014, method 3 (exponential smoothing).
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

MAX_ORDER = 4

_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_ALONE = re.compile(r"([!-&(-+/:-@\[-`{-~])")
_STOP_AFTER_OTHER = re.compile(r"([^0-9])([.,])")
_STOP_BEFORE_OTHER = re.compile(r"([.,])([^0-9])")
_DASH_AFTER_DIGIT = re.compile(r"([0-9])(-)")


def tokens_13a(text: str) -> list[str]:
    """Tokens of a text as the script mteval-v13a makes them: words, and most ASCII punctuation on its own."""
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    text = _ALONE.sub(r" \1 ", f" {text} ")
    text = _STOP_AFTER_OTHER.sub(r"\1 \2 ", text)
    text = _STOP_BEFORE_OTHER.sub(r" \1 \2", text)
    return _DASH_AFTER_DIGIT.sub(r"\1 \2 ", text).split()


def corpus_bleu(responses: Sequence[str], references: Sequence[str]) -> float:
    """BLEU of responses against one reference each.

    BP exp(1/4 sum_n log p_n), n = 1..4, with the precision p_n of n-grams over the whole corpus. The k-th p_n without a
    match is 1 / (2^k total_n). BP = exp(1 - r / c) where the responses' length c is below that of the references, r.

    Returns:
      0..100; 0 if no word matches or if no response has four tokens.
    """
    matched, total = [0] * MAX_ORDER, [0] * MAX_ORDER
    length = expected = 0
    for response, reference in zip(responses, references, strict=True):
        given, wanted = tokens_13a(response), tokens_13a(reference)
        length, expected = length + len(given), expected + len(wanted)
        for order in range(1, MAX_ORDER + 1):
            found, known = ngrams(given, order), ngrams(wanted, order)
            matched[order - 1] += (found & known).total()
            total[order - 1] += found.total()
    if not matched[0] or not all(total):
        return 0.0
    smoothing, logarithms = 1.0, 0.0
    for hits, count in zip(matched, total, strict=True):
        if not hits:
            smoothing *= 2
        logarithms += math.log((hits or 1 / smoothing) / count)
    return 100 * min(1.0, math.exp(1 - expected / length)) * math.exp(logarithms / MAX_ORDER)


def ngrams(tokens: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    """How often each n-gram occurs."""
    return Counter(tuple(tokens[start : start + order]) for start in range(len(tokens) - order + 1))
