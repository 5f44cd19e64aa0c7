"""Corpus BLEU against values worked out by hand."""

import math

import pytest

from space_jax.evaluation.multiwoz.bleu import corpus_bleu, tokens_13a


@pytest.mark.parametrize(
    ("responses", "references", "expected"),
    [
        (["a b c d e"], ["a b c d e"], 100),
        (["a b c d e"], ["a b c d f"], 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25),
        (["a b c d"], ["a b c d e"], 100 * math.exp(1 - 5 / 4)),  # too short
        (["a b c d e"], ["a b c d"], 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25),  # too long costs precision only
        # No trigram and no fourgram match: 1 / (2 * 3) and 1 / (4 * 2).
        (["a b x c d"], ["a b y c d"], 100 * (4 / 5 * 2 / 4 * 1 / 6 * 1 / 8) ** 0.25),
        # A word counts as often as the reference has it.
        (["a a a a"], ["a b c d"], 100 * (1 / 4 * 1 / 6 * 1 / 8 * 1 / 8) ** 0.25),
        # Counts are added over the corpus: 6 of 8 words, 4 of 6, 2 of 4, 1 of 2.
        (["a b c d", "e f g h"], ["a b c d", "e f x y"], 100 * (6 / 8 * 4 / 6 * 2 / 4 * 1 / 2) ** 0.25),
        (["x y z w"], ["a b c d"], 0),
        (["a b c"], ["a b c"], 0),  # without a fourgram there is no BLEU
        (["", "a b c d"], ["", "a b c d"], 100),
        ([""], ["a b c d"], 0),
        (["NAME here now ."], ["name here now ."], 100 * (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25),  # case counts
    ],
)
def test_by_hand(responses, references, expected):
    assert corpus_bleu(responses, references) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes, it is.", "Yes , it is ."),
        ("it's 5,300.50 pounds", "it's 5,300.50 pounds"),
        ("at 09:30 (today)", "at 09 : 30 ( today )"),
        ("well-known 4-star", "well-known 4 - star"),
        ("a&amp;b &quot;c&quot;", 'a & b " c "'),
        ("50% a_b", "50 % a _ b"),
        ("good-\nbye\nnow <skipped>", "goodbye now"),
        ("£5 café – no", "£5 café – no"),
        ("", ""),
    ],
)
def test_tokens(text, expected):
    assert tokens_13a(text) == expected.split()
