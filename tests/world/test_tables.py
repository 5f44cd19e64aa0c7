"""Tables from every kind of file."""

import contextlib
import json
import sqlite3

import pytest

from space_jax.errors import UserError
from space_jax.world.corpus_worlds import Worlds
from space_jax.world.tables import kvret_tables, read_bookings, read_database


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
    assert database.query("museum", {}) == [{"name": "Old Hall", "fee": "3", "at": "1, 2"}]
    assert database.query("cinema", {"seats": "thirty-one"}) == []
    assert database.query("cinema", {"seats": "30"}) == [{"name": "Lux", "seats": "30"}]


def test_multiwoz_names_become_those_of_belief_states(tmp_path):
    row = {"arriveBy": "10:00", "trainID": "TR1", "entrance fee": "?", "location": [1, 2]}
    (tmp_path / "train_db.json").write_text(json.dumps([row]))
    (tmp_path / "taxi_db.json").write_text(json.dumps({"taxi_colors": ["red", "blue"], "taxi_types": ["bmw"]}))
    (tmp_path / "bus_db.json").write_text(json.dumps([{"trainID": "B1"}]))
    (tmp_path / "postcode.json").write_text(json.dumps(["cb1"]))
    database = read_database(tmp_path)
    assert database.query("train", {}) == [{"arrive_by": "10:00", "train_id": "TR1", "entrance_fee": "?"}]
    assert database.query("bus", {}) == [{"train_id": "B1"}]
    taxis = database.query("taxi", {})
    assert [row["car"] for row in taxis] == ["red bmw", "blue bmw"]
    assert all(row["phone"].isdigit() and len(row["phone"]) == 10 for row in taxis)
    assert taxis[0]["phone"] != taxis[1]["phone"]


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
        ("a.csv", "name,area\nonly one\n", r"a\.csv:2: expected 2 columns \(name, area\), found 1"),
        ("a.csv", "name;area\nIvy;north\n", "a.csv:1: expected commas"),
        ("a.csv", "name\tarea\nIvy\tnorth\n", "a.csv:1: expected commas"),
        ("a.csv", f"name\n{'x' * 200_000}\n", "a.csv:2: expected CSV, found it damaged .a cell of more than 131,072"),
        ("a.csv", "", "a.csv: expected CSV with the names of the columns"),
        ("a.csv", f"{','.join(f'c{n}' for n in range(2001))}\n{',' * 2000}\n", "'a': expected at most 2,000 columns"),
        ("a.csv", "name,area,area\nIvy,north,south\n", "a.csv:1: expected each column once, found 'area' twice"),
        ("a.csv", 'name\n"Ivy\nOak\n', "a.csv:2: expected CSV, .*a quotation mark that opens"),
        ("a.json", '[{"name": "\\ud800"}]', "a.json: .* half a surrogate pair"),
        ("a.json", '[{"name": "Ivy", "name": "Oak"}]', "a.json: .* found 'name' twice"),
        ("a.json", '[{"stars": Infinity}]', "a.json: .*Infinity is no number"),
        ("a.json", "[" * 100_000, "a.json: .* nested too deeply"),
        ("taxi_db.json", '{"taxi_colors": ["red"]}', "expected taxi_colors and taxi_types"),
        ("a.json", "{", "expected JSON"),
        ("a.json", "[1]", "list of objects"),
        ("a.json", '[{"x": 1}, {"at": {"x": 1}}]', r"a\.json: row 2: column 'at': expected a text, a number or a list"),
        ("a.json", '[{"at": [[1]]}]', r"row 1: column 'at': .*, found \[\[1\]\]"),
        ("a.db", "no database at all, but long enough to look like a file", "SQLite"),
        ("a.txt", "x", "found none"),
    ],
)
def test_damaged_files(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message):
        read_database(tmp_path)


def test_a_byte_order_mark_and_cells_that_are_not_known(tmp_path):
    """`vocabulary_with_byte_order_mark`, and `table_not_a_number` of a data frame."""
    (tmp_path / "hotel.json").write_text('\ufeff[{"name": "Ivy", "phone": NaN}]', encoding="utf-8")
    assert read_database(tmp_path).query("hotel", {}) == [{"name": "Ivy", "phone": ""}]


def _in_every_form(folder, cells):
    """A table `t` of one column in CSV, JSON and SQLite: the cells as each reads them."""
    (folder / "t.csv").write_text("x,y\n" + "".join(f"{'' if one is None else one},0\n" for one in cells))
    (folder / "t.json").write_text(json.dumps([{"x": one, "y": 0} for one in cells]))
    with contextlib.closing(sqlite3.connect(folder / "t.db")) as connection, connection:
        connection.execute("CREATE TABLE t (x, y)")
        connection.executemany("INSERT INTO t VALUES (?, 0)", [(one,) for one in cells])
    return [[row["x"] for row in read_database(folder / f"t.{kind}").query("t", {})] for kind in ("csv", "json", "db")]


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        ([None, "N/A", "NaN", "null", "", " #N/A "], [""] * 6),
        ([4.0, None, 5.0], ["4", "", "5"]),  # `table_numbers_as_floats/tables_with_gap`
        ([4.5, 4.0], ["4.5", "4.0"]),
        (["19:15:00", "7:00:00"], ["19:15", "7:00"]),
        (["19:15:00", "19:15:30"], ["19:15:00", "19:15:30"]),
        (["True", "FALSE", "?"], ["yes", "no", "?"]),
        (["True", "maybe"], ["True", "maybe"]),
        (["v1.0", "2.0"], ["v1.0", "2.0"]),
    ],
)
def test_cells_mean_the_same_in_every_form(tmp_path, cells, read):
    assert _in_every_form(tmp_path, cells) == [read] * 3


def test_truth_values_and_lists_of_json(tmp_path):
    rows = [{"name": "A", "wifi": True, "food": ["Thai", None, "Chinese"]}, {"name": "B", "wifi": False, "food": []}]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    found = read_database(tmp_path).query("t", {})
    assert [(row["wifi"], row["food"]) for row in found] == [("yes", "Thai, Chinese"), ("no", "")]


def test_a_table_in_another_encoding(tmp_path):
    (tmp_path / "a.csv").write_bytes("name\nCafé\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"a\.csv:2: expected UTF-8, found the byte 0xe9"):
        read_database(tmp_path)


def test_sqlite_tables_of_its_own_are_left_out_and_empty_ones_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db")
    with connection:
        connection.execute("CREATE TABLE hotel (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)")
        connection.execute("INSERT INTO hotel (name) VALUES ('Ivy')")
    assert read_database(tmp_path).domains == ("hotel",)
    with connection:
        connection.execute("CREATE TABLE museum (name TEXT)")
    connection.close()
    with pytest.raises(UserError, match=r"a\.db: expected rows in the table museum"):
        read_database(tmp_path)


def test_tables_of_ones_own_and_what_can_be_booked(tmp_path):
    (tmp_path / "hotel.csv").write_text("name\nIvy\n")
    assert Worlds("", "", str(tmp_path)).of("any").booking_slots("hotel") == ()
    assert Worlds("multiwoz21", "", str(tmp_path)).of("any").booking_slots("hotel") == ("people", "day", "stay")
    assert "day" in Worlds("simulated", "", str(tmp_path)).of("any").booking_slots("restaurant")
    (tmp_path / "bookings.json").write_text('{"Hotel": ["Arrival day"]}')
    world = Worlds("multiwoz21", "", str(tmp_path)).of("any")
    assert (world.booking_slots("hotel"), world.database.domains) == (("arrival_day",), ("hotel",))


@pytest.mark.parametrize("content", ["[]", '{"hotel": "day"}', '{"hotel": []}', '{"hotel": [1]}'])
def test_bookings_that_say_nothing(tmp_path, content):
    (tmp_path / "bookings.json").write_text(content)
    with pytest.raises(UserError, match=r"bookings\.json: expected an object such as"):
        read_bookings(tmp_path)


def test_no_tables_at_all():
    assert Worlds("", "").of("any").database.domains == ()


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
        "taxi": 60,
        "train": 2828,
    }
    car = Worlds("kvret", str(shared_data / "data" / "kvret")).to_talk_about().database
    assert set(car.domains) == {"schedule", "weather", "navigate"}
