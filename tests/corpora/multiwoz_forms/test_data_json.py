"""`data.json` of 2.0 to 2.4: its lists, its acts in a file beside it, its spans in texts that are not tokenised."""

import copy
import json

import pytest

from space_jax.corpora import multiwoz21
from space_jax.corpora.multiwoz_forms.log import holds
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError
from tests.corpora.multiwoz_forms.small import CONTENT, entry
from tests.corpora.multiwoz_forms.written import data_json


def read(folder, split="train"):
    return list(multiwoz21.load(folder, split))


@pytest.mark.parametrize("apart", ["dialogue_acts.json", "system_acts.json"])
@pytest.mark.parametrize("lists", ["", ".txt", ".json"])
def test_acts_and_lists_by_all_their_names(apart, lists, tmp_path):
    data_json(tmp_path, CONTENT, apart=apart, lists=lists)
    assert [[one.id for one in read(tmp_path, split)] for split in ("validation", "test")] == [
        ["validation-MUL4"],
        ["test-MUL5"],
    ]
    hotel = read(tmp_path)[0]
    assert [turn.acts for turn in hotel.turns] == [
        None,
        ("propose", "inform", "direct"),
        None,
        ("inform", "notify_success"),
        None,
        ("bye",),
    ]
    assert hotel.turns[0].frames is None
    assert hotel.turns[0].state is not None


def test_without_any_acts_turns_are_not_annotated(tmp_path):
    data_json(tmp_path, CONTENT, apart="system_acts.json")
    (tmp_path / "system_acts.json").unlink()
    assert {turn.acts for one in read(tmp_path) for turn in one.turns} == {None}
    assert read(tmp_path)[0].turns[0].state is not None


def test_lists_may_be_json_and_ids_may_lack_their_suffix(tmp_path):
    data_json(tmp_path, CONTENT, lists=".json", suffix="")
    (tmp_path / "testListFile.json").write_text(json.dumps(["MUL5.json", "MUL1"]))
    assert [one.id for one in read(tmp_path, "test")] == ["test-MUL1", "test-MUL5"]


WRITTEN = [
    entry(
        "I'd like two tickets to Ely, Friday at 9:15... don't you have a cheaper one?",
        {
            "Train-Inform": [
                ["People", "2"],
                ["Dest", "ely"],
                ["Day", "friday"],
                ["Leave", "09:15"],
                ["Ticket", "cheap"],
            ]
        },
        # I 'd like two tickets to Ely , Friday at 9:15 ... do n't you have a cheaper one ?
        [
            ["Train-Inform", "People", "2", 3, 3],
            ["Train-Inform", "Dest", "ely", 6, 6],
            ["Train-Inform", "Day", "friday", 8, 8],
            ["Train-Inform", "Leave", "09:15", 10, 10],
            ["Train-Inform", "Ticket", "cheap", 90, 90],
        ],
    ),
    entry(
        "It's 7pm, at the Ely (7 pm).",
        {"Train-Inform": [["Arrive", "7 pm"]]},
        [["Train-Inform", "Arrive", "7 pm", 2, 2]],
    ),
]


def test_spans_of_texts_that_are_not_tokenised_hold_their_values(tmp_path):
    data_json(tmp_path, {"train": {"SNG1": {"log": WRITTEN}}})
    (dialogue,) = read(tmp_path)
    assert dialogue.turns[0].frames == (
        Frame(
            "train",
            "inform",
            (
                Slot("people", (Value("two", 9, 12),)),
                Slot("destination", (Value("Ely", 24, 27),)),
                Slot("day", (Value("Friday", 29, 35),)),
                Slot("leave_at", (Value("9:15", 39, 43),)),
                Slot("ticket", (Value("cheap"),)),  # its span lies outside, and no word is it
            ),
        ),
    )
    assert dialogue.turns[1].delexicalised == "It's [train_arrive_by], at the Ely (7 pm)."


def test_one_that_misleads_is_searched_for(tmp_path):
    turn = copy.deepcopy(WRITTEN[0])
    turn["span_info"][1][3:] = [7, 7]
    data_json(tmp_path, {"train": {"SNG1": {"log": [turn, WRITTEN[1]]}}})
    (dialogue,) = read(tmp_path)
    assert dialogue.turns[0].frames[0].slots[1] == Slot("destination", (Value("Ely", 24, 27),))


@pytest.mark.parametrize(
    ("value", "written", "expected"),
    [
        ("centre", "Centre", True),
        ("10", "ten", True),
        ("11", "eleven", False),
        ("x", "", False),
        ("09:15", "19:15", False),
    ],
)
def test_what_holds_a_value(value, written, expected):
    assert holds(value, written) is expected


def spoil(folder, change):
    records = json.loads((folder / "data.json").read_text())
    change(records)
    (folder / "data.json").write_text(json.dumps(records))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda records: records["MUL1.json"].pop("log"),
            "dialogue MUL1.json: field log: expected list, found nothing",
        ),
        (lambda records: records["MUL1.json"]["log"][1].pop("text"), "MUL1.json, turn 1: field text: expected str"),
        (
            lambda records: records["MUL1.json"]["log"][0].update(dialog_act=[3]),
            "turn 0: field dialog_act: expected dict, found list",
        ),
        (
            lambda records: records["MUL1.json"]["log"][1].update(dialog_act={"Hotel-Sing": [["none", "none"]]}),
            r"turn 1: expected acts of .*multiwoz\.ACTS_OF, found Sing$",
        ),
    ],
)
def test_a_damaged_dialogue_is_named(change, message, tmp_path):
    data_json(tmp_path, CONTENT)
    spoil(tmp_path, change)
    with pytest.raises(UserError, match=rf"data\.json: .*{message}"):
        read(tmp_path)


def test_damaged_files_beside_it_are_named(tmp_path):
    data_json(tmp_path, CONTENT, apart="dialogue_acts.json")
    for acts, message in (
        ("[]", "expected a JSON object of dialogues by id"),
        ('{"MUL1": 3}', r"MUL1\.json: expected acts by turn, found 3"),
        ('{"MUL1": {"1": 3}}', r"MUL1\.json, turn 1: expected acts, found 3"),
    ):
        (tmp_path / "dialogue_acts.json").write_text(acts)
        with pytest.raises(UserError, match=message):
            read(tmp_path)
    (tmp_path / "testListFile.txt").write_text("MUL4.json\n")
    with pytest.raises(UserError, match=r"testListFile\.txt:1: MUL4 is in valListFile too"):
        read(tmp_path)
    (tmp_path / "testListFile.txt").unlink()
    with pytest.raises(
        UserError, match=r"expected valListFile\.txt \(or \.json\) and testListFile.* found no testList"
    ):
        read(tmp_path)


def test_a_dialogue_without_turns_is_left_out(tmp_path):
    data_json(tmp_path, CONTENT)
    spoil(tmp_path, lambda records: records["MUL1.json"].update(log=[]))
    assert [one.id for one in read(tmp_path)] == ["train-SNG2", "train-PMUL3"]


def test_a_split_that_no_list_fills_is_named(tmp_path):
    data_json(tmp_path, {"train": CONTENT["train"]})
    with pytest.raises(UserError, match=r"data\.json: expected dialogues of the split test, found none"):
        read(tmp_path, "test")
