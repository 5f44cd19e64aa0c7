"""What the database found, in words for people."""

import dataclasses

import pytest

from space_jax.agent.conversation import Conversation
from space_jax.chat.matches import booking_line, columns_of, found_line
from space_jax.world.backend import Tables
from space_jax.world.database import Database
from space_jax.world.lookup import NO_OFFERS, look_up

ROWS = [
    {"stars": "4", "area": "north", "name": "Ivy"},
    {"stars": "3", "area": "north", "name": "Oak"},
    {"stars": "3", "area": "south", "name": "Elm"},
]
BOOKING = {"guest_house": ("people", "day"), "train": ("people",)}
TABLES = Database({"guest house": ROWS, "train": [{"train_id": "T1", "to": "York"}]})


class Full(Tables):
    """Turns every booking down."""

    def book(self, domain, name, booking):
        return None


def said(state, backend=None, offered=()):
    """What is said of a belief state; `offered` are names of earlier turns, under the same wishes."""
    before = Conversation(backend or Tables(TABLES, BOOKING))
    state = {domain: {slot: (value,) for slot, value in slots.items()} for domain, slots in state.items()}
    found = look_up(before.backend, state, NO_OFFERS)
    before = dataclasses.replace(before, offers=NO_OFFERS.with_names("guest_house", found.constraints, offered))
    found = look_up(before.backend, state, before.offers)
    return found_line(found, before, state), booking_line(found, before, state)


@pytest.mark.parametrize(
    ("wishes", "line"),
    [
        ({}, "guest house: 3 matches"),
        ({"area": "north"}, "guest house: 2 matches for area = north"),
        ({"stars": "4", "area": "North"}, "guest house: 1 match for stars = 4, area = North"),
        ({"area": "west"}, "guest house: no match for area = west"),
        ({"area": "any", "day": "friday"}, "guest house: 3 matches"),
        ({"price_range": "cheap"}, "guest house: 3 matches; the table has no price range"),
        ({"name": "Oak"}, "guest house: Oak is chosen"),
    ],
)
def test_what_was_searched_and_found(wishes, line):
    assert said({"guest house": wishes})[0] == line


def test_what_has_been_offered_is_no_match_again():
    assert said({"guest house": {"area": "north"}}, offered=("Ivy",))[0] == (
        "guest house: 1 other match for area = north"
    )
    assert said({"guest house": {"area": "south"}}, offered=("Elm",))[0] == (
        "guest house: no other match for area = south"
    )


@pytest.mark.parametrize(
    ("state", "line"),
    [({}, "not searched yet"), ({"taxi_ride": {"to": "York"}}, "there is no table of taxi ride")],
)
def test_where_nothing_is_searched(state, line):
    assert said(state) == (line, "")


@pytest.mark.parametrize(
    ("wishes", "line"),
    [
        ({}, "not yet, still to be said: which guest house, people, day"),
        ({"day": "friday"}, "not yet, still to be said: which guest house, people"),
        ({"name": "Ivy", "people": "dontcare", "day": "friday"}, "not yet, still to be said: people"),
        ({"area": "west", "people": "2", "day": "friday"}, ""),
    ],
)
def test_what_a_booking_lacks(wishes, line):
    assert said({"guest house": wishes})[1] == line


def test_a_booking_is_taken_or_turned_down():
    state = {"guest house": {"name": "Ivy", "people": "2", "day": "friday"}}
    assert said(state)[1].startswith("accepted, reference ")
    assert said(state)[1].endswith(": people = 2, day = friday")
    line = "turned down: Ivy does not take people = 2, day = friday"
    assert said(state, Full(TABLES, BOOKING))[1] == line


def test_rows_without_names_are_chosen_by_what_a_booking_needs():
    assert said({"train": {"to": "York"}})[1] == "not yet, still to be said: people"
    line, booking = said({"train": {"to": "York", "people": "2"}})
    assert line == "train: T1 is chosen"
    assert booking.startswith("accepted, reference ")


def test_columns_begin_with_the_name_and_what_was_asked():
    before = Conversation(Tables(TABLES))
    state = {"guest house": {"area": ("north",)}}
    found = look_up(before.backend, state, NO_OFFERS)
    assert columns_of(found, before) == ("name", "area", "stars")
    assert columns_of(look_up(before.backend, {}, NO_OFFERS), before) == ()
