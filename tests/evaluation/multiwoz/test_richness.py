"""Variety, worked out by hand."""

import pytest

from space_jax.evaluation.multiwoz.richness import richness, words


def test_words():
    assert words("The NAME's phone, PHONE - call!") == ["the", "names", "phone", "phone", "call"]


def test_by_hand():
    measures = richness(["a b a b.", "A c"])
    assert measures["mean_length"] == 3
    assert (measures["unigrams"], measures["bigrams"], measures["trigrams"]) == (3, 3, 2)
    # a 3, b 2, c 1 of six words: 1/2 log2 2 + 1/3 log2 3 + 1/6 log2 6
    assert measures["entropy"] == pytest.approx(0.5 + 1.584963 / 3 + 2.584963 / 6, abs=1e-6)
    # ab 2 of 3 a, ba 1 of 2 b, ac 1 of 3 a
    expected = 2 / 6 * 0.584963 + 1 / 6 * 1 + 1 / 6 * 1.584963
    assert measures["conditional_bigram_entropy"] == pytest.approx(expected, abs=1e-6)
    assert measures["msttr_50"] == 0


def test_segments():
    assert richness(["a " * 60, "b " * 60])["msttr_50"] == pytest.approx((1 / 50 + 2 / 50) / 2)


def test_nothing_said():
    assert richness(["", "!"])["mean_length"] == 0
    assert richness([])["mean_length"] == 0
