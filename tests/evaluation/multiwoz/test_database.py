"""Queries, on the small world."""

import pytest

from space_jax.evaluation.multiwoz.database import minutes
from space_jax.evaluation.multiwoz.source import read_database


@pytest.mark.parametrize(
    ("domain", "constraints", "expected"),
    [
        ("restaurant", {}, ("1", "2", "3")),
        ("restaurant", {"food": "indian"}, ("1", "3")),
        ("restaurant", {"food": "indian", "area": "north"}, ("1",)),
        ("restaurant", {"food": " Indian"}, ("1", "3")),  # normalised before it is compared
        ("restaurant", {"area": "North"}, ()),  # an area is not
        ("restaurant", {"area": "west"}, ()),
        ("restaurant", {"pricerange": "expensive"}, ("3",)),  # "?" in the table matches anything
        ("restaurant", {"name": "curry house"}, ("1",)),
        ("restaurant", {"name": "goldn curry house"}, ("1",)),
        ("restaurant", {"name": "curry palace"}, ()),
        ("restaurant", {"name": ""}, ()),
        ("restaurant", {"people": "4", "day": "monday", "signature": "x", "location": "here"}, ("1", "2", "3")),
        ("hotel", {"type": "guest house", "parking": "free", "stay": "2", "price": "50"}, ("0",)),
        ("attraction", {"type": "swimming pool", "entrancefee": "5 pounds", "openhours": "never"}, ("9",)),
        ("train", {"arrive": "10:00"}, ("TR1", "TR2")),
        ("train", {"arrive": "09:50"}, ("TR1", "TR2")),
        ("train", {"leave": "9:30"}, ("TR2", "TR3")),
        ("train", {"leave": "after 9:31"}, ("TR3",)),
        ("train", {"arrive": "soon"}, ()),  # counts as midnight
        ("train", {"leave": "soon", "destination": "Ely"}, ("TR1", "TR2", "TR3")),
        ("train", {"destination": "london"}, ()),
        ("taxi", {"destination": "ely"}, ()),
        ("nowhere", {}, ()),
    ],
)
def test_queries(source, domain, constraints, expected):
    assert read_database(source).query(domain, constraints) == expected


@pytest.mark.parametrize(
    "value", ["dontcare", "not mentioned", "don't care", "dont care", "do n't care", "do not care"]
)
def test_what_constrains_nothing(source, value):
    assert read_database(source).query("restaurant", {"area": value, "food": "chinese"}) == ("2",)


def test_minutes():
    assert [minutes(time) for time in ("00:01", "10:05", "24:15", "1:00", "soon", "")] == [1, 605, 1455, 0, 0, 0]
