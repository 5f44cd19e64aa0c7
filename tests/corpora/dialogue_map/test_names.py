"""The words and annotations that name a group."""

import math

import numpy as np
import pytest

from space_jax.corpora.dialogue_map import names
from space_jax.dialogue.record import Frame, Slot
from tests.corpora.dialogue_map.dialogues import system, user


def test_terms():
    assert names.terms_of("What's the front brake worth, 2 euros?") == {
        *("what's", "front", "brake", "worth", "euros"),
        *("front brake", "brake worth", "worth euros"),
    }
    assert names.terms_of("Größe? naïve’s Ärger") == {
        *("größe", "naïve's", "ärger"),
        *("größe naïve's", "naïve's ärger"),
    }
    assert names.terms_of("of the 12 !!") == set()


def test_typical_words_are_those_that_others_lack():
    texts = ["my brake squeaks please", "the brake grips please", "open today please", "open now please", "hi please"]
    brake, hours = names.typical_words(texts, np.array([0, 0, 1, 1, 1]))
    assert brake[0] == "brake"
    assert hours[0] == "open"
    assert "please" not in brake + hours  # everywhere
    assert not set(" ".join(brake).split()) & set(" ".join(hours).split())


def test_the_order_is_that_of_p_log_p_over_q():
    texts = ["a1 zeta", "zeta", "zeta", "eta", *["theta eta"] * 6]
    (first, _) = names.typical_words(texts, np.array([0] * 4 + [1] * 6))
    assert first == ("zeta",)  # "eta" is rarer here than there
    assert 0.75 * math.log(0.75 / 0.3) > 0


def test_a_word_stands_in_one_term_only():
    (only,) = names.typical_words(["front brake"] * 5 + ["rear brake"] * 2, np.zeros(7, int))
    assert only == ("brake", "front", "rear")
    assert names.typical_words(["12", "!"], np.zeros(2, int)) == [()]


def test_shares_are_of_the_annotated_turns():
    turns = [user("x", acts=("request",))] * 3 + [user("x", acts=("request", "inform"))] + [user("x")] * 6
    assert names.shares(turns, names.acts_of) == (("request", 1.0), ("inform", 0.25))
    assert names.shares([user("x")], names.acts_of) == ()
    assert names.shares([user("x", acts=())], names.acts_of) == ()
    rare = [user("x", acts=("hi",))] + [user("x", acts=("bye",))] * 19
    assert names.shares(rare, names.acts_of) == (("bye", 0.95),)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(names.domains_of, {"hotel"}), (names.intents_of, {"ask", "tell"}), (names.slots_of, {"area", "price"})],
)
def test_frames(kind, expected):
    frames = (Frame("hotel", "ask", (Slot("area"),)), Frame("hotel", "tell", (Slot("area"), Slot("price"))))
    assert kind(system("x", frames=frames)) == expected
    assert kind(system("x")) is None
    assert kind(system("x", frames=())) == set()
