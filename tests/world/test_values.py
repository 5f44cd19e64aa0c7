"""The spelling rules, each by cases."""

import pytest

from space_jax.world.numbers import as_minutes, as_number, time_limit
from space_jax.world.spelling import normal
from space_jax.world.values import nearest, restricts_nothing

NAMES = ("Golden Dragon Restaurant", "The Golden House", "Pizza Hut", "nandos")


@pytest.mark.parametrize("value", ["dontcare", "Don't care", "do n't  care", "any", "", "  ", "not mentioned"])
def test_no_preference(value):
    assert restricts_nothing(value)


@pytest.mark.parametrize(
    ("value", "known", "meant"),
    [
        # `table_value_opposite`
        ("expensive", ("inexpensive", "moderate"), ()),
        ("expensve", ("inexpensive", "moderate"), ()),
        ("inexpensve", ("expensive", "moderate"), ()),
        ("smoking", ("non-smoking",), ()),
        ("parking", ("no parking",), ()),
        ("no parking", ("parking",), ()),
        ("male", ("female",), ()),
        ("golden house", ("golden house guesthouse", "ivy"), ("golden house guesthouse",)),
        ("Munday", ("Monday", "Sunday"), ()),
        ("Mondey", ("Monday", "Sunday"), ("Monday",)),
        ("inexpensve", ("inexpensive", "expensive"), ("inexpensive",)),
        ("internatonal", ("international",), ("international",)),
        ("house", ("the guest house",), ("the guest house",)),
        # `table_value_other_number`
        ("TR1235", ("TR1234", "TR1299"), ()),
        ("2026-11-29", ("2026-11-28", "2026-12-28"), ()),
        ("March 5th", ("March 4th", "March 11th"), ()),
        ("march 4", ("March 4th", "March 11th"), ("March 4th",)),
        ("room 102", ("room 202", "room 303"), ()),
        ("01000 351242", ("01000 351241",), ()),
        ("01000351241", ("01000 351241",), ("01000 351241",)),
        ("ab21ce", ("ab21cd",), ()),
        ("flat 2 hill stret", ("flat 2 hill street",), ("flat 2 hill street",)),
        # `table_list_in_a_cell`
        ("indian", ("Thai, Chinese", "Indian"), ("Indian",)),
        ("thai", ("Thai, Chinese", "Indian; Thai", "['Thai', 'Malay']", "Thai"), None),
        ("4", ("2, 4", "3|5"), ("2, 4",)),
        ("1,000", ("1,000", "500"), ("1,000",)),
        # `table_numbers_as_floats`, `table_truth_values_and_clocks`
        ("four", ("4.0", "4.5"), ("4.0",)),
        ("4.50", ("4.0", "4.5"), ("4.5",)),
        ("-4", ("4", "5"), ()),
        ("thirteen", ("13", "20"), ("13",)),
        ("twenty people", ("13", "20"), ("20",)),
        ("a hundred and five", ("105", "100"), ("105",)),
        ("19:15", ("19:15:00", "19:45:00"), ("19:15:00",)),
        ("yes", ("true", "false"), ("true",)),
        ("no", ("1", "0"), ("0",)),
        ("yes", ("1", "0", "2"), ()),
        ("no", ("yes", "no smoking"), ("no smoking",)),
    ],
)
def test_what_a_value_finds(value, known, meant):
    assert nearest(value, known) == (known if meant is None else meant)


def test_a_value_is_a_preference():
    assert not restricts_nothing("anywhere but here")


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
