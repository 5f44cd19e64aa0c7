"""2.2's folders: several right values, blanks that collapse, a release without `dialog_acts.json`, damage."""

import json

import pytest

from space_jax.corpora import multiwoz21
from space_jax.errors import UserError
from tests.corpora.multiwoz_forms.small import CONTENT
from tests.corpora.multiwoz_forms.written import schema_guided


@pytest.fixture
def folder(tmp_path):
    schema_guided(tmp_path, CONTENT)
    return tmp_path


def read(folder, split="train"):
    return list(multiwoz21.load(folder, split))


def changed(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def test_all_right_values_of_a_state_and_only_what_some_frame_says(folder):
    assert read(folder)[1].turns[0].state["train"]["leave_at"] == ("09:15", "09:30")
    file = folder / "train" / "dialogues_001.json"
    changed(file, lambda dialogues: [frame.pop("state") for frame in dialogues[1]["turns"][0]["frames"]])
    assert read(folder)[1].turns[0].state is None


def test_spans_follow_the_text_when_its_blanks_collapse(folder):
    turn = read(folder)[0].turns[3]
    assert turn.text == "CB1 2AB . It is booked , reference A1 ."
    (reference,) = turn.frames[1].slots
    assert [(value.text, value.start, value.end) for value in reference.values] == [("A1", 35, 37)]


def test_a_span_outside_its_text_is_searched_for(folder):
    def change(acts):
        acts["MUL1.json"]["3"]["span_info"] = [["Hotel-Inform", "postcode", "CB1 2AB", 30, 90]]

    changed(folder / "dialog_acts.json", change)
    assert read(folder)[0].turns[3].delexicalised.startswith("[hotel_postcode] . It")


def test_without_acts_the_system_is_delexicalised_by_the_spans_of_its_frames(tmp_path):
    schema_guided(tmp_path, CONTENT, acts=False)
    hotel, train, _ = read(tmp_path)
    assert {(turn.frames, turn.acts) for turn in (*hotel.turns, *train.turns)} == {(None, None)}
    assert hotel.turns[0].state is not None
    assert hotel.turns[3].delexicalised == "[hotel_postcode] . It is booked , reference [booking_reference] ."
    assert train.turns[1].delexicalised.startswith("TR1 takes 20 minutes and costs [train_ticket] ,")
    assert hotel.turns[0].delexicalised is None


def test_acts_that_a_dialogue_or_a_turn_lacks_are_none(folder):
    def change(acts):
        del acts["SNG2.json"], acts["MUL1.json"]["1"]

    changed(folder / "dialog_acts.json", change)
    hotel, train, _ = read(folder)
    assert hotel.turns[1].frames is None
    assert hotel.turns[3].frames is not None
    assert {turn.acts for turn in train.turns} == {None}


def test_the_splits_that_are_there(folder):
    assert multiwoz21.find_splits(folder) == ("train", "validation", "test")
    for file in (folder / "dev").iterdir():
        file.unlink()
    assert multiwoz21.find_splits(folder) == ("train", "test")
    with pytest.raises(UserError, match=r"expected dev/dialogues_NNN\.json, found none"):
        read(folder, "validation")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.pop("dialogue_id"), "dialogue 0: field dialogue_id: expected str, found nothing"),
        (lambda one: one.update(turns=[]), "dialogue MUL1.json: field turns: expected at least one turn"),
        (lambda one: one["turns"][0].update(speaker="BOSS"), "turn 0: field speaker: expected USER or SYSTEM"),
        (lambda one: one["turns"][1].pop("utterance"), "turn 1: field utterance: expected str, found nothing"),
        (lambda one: one["turns"][0].pop("frames"), "turn 0: field frames: expected list, found nothing"),
        (
            lambda one: one["turns"][0]["frames"][0]["state"].update(slot_values={"city": ["ely"]}),
            "turn 0: field slot_values: expected domain-slot, found 'city'",
        ),
        (
            lambda one: one["turns"][0]["frames"][0]["state"].update(slot_values={"hotel-area": [3]}),
            r"field slot_values\.hotel-area: expected a string or a list of strings, found \[3\]",
        ),
    ],
)
def test_a_damaged_dialogue_is_named(folder, change, message):
    changed(folder / "train" / "dialogues_001.json", lambda dialogues: change(dialogues[0]))
    with pytest.raises(UserError, match=rf"dialogues_001\.json: .*{message}"):
        read(folder)


def test_damaged_acts_are_named(folder):
    changed(folder / "dialog_acts.json", lambda acts: acts["MUL1.json"].update({"1": 3}))
    with pytest.raises(
        UserError, match=r"dialogue MUL1\.json, turn 1, dialog_acts\.json: field dialog_act: expected dict"
    ):
        read(folder)
    (folder / "dialog_acts.json").write_text("[]")
    with pytest.raises(UserError, match=r"dialog_acts\.json: expected a JSON object of acts by dialogue"):
        read(folder)
