import collections
import json
from importlib import resources

import pytest

from space_jax.evaluation.label_variants import DONTCARE, NONE, clock, label_variants, plain


@pytest.fixture(scope="module")
def table():
    return json.loads((resources.files("space_jax.evaluation") / "label_variants.json").read_text("utf-8"))


def test_a_spelling_means_one_thing(table):
    for kind, values in table["spellings"].items():
        spellings = [plain(one) for value, others in values.items() for one in {value, *others}]
        twice = [spelling for spelling, count in collections.Counter(spellings).items() if count > 1]
        assert twice == [], kind


def test_every_kind_is_used_and_known(table):
    assert set(table["spellings"]) | {"time"} == set(table["kinds"].values())


def test_meanings():
    variants = label_variants()
    assert variants.meaning("hotel-area", "Center") == "centre"
    assert variants.meaning("area", "center") == "centre"
    assert variants.meaning("hotel-colour", "Center") == "center"
    assert variants.meaning("hotel-area", " NOT mentioned ") == NONE
    assert variants.meaning("hotel-area", "Dont Care") == DONTCARE
    assert variants.meaning("hotel-area", "doesn\u2019t matter") == DONTCARE


def test_spellings_to_search_for():
    variants = label_variants()
    assert variants.written("hotel-people", "2")[:2] == ("2", "two")
    assert set(variants.written("restaurant-area", "center")) >= {"center", "centre", "city centre"}
    assert variants.written("movies-movie", "up") == ("up",)


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("12 am", "00:00"),
        ("12:30 pm", "12:30"),
        ("7.15 p.m.", "19:15"),
        ("5 o'clock", "05:00"),
        ("1345", "13:45"),
        ("midnight", "00:00"),
        ("25:00", None),
        ("9:75", None),
        ("13 pm", "13:00"),
        ("evening", None),
        ("", None),
    ],
)
def test_clock(said, time):
    assert clock(said) == time
