"""Queries against tables small enough to answer by eye, and values that look like SQL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.errors import UserError
from space_jax.world.database import Database
from space_jax.world.spelling import plain_name

HOTELS = [
    {"name": "The Ivy", "area": "north", "stars": "4", "price": "cheap"},
    {"name": "Oak Lodge", "area": "north", "stars": "3", "price": "?"},
    {"name": "Elm Court", "area": "south", "stars": "4", "price": "expensive"},
]
TRAINS = [
    {"train_id": "TR1", "leave_at": "09:00", "arrive_by": "10:00"},
    {"train_id": "TR2", "leave_at": "11:00", "arrive_by": "12:00"},
]
INJECTIONS = ("x' OR '1'='1", "'; DROP TABLE t0; --", '" OR 1=1 --', "north') OR ('1'='1", "\x00", "%", "_____")


@pytest.fixture(scope="module")
def database():
    return Database({"hotel": HOTELS, "train": TRAINS})


def names(rows):
    return [row["name"] for row in rows]


def test_all_constraints_must_hold(database):
    assert names(database.query("hotel", {"area": "north", "stars": "four"})) == ["The Ivy"]


def test_no_constraint_gives_all_rows_in_order(database):
    assert names(database.query("hotel", {})) == ["The Ivy", "Oak Lodge", "Elm Court"]


def test_dont_care_and_unknown_slots_restrict_nothing(database):
    assert len(database.query("hotel", {"area": "dontcare", "stay": "3", "price": ("any",)})) == 3


def test_an_unknown_cell_matches_anything(database):
    assert names(database.query("hotel", {"price": "cheap"})) == ["The Ivy", "Oak Lodge"]


def test_rows_that_are_known_to_fit_come_first():
    """`table_numbers_as_floats/tables_with_gap`: not the one whose stars nobody knows."""
    rows = [{"name": name, "stars": stars, "area": area} for name, stars, area in ("x??", "yN?", "z4?", "w4N", "v5N")]
    found = Database({"hotel": rows}).query("hotel", {"stars": "4", "area": "n"})
    assert names(found) == ["w", "z", "x"]


def test_one_of_several_values_is_enough(database):
    assert len(database.query("hotel", {"area": ("north", "south")})) == 3


def test_an_unknown_value_matches_nothing_unless_lenient(database):
    assert database.query("hotel", {"area": "the moon"}) == []
    assert len(Database({"hotel": HOTELS}, lenient=True).query("hotel", {"area": "the moon"})) == 3


def test_times_at_or_before_and_after(database):
    found = [row["train_id"] for row in database.query("train", {"arrive_by": "11:30"})]
    assert found == ["TR1"]
    assert [row["train_id"] for row in database.query("train", {"leave_at": "after 10 am"})] == ["TR2"]
    assert len(database.query("train", {"leave_at": "09:00", "arrive_by": "12:00"})) == 2


def test_names_may_be_written_in_any_way():
    rows = [{"Name": "Joe", "Price range ": "cheap"}, {"Name": "Max", "Price range ": "dear"}]
    database = Database({"Hot Dogs": rows})
    assert database.columns("hot_dogs") == ("name", "price_range")
    assert database.query("hot dogs", {"Price-Range": "cheap"}) == [{"name": "Joe", "price_range": "cheap"}]


@pytest.mark.parametrize("row", [{"Area": "north", "area ": "south"}, {"name": "x", " ": "y"}])
def test_columns_need_names_that_differ(row):
    with pytest.raises(UserError, match="different names for the columns"):
        Database({"hotel": [row]})


@pytest.mark.parametrize("value", INJECTIONS)
def test_values_that_look_like_sql_are_values(database, value):
    assert database.query("hotel", {"area": value}) == []
    assert database.query("hotel", {value: "north"}) == database.query("hotel", {})
    assert database.query(value, {}) == []
    assert len(database.query("hotel", {})) == 3


@given(st.text(), st.sampled_from(["name", "area", "stars", "price"]))
def test_any_text_can_be_asked_for(value, slot):
    rows = Database({"hotel": HOTELS}).query("hotel", {slot: value})
    assert all(row in HOTELS for row in rows)


@given(st.text().filter(plain_name), st.text(min_size=1))
def test_any_text_can_be_stored_and_found(name, cell):
    database = Database({"t": [{name: cell}]})
    assert database.query("t", {name: cell}) == [{plain_name(name): cell}]
    assert database.columns("t") == (plain_name(name),)


def test_a_table_without_columns():
    with pytest.raises(UserError, match="at least one column"):
        Database({"hotel": []})
