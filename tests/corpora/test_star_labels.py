"""STAR's labels: their acts are unified ones, none stands under two, and each is taken apart."""

import pytest

from space_jax.corpora import star_labels
from space_jax.corpora.star_labels import Label
from space_jax.dialogue import ACT_INDEX


def test_every_label_has_unified_acts_and_stands_once():
    listed = [label for labels in star_labels._LABELS_OF.values() for label in labels.split()]
    assert len(listed) == len(set(listed)) == len(star_labels.ACTS_OF)
    assert all(acts and set(acts) <= set(ACT_INDEX) for acts in star_labels.ACTS_OF.values())
    assert star_labels.FREE not in star_labels.ACTS_OF


@pytest.mark.parametrize(
    ("label", "parsed"),
    [
        ("bank_ask_pin", Label("bank", "ask", "pin")),
        ("ask_name", Label(None, "ask", "name")),
        ("goodbye_2", Label(None, "goodbye", None)),
        ("hotel_ask_confirm_booking", Label("hotel", "ask_confirm_booking", None)),
        ("trivia_inform_answer_2_ask_next", Label("trivia", "inform_answer_2_ask_next", None)),
    ],
)
def test_labels_are_taken_apart(label, parsed):
    assert star_labels.parse(label) == parsed


def test_every_label_parses_into_names_that_are_not_blank():
    for label in star_labels.ACTS_OF:
        parsed = star_labels.parse(label)
        assert parsed.intent
        assert parsed.slot is None or parsed.slot
