"""Tables and agents that do not meet."""

from space_jax.world.backend import Tables
from space_jax.world.database import Database
from space_jax.world.misfits import misfits

AGENT = {"hotel": ["area", "day", "fee", "name", "price", "reference"], "taxi": ["car"], "general": []}


def of(booking=None, **tables):
    return misfits(
        AGENT, Tables(Database({name: [dict.fromkeys(cols, "x")] for name, cols in tables.items()}), booking)
    )


def test_a_table_of_another_name():
    """`placeholder_as_words/tables`."""
    assert of(hotels=["name"], taxi=["car"]) == [
        "table hotels belongs to no domain of the agent (nearest: hotel); it is never searched",
        "domain hotel has no table (nearest: hotels); nothing is found or offered there",
    ]


def test_a_column_of_another_name():
    """`table_column_of_another_name`; a booking's slots and other names of a column need none."""
    columns = ["title", "price_range", "area", "entrance_fee"]
    assert of({"hotel": ("day",)}, hotel=columns, Taxi=["car"]) == [
        "table hotel has no column for price (nearest: price_range); what has no column restricts no search"
    ]
    assert of(hotel=["Area", "price", "fee"], taxi=["car"]) == [
        "table hotel has no column for day; what has no column restricts no search"
    ]


def test_all_meet():
    assert of(hotel=["area", "day", "fee", "price"], taxi=["car"]) == []
    assert misfits({}, Tables(Database({}))) == []
