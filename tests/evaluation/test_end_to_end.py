"""Match, Success F1 and BLEU on dialogues small enough to score by hand."""

import math

import pytest

from space_jax.evaluation.end_to_end import (
    Answered,
    Ontology,
    constraints,
    end_to_end_scores,
    marked_bleu,
    match_rate,
    success_f1,
    with_values_marked,
)
from space_jax.evaluation.ontologies import camrest_ontology, kvret_ontology

ONTOLOGY = Ontology(
    {"restaurant": ("food", "area")},
    {"thai": "food", "north": "area", "south": "area", "north thai": "food"},
    ("near",),
)


def turn(response="ok", **slots):
    return Answered({"restaurant": {slot: (value,) for slot, value in slots.items()}}, response)


def test_constraints_that_count():
    state = {
        "restaurant": {"food": ("Thai",), "area": ("near  north",), "name": ("thai",)},
        "hotel": {"area": ("north",)},
    }
    assert constraints(state, ONTOLOGY) == {("restaurant", "food"): "thai", ("restaurant", "area"): "north"}
    assert constraints({"restaurant": {"food": ("dontcare",), "area": ("moon",)}}, ONTOLOGY) == {}


def test_values_in_words_become_placeholders():
    text = "A Northern THAI place, north  [restaurant_phone] [food]. north thai"
    marked = "a northern [value_food] place, [value_area] [value_phone] [value_food] . [value_food]"
    assert with_values_marked(text, ONTOLOGY) == marked


def test_match_is_judged_where_a_value_is_given_last():
    true = [[turn("[value_name]", food="thai"), turn(food="thai", area="north")]]
    right = [[turn("[value_phone]", food="thai"), turn(food="thai", area="south")]]
    wrong = [[turn("hm", food="thai"), turn("[value_name]", food="thai", area="south")]]
    assert match_rate(right, true, ONTOLOGY) == 100
    assert match_rate(wrong, true, ONTOLOGY) == 0


def test_without_a_value_the_last_state_is_the_prediction():
    true = [[turn("[value_name]", food="thai"), turn()]]
    assert match_rate([[turn(), turn(food="thai")]], true, ONTOLOGY) == 100
    assert match_rate([[turn(food="thai"), turn(area="north")]], true, ONTOLOGY) == 0


def test_dialogues_without_true_constraints_are_left_out():
    true = [[turn("[value_name]")], [turn("hi", food="thai")], [turn("[value_name]", food="thai")]]
    assert match_rate(true, true, ONTOLOGY) == 100
    assert match_rate([[turn()], [turn()], [turn()]], true, ONTOLOGY) == 0


def test_success_counts_slots_once_a_dialogue():
    true = [[turn("[value_phone] [value_name]"), turn("[value_phone]")], [turn("[value_address] [value_postcode]")]]
    given = [[turn("[value_phone] [value_food]"), turn()], [turn("[value_address]"), turn("[value_name]")]]
    # given: phone, food | address; true: phone | address, postcode; both: phone, address
    assert success_f1(given, true) == pytest.approx(100 * 2 * 2 / (3 + 3))
    assert success_f1([[turn()]], [[turn()]]) == 0


def test_bleu_by_hand():
    # With its marks: <go_r> a b c <eos_r> against <go_r> a b d <eos_r>: 4/5, 2/4, 1/3 and none of 2.
    expected = 100 * (4 / 5 * 2 / 4 * 1 / 3 * 1e-10) ** 0.25
    assert marked_bleu(["a b c"], ["A b d"]) == pytest.approx(expected, rel=1e-6)
    assert marked_bleu(["a b c d"], ["a b c d"]) == pytest.approx(100)
    # Short by two of six words, with all its n-grams right.
    assert marked_bleu(["a b", "c d"], ["a b", "c d e f"]) < 100 * math.exp(1 - 10 / 8) + 1e-6
    assert marked_bleu([], []) == 0


def test_together():
    dialogues = [[turn("[restaurant_name] serves [restaurant_food] food .", food="thai")]]
    scores = end_to_end_scores(dialogues, dialogues, ONTOLOGY)
    assert scores == pytest.approx({"match": 100, "success_f1": 100, "bleu": 100, "combined": 200})
    with pytest.raises(ValueError, match="differ in number"):
        end_to_end_scores(dialogues, [], ONTOLOGY)


def test_the_real_ontologies(shared_data):
    kvret = kvret_ontology(shared_data / "data" / "kvret")
    assert kvret.values["dinner"] == "event"
    assert kvret.values["chinese restaurant"] == "poi_type"
    assert not any(value.isdigit() for value in kvret.values)
    camrest = camrest_ontology([{"food": "Thai", "area": "north", "pricerange": "", "name": "x"}], ["Venetian"])
    assert camrest.values == {"thai": "food", "north": "area", "venetian": "food"}
