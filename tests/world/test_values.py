"""The spelling rules, each by cases."""

import pytest

from space_jax.world.values import as_minutes, as_number, is_dont_care, nearest, normal, time_limit

NAMES = ("Golden Dragon Restaurant", "The Golden House", "Pizza Hut", "nandos")


@pytest.mark.parametrize("value", ["dontcare", "Don't care", "do n't  care", "any", "", "  ", "not mentioned"])
def test_no_preference(value):
    assert is_dont_care(value)


def test_a_value_is_a_preference():
    assert not is_dont_care("anywhere but here")


@pytest.mark.parametrize(
    ("value", "plain"),
    [("The  Ivy!", "ivy"), ("a b & c", "b and c"), ("the", "the"), ("Café Uno", "cafe uno"), ("Nando's", "nandos")],
)
def test_plain_spelling(value, plain):
    assert normal(value) == plain


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("the golden house", ("The Golden House",)),  # articles and capitals
        ("golden dragon", ("Golden Dragon Restaurant",)),  # part
        ("golden", ()),  # part of two
        ("piza hut", ("Pizza Hut",)),  # typo
        ("nando's", ("nandos",)),
        ("xyz", ()),
        ("", ()),
    ],
)
def test_nearest_name(value, meant):
    assert nearest(value, NAMES) == meant


def test_short_values_must_be_spelt_right():
    assert nearest("north", ("norths", "south")) == ("norths",)
    assert nearest("TR12", ("TR13", "TR14")) == ()  # three of four characters are too few
    assert nearest("abc", ("abcd",)) == ()  # part of a word is no part, and three characters are too few for a typo


def test_numbers_where_all_of_the_column_are():
    assert nearest("four stars", ("2", "3", "4")) == ("4",)
    assert nearest("four", ("4", "many")) == ()
    assert nearest("7 am", ("7 pm", "8 pm")) == ()
    assert nearest("19:00", ("7 pm", "8 pm")) == ("7 pm",)
    assert nearest("5 minutes", ("5 miles", "9 miles")) == ()
    assert as_number("12 people") == "12"
    assert as_number("people") is None


@pytest.mark.parametrize(
    ("value", "minutes"),
    [
        ("7:15 pm", 19 * 60 + 15),
        ("19:15", 19 * 60 + 15),
        ("12 am", 0),
        ("12:30 p.m.", 12 * 60 + 30),
        ("noon", 720),
        ("7", None),
        ("25:00", None),
        ("soon", None),
    ],
)
def test_times(value, minutes):
    assert as_minutes(value) == minutes


def test_a_column_of_times_is_compared_as_times():
    assert nearest("7 pm", ("19:00", "20:00")) == ("19:00",)


@pytest.mark.parametrize(
    ("slot", "value", "limit"),
    [
        ("arrive_by", "10:00", ("before", 600)),
        ("leave_at", "10:00", ("after", 600)),
        ("time", "after 10:00", ("after", 600)),
        ("leave_at", "by 5 pm", ("before", 1020)),
        ("time", "10:00", None),
        ("time", "after dinner", None),
    ],
)
def test_limits_of_time(slot, value, limit):
    assert time_limit(slot, value) == limit
