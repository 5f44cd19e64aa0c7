"""Tables from every kind of file."""

import json
import sqlite3

import pytest

from space_jax.agent.tables import kvret_tables, read_database
from space_jax.agent.worlds import Worlds
from space_jax.errors import UserError


def test_a_folder_of_all_kinds(tmp_path):
    (tmp_path / "Hotel.csv").write_text("name,area\nThe Ivy,north\n", encoding="utf-8-sig")
    (tmp_path / "museum.json").write_text(json.dumps({"rows": [{"name": "Old Hall", "fee": 3, "at": [1, 2]}]}))
    connection = sqlite3.connect(tmp_path / "more.sqlite")
    with connection:
        connection.execute('CREATE TABLE "Cinema" (name TEXT, seats INTEGER)')
        connection.execute('INSERT INTO "Cinema" VALUES (?, ?)', ("Lux", 30))
    connection.close()
    database = read_database(tmp_path)
    assert set(database.domains) == {"hotel", "museum", "cinema"}
    assert database.query("hotel", {"area": "North"}) == [{"name": "The Ivy", "area": "north"}]
    assert database.query("museum", {}) == [{"name": "Old Hall", "fee": "3"}]
    assert database.query("cinema", {"seats": "thirty"}) == []
    assert database.query("cinema", {"seats": "30"}) == [{"name": "Lux", "seats": "30"}]


def test_multiwoz_names_become_those_of_belief_states(tmp_path):
    row = {"arriveBy": "10:00", "trainID": "TR1", "entrance fee": "?", "location": [1, 2]}
    (tmp_path / "train_db.json").write_text(json.dumps([row]))
    (tmp_path / "taxi_db.json").write_text(json.dumps({"taxi_colors": ["red"]}))
    (tmp_path / "postcode.json").write_text(json.dumps(["cb1"]))
    assert read_database(tmp_path).query("train", {}) == [
        {"arrive_by": "10:00", "train_id": "TR1", "entrance_fee": "?"}
    ]


def test_a_forecast_is_a_row_a_day():
    kb = {"items": [{"location": "Troy", "monday": "hot, low of 60F", "today": "monday", "sunday": "dry"}]}
    rows = kvret_tables(kb, "weather")["weather"]
    assert [(row["date"], row["weather_attribute"]) for row in rows] == [
        ("monday", "hot, low of 60F"),
        ("sunday", "dry"),
    ]
    assert kvret_tables({"items": None}, "weather") == {}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "name,area\nonly one\n", "a.csv:2: expected 2 cells"),
        ("a.json", "{", "expected JSON"),
        ("a.json", "[1]", "list of objects"),
        ("a.db", "no database at all, but long enough to look like a file", "SQLite"),
        ("a.txt", "x", "found none"),
    ],
)
def test_damaged_files(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message):
        read_database(tmp_path)


def test_no_file(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_database(tmp_path / "none.csv")


def test_the_real_tables(shared_data):
    camrest = Worlds("camrest676", str(shared_data / "data" / "camrest676")).of("any").database
    assert len(camrest.query("restaurant", {})) == 110
    multiwoz = Worlds("multiwoz21", str(shared_data / "data" / "multiwoz21")).of("any").database
    assert {domain: len(multiwoz.query(domain, {})) for domain in multiwoz.domains} == {
        "attraction": 79,
        "hospital": 66,
        "hotel": 33,
        "police": 1,
        "restaurant": 110,
        "train": 2828,
    }
