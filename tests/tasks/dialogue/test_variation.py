"""Copies of dialogues with other values: consistent in text, state and frames, and answered by the tables as before."""

import dataclasses

import pytest

from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.tasks.dialogue.records import database_tokens
from space_jax.tasks.dialogue.variation import variations
from space_jax.world.backend import Tables
from space_jax.world.database import Database

ROWS = [
    {"name": "Heron", "kind": "rowing boat", "seats": "4"},
    {"name": "Otter", "kind": "canoe", "seats": "2"},
    {"name": "Old Pike", "kind": "electric boat", "seats": "8"},
]
BACKEND = Tables(Database({"boat": ROWS}), {"boat": ("day", "time")})


def informs(text, state, **spans):
    slots = tuple(
        Slot(name, (Value(value, text.index(value), text.index(value) + len(value)),)) for name, value in spans.items()
    )
    return Turn(USER, text, (Frame("boat", "inform", slots),), state={"boat": state})


def talk(name="d", day="Monday"):
    wishes = {"kind": ("rowing boat",), "seats": ("4",)}
    taken = {**wishes, "name": ("Heron",), "day": (day,), "time": ("14:30",)}
    offer = (Frame("boat", "offer", (Slot("name", (Value("Heron"),)),)),)
    return Dialogue(
        name,
        (
            informs("Is there a rowing boat for 4 people?", wishes, kind="rowing boat", seats="4"),
            Turn(SYSTEM, "Heron is 14 pounds.", offer, ("offer",), delexicalised="[boat_name] is [boat_price]."),
            informs(f"Fine, {day} at 14:30.", taken, day=day, time="14:30"),
            Turn(SYSTEM, "Done.", (), ("notify_success",), delexicalised="Done."),
        ),
    )


def copies(dialogues, count=20, backend=BACKEND, seed=0):
    return list(variations(dialogues, lambda _: backend, count, seed))


@pytest.fixture(scope="module")
def made():
    return copies([talk(), talk("other", day="Sunday")])


def test_a_value_is_another_one_everywhere(made):
    assert len({copy.id for copy in made}) == len(made) > 20
    for copy in made:
        ask, offer, take, _ = copy.turns
        row = next(row for row in ROWS if ask.state["boat"]["kind"] == (row["kind"],))
        article = "an" if row["kind"] == "electric boat" else "a"
        assert ask.text == f"Is there {article} {row['kind']} for {row['seats']} people?"
        assert ask.state == {"boat": {"kind": (row["kind"],), "seats": (row["seats"],)}}
        assert offer.text == f"{row['name']} is 14 pounds."
        assert take.state["boat"]["name"] == (row["name"],)
        (day,), (time,) = take.state["boat"]["day"], take.state["boat"]["time"]
        assert day in ("Monday", "Sunday")
        assert take.text == f"Fine, {day} at {time}."
        assert [turn.delexicalised for turn in copy.turns if turn.role == SYSTEM] == [
            "[boat_name] is [boat_price].",
            "Done.",
        ]
    assert len({copy.turns[0].text for copy in made}) == 3
    assert len({copy.turns[2].state["boat"]["time"] for copy in made}) > 5


def test_spans_are_where_the_values_are(made):
    for copy in made:
        for turn in copy.turns:
            for value in (value for frame in turn.frames for slot in frame.slots for value in slot.values):
                assert value.start is None or turn.text[value.start : value.end] == value.text


def test_the_tables_answer_each_turn_as_before(made):
    expected = database_tokens(talk(), BACKEND)
    assert expected == {1: ("[db_1]", "[book_nores]"), 3: ("[db_1]", "[book_success]")}
    assert all(database_tokens(copy, BACKEND) == expected for copy in made)


def test_where_the_tables_allow_no_other_row_only_the_rest_changes():
    alone = Tables(Database({"boat": ROWS[:1]}), {"boat": ("day", "time")})
    made = copies([talk()], backend=alone)
    assert len(made) == 20
    assert {copy.turns[0].text for copy in made} == {talk().turns[0].text}


def test_what_is_not_said_literally_or_means_two_things_stays():
    dialogue = talk()
    said = dataclasses.replace(dialogue.turns[0], text="Is there a rowing boat for four people?", frames=None)
    assert {copy.turns[0].state["boat"]["seats"] for copy in copies([Dialogue("d", (said,))])} <= {("4",)}
    both = informs("4 people, back at 4", {"seats": ("4",), "hours": ("4",)}, seats="4")
    assert copies([Dialogue("d", (both,))]) == []


def test_a_number_within_a_time_or_a_word_is_no_value():
    turn = informs("For 4, at 14:30 or 4:15, not 4.50 a seat, in the 4x4", {"seats": ("4",)}, seats="4")
    texts = {copy.turns[0].text for copy in copies([Dialogue("d", (turn,))])}
    assert texts == {f"For {seats}, at 14:30 or 4:15, not 4.50 a seat, in the 4x4" for seats in ("2", "8")}


def test_copies_are_the_same_for_a_seed_and_none_without_states():
    assert copies([talk()]) == copies([talk()])
    assert copies([talk()]) != copies([talk()], seed=1)
    plain = Dialogue("p", (Turn(USER, "Hello 4"), Turn(SYSTEM, "Hi")))
    assert copies([plain, Dialogue("e", (Turn(USER, ""),))]) == []
