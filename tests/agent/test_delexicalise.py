"""Placeholders for values that an agent reads back; what is not clear stays as it was said."""

import pytest

from space_jax.agent.delexicalise import Delexicalised, delexicalise
from space_jax.agent.lexicalise import speak
from space_jax.cli import main
from space_jax.dialogue.jsonl import read_jsonl, write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.world.backend import Tables
from space_jax.world.database import Database
from space_jax.world.lookup import NO_OFFERS, look_up

HOTELS = [
    {"name": "The Gonville", "area": "north", "stars": "4", "price": "80", "phone": "01223 351241"},
    {"name": "Mill House", "area": "south", "stars": "3", "price": "65", "phone": "01223 351000"},
]
TRAINS = [{"train_id": "TR1", "departure": "ely", "destination": "leeds", "leave_at": "09:30", "arrive_by": "10:15"}]
PLACES = [{"name": "Mill Road Café", "area": "north", "food": "thai"}]
DATABASE = Database({"hotel": HOTELS, "train": TRAINS, "restaurant": PLACES})


def of(text, *, state=None, frames=None, before="hello"):
    """The delexicalised answer to a user's turn, and the counts."""
    counts = Delexicalised()
    talk = Dialogue("d", (Turn(USER, before, state=state), Turn(SYSTEM, text, frames)))
    (made,) = delexicalise([talk], DATABASE, counts)
    return made.turns[1].delexicalised, counts


def frame(domain, intent="inform", **slots):
    return Frame(domain, intent, tuple(Slot(name, (Value(value),)) for name, value in slots.items()))


def test_values_of_the_domain_that_is_spoken_of():
    text = "The Gonville is a 4-star hotel in the north, call 01223351241."
    assert of(text, state={"hotel": {}})[0] == (
        "[hotel_name] is a [hotel_stars]-star hotel in the [hotel_area], call [hotel_phone]."
    )


@pytest.mark.parametrize(
    ("state", "frames", "before", "domain"),
    [
        ({"hotel": {}, "restaurant": {}}, None, "", "restaurant"),  # the current domain is the last
        ({"hotel": {}, "restaurant": {}}, (frame("hotel"),), "", "hotel"),
        (None, None, "I need a hotel", "hotel"),
        (None, None, "two restaurants", "restaurant"),
        (None, None, "Is Mill House nice?", "hotel"),
        ({"taxi": {}}, None, "", None),  # no domain with such a value is spoken of
    ],
)
def test_which_domain_an_area_is_of(state, frames, before, domain):
    expected = f"in the [{domain}_area]" if domain else "in the north"
    assert of("in the north", state=state, frames=frames, before=before)[0] == expected


def test_what_is_not_clear_is_left_and_counted():
    text, counts = of("Both are in the North.")
    assert text == "Both are in the North."
    assert counts.ambiguous == {"north": 1}
    assert counts.readings == {"north": ("[hotel_area]", "[restaurant_area]")}


@pytest.mark.parametrize(
    ("text", "state", "expected"),
    [
        ("from Ely to Leeds", {"train": {"departure": ("ely",)}}, "from [train_departure] to [train_destination]"),
        ("it arrives at 10:15 am", {"train": {}}, "it arrives at [train_arrive_by]"),
        ("leaving 9:30, arriving 10:15", {"train": {}}, "leaving [train_leave_at], arriving [train_arrive_by]"),
        ("booked for 7 pm", {"hotel": {"time": ("19:00",)}}, "booked for [hotel_time]"),  # no column, but believed
        ("TR1 is free", {"train": {}}, "[train_train_id] is free"),
        ("There are 4 or 80", {"hotel": {}}, "There are 4 or 80"),  # numbers of anything
        ("Mill House costs 65, £65", {"hotel": {}}, "[hotel_name] costs [hotel_price], £[hotel_price]"),
        ("rated 3 stars", {"hotel": {}}, "rated [hotel_stars] stars"),
    ],
)
def test_which_slot_a_value_is_of(text, state, expected):
    assert of(text, state=state)[0] == expected


def test_the_frames_of_the_turn_decide():
    said = (frame("hotel", stars="4", reference="AB12C", colour="red"),)
    text, _ = of("The red one has 4, reference AB12C.", state={"hotel": {}}, frames=said)
    assert text == "The red one has [hotel_stars], reference [hotel_reference]."


def test_each_kind_of_evidence_only_narrows_what_the_ones_before_left():
    lift = {"floor": "2", "goes_to": "roof"}
    rows = [{"name": "A", "from": "hall", "via": "hall", "to": "hall"} | lift, {"name": "B", "from": "x"} | lift]
    state = {"lift": {"from": ("hall",), "via": ("hall",)}}
    talk = Dialogue("d", (Turn(USER, "x", state=state), Turn(SYSTEM, "from the hall, or to the hall")))
    counts = Delexicalised()
    (made,) = delexicalise([talk], Database({"lift": rows}), counts)
    assert made.turns[1].delexicalised == "from the [lift_from], or to the [lift_from]"  # never `to`


def test_a_first_column_that_repeats_names_no_row():
    slots = [{"day": "friday", "time": "10:00", "places": "12"}, {"day": "friday", "time": "11:00", "places": "30"}]
    (made,) = delexicalise(
        [Dialogue("d", (Turn(USER, "a slot"), Turn(SYSTEM, "On Friday we have 12 bikes.")))], Database({"slot": slots})
    )
    assert made.turns[1].delexicalised == "On [slot_day] we have 12 bikes."


def test_a_turn_that_has_the_field_keeps_it_and_users_get_none():
    talk = Dialogue("d", (Turn(USER, "The Gonville"), Turn(SYSTEM, "The Gonville", delexicalised="mine")))
    counts = Delexicalised()
    (made,) = delexicalise([talk], DATABASE, counts)
    assert made == talk
    assert (counts.turns, counts.kept, counts.changed, counts.placeholders) == (1, 1, 0, {})


@pytest.mark.parametrize("number", [0, 1])
def test_the_agent_says_the_same_again(number):
    row, state = HOTELS[number], {"hotel": {"area": (HOTELS[number]["area"],)}}
    text = f"I recommend {row['name']} in the {row['area']}, {row['stars']} stars for {row['price']}, {row['phone']}."
    delexicalised, _ = of(text, state=state)
    assert delexicalised.count("[") == 5
    backend = Tables(DATABASE)
    spoken = speak(delexicalised, (), state, look_up(backend, state, NO_OFFERS), NO_OFFERS, backend)
    assert spoken.text == text


@pytest.fixture
def files(tmp_path):
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "hotel.csv").write_text("name,area\nThe Gonville,north\nMill House,south\n", encoding="utf-8")
    talk = [Turn(USER, "a hotel"), Turn(SYSTEM, "Mill House, in the south"), Turn(USER, "bye"), Turn(SYSTEM, "Bye.")]
    write_jsonl(tmp_path / "logs.jsonl", [Dialogue("a", tuple(talk))])
    write_jsonl(tmp_path / "bare.jsonl", [Dialogue("a", tuple(talk[2:]))])
    return tmp_path


def test_the_command_writes_and_shows_counts_and_examples(files, capsys):
    arguments = [str(files / "logs.jsonl"), "--database", str(files / "tables"), "--out", str(files / "out.jsonl")]
    assert main(["data", "delexicalise", *arguments]) == 0
    (made,) = read_jsonl(files / "out.jsonl")
    assert [turn.delexicalised for turn in made.turns] == [None, "[hotel_name], in the [hotel_area]", None, "Bye."]
    said = capsys.readouterr().out
    assert "1 with new placeholders, 1 without a value of the tables, 0 that had the field" in said
    assert "mill house (1)" in said
    assert "a, turn 1\n  Mill House, in the south\n  [hotel_name], in the [hotel_area]\n" in said


@pytest.mark.parametrize(
    ("source", "out", "message"),
    [
        ("bare.jsonl", "out.jsonl", "expected system turns that say values of the tables"),
        ("logs.jsonl", "logs.jsonl", "expected another file than the one that is read"),
        ("none.jsonl", "out.jsonl", "found no such file"),
    ],
)
def test_a_mistake_writes_nothing(files, capsys, source, out, message):
    before = {path: path.stat().st_mtime_ns for path in files.rglob("*")}
    arguments = [str(files / source), "--database", str(files / "tables"), "--out", str(files / out)]
    assert main(["data", "delexicalise", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in files.rglob("*")} == before
