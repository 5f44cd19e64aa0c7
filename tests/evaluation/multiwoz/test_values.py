"""Every rule for slots and values."""

import pytest

from space_jax.evaluation.multiwoz.spellings import FOODS, NAMES, TIMES, TYPES
from space_jax.evaluation.multiwoz.values import normalise_slot, normalise_state, normalise_value


def test_slots():
    spelt = ["Price Range", "arriveBy", "leave at", "LeaveAt", "arrive", "book people"]
    assert [normalise_slot(slot) for slot in spelt] == [
        "pricerange",
        "arrive",
        "leave",
        "leave",
        "arrive",
        "bookpeople",
    ]


@pytest.mark.parametrize("slot", ["name", "destination", "departure"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" The Old Mill ", "the old mill"),
        ("rose & crown", "rose and crown"),
        ("rose&crown", "rose and crown"),
        ("saint john 's college", "saint john's college"),
        ("Lime House", "limehouse"),
        ("nandos in the city centre", "nandos city centre"),
        ("restaurant 2 two", "restaurant two two"),
        ("restaurant 17", "restaurant one seven"),
        ("the restaurant 17", "the restaurant 17"),  # only whole values are respelt
        ("christs", "christ's college"),
        ("nando 's", "nandos"),
    ],
)
def test_names(slot, value, expected):
    assert normalise_value(slot, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Afternoon", "13:00"),
        ("lunch", "12:00"),
        ("noon", "12:00"),
        ("mid-day", "12:00"),
        ("around lunch time", "12:00"),
        ("morning", "08:00"),
        ("seven o'clock tomorrow evening", "07:00"),
        ("three forty five p.m", "15:45"),
        ("one thirty p.m.", "13:30"),
        ("six fourty five", "06:45"),
        ("eight thirty", "08:30"),
        ("one o'clock p.m.", "13:00"),
        ("ten o'clock a.m on friday", "10:00"),
        ("by 09:15", "09:15"),
        ("after 9:15", "09:15"),
        ("afer 18:00", "18:00"),
        ("9:15 am", "09:15"),
        ("9:15a.m.", "09:15"),
        ("9:15 pm", "21:15"),
        ("5pm", "17:00"),
        ("5 p.m.", "17:00"),
        ("12:15 pm", "24:15"),
        ("late pm", "late"),
        ("", "00:00"),
        ("  ", "00:00"),
        ("18:30.", "18:30"),
        ("18:30?", "18:30"),
        ("1830", "18:30"),
        ("9", "09:00"),
        ("18", "18:00"),
        ("17 : 15", "17:15"),
        ("7 : 15", "07:15"),
        ("7:15", "07:15"),
        ("17:15", "17:15"),
        ("after lunch", "lunch"),  # a whole value is looked up before the words in front are dropped
        ("dontcare", "dontcare"),
        ("9" * 5000 + "pm", "9" * 5000 + ":00"),
    ],
)
def test_times(value, expected):
    for slot in ("arrive", "leave", "time"):
        assert normalise_value(slot, value) == expected


@pytest.mark.parametrize(
    ("slot", "value", "expected"),
    [
        ("type", "guest house", "guesthouse"),
        ("type", "swimming pool", "swimmingpool"),
        ("type", "mutliple sports", "multiple sports"),
        ("type", "night club", "nightclub"),
        ("type", "Guest House", "Guest House"),
        ("food", " Portugese ", "portuguese"),
        ("food", "modern american", "north american"),
        ("food", "asian or oriental", "asian"),
        ("food", "english", "british"),
        ("parking", "free", "yes"),
        ("internet", "free", "yes"),
        ("internet", "no", "no"),
        ("area", " Centre", " Centre"),
        ("pricerange", "free", "free"),
    ],
)
def test_other_slots(slot, value, expected):
    assert normalise_value(slot, value) == expected


@pytest.mark.parametrize(
    ("slot", "table", "size"),
    [("name", NAMES, 35), ("type", TYPES, 4), ("food", FOODS, 15), ("time", TIMES, 11)],
)
def test_every_respelling(slot, table, size):
    assert len(table) == size
    assert all(normalise_value(slot, value) == respelt for value, respelt in table.items())


def test_states():
    state = {"Train": {"Leave At": "9:00", "destination": "Ely"}, "hotel": {}}
    assert normalise_state(state) == {"train": {"leave": "09:00", "destination": "ely"}, "hotel": {}}
