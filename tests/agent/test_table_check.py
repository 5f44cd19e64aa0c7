"""Dialogues beside tables: what an agent could not search for or say is named with its place."""

import pytest

from space_jax.agent.table_check import check_tables, nearest_column, nearest_table
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.world.backend import Tables
from space_jax.world.database import Database
from space_jax.world.misfits import misfits
from space_jax.world.placeholders import ALIASES

ROWS = [{"name": "Mill House", "price_range": "cheap", "leave_at": "09:30"}]
BACKEND = Tables(Database({"hotels": ROWS, "train": [{"train_id": "TR1", "day": "monday"}]}), {"hotels": ("people",)})


def talk(state, *answers):
    answered = (Turn(SYSTEM, "x", delexicalised=answer) for answer in answers)
    return [Dialogue("d", (Turn(USER, "y", state=state), *answered))]


def test_states_beside_tables():
    state = {
        "hotel": {"price": ("cheap",)},
        "hotels": {"price": ("cheap",), "Price Range": ("dear",), "people": ("2",), "name": ("offered",)},
    }
    found = check_tables(talk(state), BACKEND)
    assert found.domains.as_json() == {"hotel": {"count": 1, "first": ["dialogue d, turn 0"]}}
    assert found.slots.counts == {"hotels-price": 1}
    assert found.values.counts == {"hotels-price_range: dear": 1}
    assert found.tables == ["train"]
    assert nearest_table("hotel", BACKEND) == "hotels"
    assert nearest_column("hotels-price", BACKEND) == "price_range"
    assert (nearest_table("zoo", BACKEND), nearest_column("hotels-zoo", BACKEND)) == ("", "")


@pytest.mark.parametrize("slot", [*ALIASES, *ALIASES.values(), "people", "name", "stars"])
def test_a_slot_is_missed_here_where_an_agent_misses_it_at_its_start(slot):
    backend = Tables(
        Database({"hotels": [{"name": "Mill House", "phone": "1", "price": "8"}]}), {"hotels": ("people",)}
    )
    said = misfits({"hotels": {slot}}, backend)
    assert bool(check_tables(talk({"hotels": {slot: ("9",)}}), backend).slots.total) == bool(said), said


@pytest.mark.parametrize("value", ["dontcare", "cheap", "the Cheap", ""])
def test_values_that_a_search_finds_or_ignores(value):
    assert check_tables(talk({"hotels": {"price_range": (value,)}}), BACKEND).values.total == 0


def test_limits_of_times_are_searched_as_limits():
    assert check_tables(talk({"hotels": {"leave_at": ("after 9:00",)}}), BACKEND).values.total == 0
    assert check_tables(talk({"hotels": {"leave_at": ("after 10:00",)}}), BACKEND).values.total == 1


@pytest.mark.parametrize(
    ("placeholder", "filled"),
    [
        ("[hotels_name]", True),
        ("[hotels_price_range]", True),
        ("[train_name]", True),  # the row's name, whatever the column
        ("[train_id]", True),
        ("[hotels_people]", True),  # of the belief state
        ("[hotels_count]", True),
        ("[booking_day]", True),
        ("[hotels_stars]", False),
        ("[zoo_name]", False),
        ("[name]", False),
        ("[see note]", False),
    ],
)
def test_placeholders(placeholder, filled):
    found = check_tables(talk({"hotels": {"people": ("2",)}}, f"Take {placeholder}."), BACKEND)
    assert found.placeholders.counts == ({} if filled else {placeholder: 1})


def test_counts_of_what_is_annotated():
    found = check_tables(talk({"train": {}}, "[train_day]", "plain", None), Tables(Database({})))
    assert found.states == {"all": 1, "with a state": 1}
    assert found.system_turns == {"all": 3, "with frames": 0, "with delexicalised": 2, "with a placeholder": 1}
    assert (found.domains.total, found.tables) == (0, [])  # without tables nothing is compared
    assert check_tables([], BACKEND).as_json()["tables"] == []
