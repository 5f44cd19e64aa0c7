"""Measures in words, and which direction of each is better."""

import pytest

from space_jax.training.measure_names import (
    FALLING,
    MEASURES,
    direction,
    kind_of,
    measure_words,
    term_words,
)


@pytest.mark.parametrize(
    ("term", "kind", "title"),
    [
        ("term/contrast_user/labelled", "contrast", "Contrast: user, labelled"),
        ("term/policy_system/unlabelled", "policy", "Policy: system, unlabelled"),
        ("term/masked/labelled", "masked", "Masked words: labelled"),
        ("term/dialog_act", "dialog_act", "Dialog acts"),
        ("term/my_own_loss", "my_own_loss", "My own loss"),
    ],
)
def test_terms(term, kind, title):
    assert (kind_of(term), term_words(term).title) == (kind, title)
    assert direction(term) == "↓ better"


def test_directions():
    assert direction("perplexity") == direction("loss") == "↓ better"
    assert direction("act_f1") == direction("measure_of_my_own") == "↑ better"
    assert direction("threshold") == ""


def test_units():
    perplexity, slot = measure_words("perplexity"), measure_words("f1/hotel-book_stay")
    assert perplexity.log
    assert (slot.title, slot.unit, slot.share) == ("hotel-book_stay", "F1, %", True)
    assert measure_words("measure_of_my_own").title == "Measure of my own"
    assert not measure_words("measure_of_my_own").share
    assert all(words.share or name.startswith(FALLING) for name, words in MEASURES.items())
