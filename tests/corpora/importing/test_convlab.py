"""ConvLab-3's unified format: states, acts, or both; damaged parts are left out by themselves."""

import json
import zipfile

import pytest

from space_jax.corpora.importing import read_source
from space_jax.dialogue.record import Frame, Slot, Turn, Value
from space_jax.errors import UserError


def act(intent, domain, slot, value=None, **span):
    return {"intent": intent, "domain": domain, "slot": slot, **({} if value is None else {"value": value}), **span}


def acts(categorical=(), non_categorical=(), binary=()):
    return {"categorical": [*categorical], "non-categorical": [*non_categorical], "binary": [*binary]}


USER = {
    "speaker": "user",
    "utterance": "a cheap place called Ivy",
    "utt_idx": 0,
    "dialogue_acts": acts(
        [act("inform", "hotel", "price range", "cheap")],
        [act("inform", "hotel", "name", "Ivy", start=21, end=24)],
        [act("thank", "general", "")],
    ),
    "state": {"hotel": {"price range": "cheap|inexpensive", "area": "", "name": "Ivy"}, "taxi": {"leaveAt": ""}},
}
SYSTEM = {
    "speaker": "system",
    "utterance": "Ivy it is. Which day?",
    "utt_idx": 1,
    "dialogue_acts": acts(
        (), [act("offer", "hotel", "name", "Ivy", start=0, end=3)], [act("request", "hotel", "book day", "")]
    ),
    "db_results": {"hotel": [{"name": "Ivy"}]},
}


def dialogue(*turns, name="x-train-0", split="train", **more):
    return {"dataset": "x", "data_split": split, "dialogue_id": name, "turns": list(turns), **more}


def read(folder, records):
    (folder / "dialogues.json").write_text(json.dumps(records), encoding="utf-8")
    return read_source(folder)


def test_acts_and_states(tmp_path):
    found = read(tmp_path, [dialogue(USER, SYSTEM, goal={"inform": {}}, domains=["hotel"])])
    assert found.format == "convlab"
    (one,) = found.dialogues["train"]
    assert one.id == "x-train-0"
    assert one.turns == (
        Turn(
            "user",
            "a cheap place called Ivy",
            (
                Frame(
                    "hotel",
                    "inform",
                    (Slot("price_range", (Value("cheap", 2, 7),)), Slot("name", (Value("Ivy", 21, 24),))),
                ),
                Frame("general", "thank"),
            ),
            ("inform", "thank_you"),
            {"hotel": {"price_range": ("cheap", "inexpensive"), "name": ("Ivy",)}},
        ),
        Turn(
            "system",
            "Ivy it is. Which day?",
            (
                Frame("hotel", "offer", (Slot("name", (Value("Ivy", 0, 3),)),)),
                Frame("hotel", "request", (Slot("book_day"),)),
            ),
            ("propose", "request"),
            None,
            "[hotel_name] it is. Which day?",
        ),
    )
    assert found.left_out.counts == {"fields 'goal' of dialogues": 1, "fields 'db_results' of turns": 1}


def test_states_alone_and_acts_alone(tmp_path):
    bare = {key: value for key, value in USER.items() if key != "dialogue_acts"}
    (one,) = read(tmp_path, [dialogue(bare)]).dialogues["train"]
    assert (one.turns[0].frames, one.turns[0].acts) == (None, None)
    assert one.turns[0].state is not None
    silent = USER | {"state": {"hotel": {"area": ""}}}
    found = read(tmp_path, [dialogue(silent, {**SYSTEM, "dialogue_acts": acts()})])
    (one,) = found.dialogues["train"]
    assert one.turns[0].state is None
    assert one.turns[0].acts == ("inform", "thank_you")
    assert one.turns[1] == Turn("system", "Ivy it is. Which day?")
    assert "no turn has a state: states count as not annotated" in found.said


def test_a_state_without_values_is_empty_where_others_have_some(tmp_path):
    empty = USER | {"state": {"hotel": {"area": ""}}}
    (one,) = read(tmp_path, [dialogue(empty, SYSTEM, USER)]).dialogues["train"]
    assert [turn.state for turn in one.turns][:2] == [{}, None]


def test_intents_without_a_unified_act_stay_in_frames(tmp_path):
    odd = USER | {"dialogue_acts": acts(binary=[act("question", "", ""), act("inform", "Big Hotel", "")])}
    found = read(tmp_path, [dialogue(odd)])
    turn = found.dialogues["train"][0].turns[0]
    assert turn.frames == (Frame("default_domain", "question"), Frame("big_hotel", "inform"))
    assert turn.acts is None
    assert "unified acts: no known one for the intent 'question'; it stays in frames" in found.left_out.counts


def test_a_span_that_lies_is_dropped_and_its_value_stays(tmp_path):
    wrong = act("inform", "hotel", "name", "Oak", start=0, end=3)
    turn = USER | {"dialogue_acts": acts((), [wrong])}
    found = read(tmp_path, [dialogue(turn)])
    assert found.dialogues["train"][0].turns[0].frames == (Frame("hotel", "inform", (Slot("name", (Value("Oak"),)),)),)
    assert found.left_out.counts == {"spans that do not hold their value": 1}


def test_what_cannot_be_read_is_left_out_by_itself(tmp_path):
    records = [
        dialogue(USER),
        {"turns": []},
        5,
        dialogue(5, {"speaker": "boss", "utterance": "x"}),
        dialogue(USER, name="y"),
    ]
    found = read(tmp_path, records)
    assert [one.id for one in found.dialogues["train"]] == ["x-train-0", "y"]
    assert found.left_out.counts == {
        "dialogues without dialogue_id or turns": 2,
        "turns without speaker (user, system) or utterance": 2,
        "dialogues without a turn that can be read": 1,
    }


def test_a_zip_archive_with_its_splits(tmp_path):
    records = [dialogue(USER), dialogue(USER, name="b", split="validation")]
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("data/dialogues.json", json.dumps(records))
        archive.writestr("data/ontology.json", "{}")
    found = read_source(tmp_path / "data.zip")
    assert {split: [one.id for one in part] for split, part in found.dialogues.items()} == {
        "train": ["x-train-0"],
        "validation": ["b"],
    }


def test_another_archive_is_an_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("other.json", "{}")
    with pytest.raises(UserError, match=r"found none \(archives without dialogues\.json"):
        read_source(tmp_path / "data.zip")
