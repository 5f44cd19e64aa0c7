"""The loader of CamRest676, on small made-up files in both of its formats and on the real ones."""

import copy
import json
import zipfile

import pytest

from space_jax.corpora import camrest676
from space_jax.dialogue import ACT_INDEX, dialogue_from_json, dialogue_to_json
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError


def slu(act: str, slot: str, value: str) -> dict:
    return {"act": act, "slots": [[slot, value]]}


RECORD = {
    "dialogue_id": 7,
    "finished": True,
    "goal": {},
    "dial": [
        {
            "turn": 0,
            "usr": {
                "transcript": "Cheap  Thai food, and the phone number ",
                "slu": [
                    slu("inform", "food", "thai"),
                    slu("inform", "pricerange", "cheap"),
                    slu("request", "slot", "phone"),
                ],
                "dialog_act": {"inform": [["food", "thai"], ["pricerange", "cheap"]], "request": [["phone", "?"]]},
            },
            "sys": {
                "sent": "No cheap thai place. Which area?",
                "DA": ["area", ["pricerange, cheap"]],
                "dialog_act": {"nooffer": [["none", "none"]], "request": [["area", "?"]]},
            },
        },
        {
            "turn": 1,
            "usr": {
                "transcript": "Anywhere, and address",
                "slu": [
                    slu("inform", "food", "thai"),
                    slu("inform", "pricerange", "cheap"),
                    slu("request", "area", "dontcare"),
                    slu("inform", "slot", "address"),
                ],
                "dialog_act": {"inform": [["area", "dontcare"]]},
            },
            "sys": {
                "sent": "The Red Bowl is at 1 High St.",
                "DA": [],
                "dialog_act": {"inform": [["name", "the red bowl"], ["address", "1 high st"]]},
            },
        },
        {
            "turn": 2,
            "usr": {"transcript": "Thanks", "slu": [slu("inform", "food", "thai")], "dialog_act": {}},
            "sys": {"sent": "Bye", "DA": [], "dialog_act": {}},
        },
    ],
}
COMMENT = "######\n# someone, 2017 #\n######\n"


def original(record: dict) -> dict:
    """The record without what ConvLab added."""
    plain = copy.deepcopy(record)
    for pair in plain["dial"]:
        del pair["usr"]["dialog_act"], pair["sys"]["dialog_act"]
    return plain


def pack(path, text: str) -> None:
    with zipfile.ZipFile(f"{path}.zip", "w") as archive:
        archive.writestr("__MACOSX/._" + path.name, "noise")
        archive.writestr(path.name, text)


@pytest.fixture
def corpus(tmp_path):
    """Writes dialogues as ConvLab's val split and reads them back."""

    def load(*records: dict) -> list:
        pack(tmp_path / "val.json", json.dumps(records))
        return list(camrest676.load(tmp_path, "validation"))

    return load


def test_a_dialogue_by_value(corpus):
    (dialogue,) = corpus(RECORD)
    assert dialogue.id == "validation-7"
    assert [turn.role for turn in dialogue.turns] == ["user", "system"] * 3
    assert dialogue.turns[0].text == "Cheap Thai food, and the phone number"
    assert dialogue.turns[0].frames == (
        Frame(
            "restaurant", "inform", (Slot("food", (Value("Thai", 6, 10),)), Slot("pricerange", (Value("Cheap", 0, 5),)))
        ),
        Frame("restaurant", "request", (Slot("phone"),)),
    )
    assert dialogue.turns[1].frames == (
        Frame("restaurant", "nooffer"),
        Frame("restaurant", "request", (Slot("area"),)),
    )
    assert dialogue.turns[2].frames == (Frame("restaurant", "inform", (Slot("area", (Value("dontcare"),)),)),)
    assert [turn.acts for turn in dialogue.turns] == [
        ("inform", "request"),
        ("notify_failure", "request"),
        ("inform",),
        ("inform",),
        None,
        None,
    ]
    assert (dialogue.turns[4].frames, dialogue.turns[5].frames) == ((), ())
    assert [turn.delexicalised for turn in dialogue.turns[1::2]] == [
        "No [restaurant_pricerange] [restaurant_food] place. Which area?",
        "[restaurant_name] is at [restaurant_address].",
        "Bye",
    ]


def test_the_slot_decides_what_is_state(corpus):
    (dialogue,) = corpus(RECORD)
    cheap = {"food": ("thai",), "pricerange": ("cheap",)}
    assert [turn.state for turn in dialogue.turns] == [
        {"restaurant": cheap},
        None,
        {"restaurant": cheap | {"area": ("dontcare",)}},
        None,
        {"restaurant": {"food": ("thai",)}},
        None,
    ]


def test_the_original_file_has_comments_no_splits_and_fewer_acts(tmp_path):
    records = [original(RECORD) | {"dialogue_id": number} for number in (0, 405, 406, 540, 541, 675)]
    pack(tmp_path / "CamRest676.json", COMMENT + json.dumps(records))
    assert camrest676.find_splits(tmp_path) == ("train", "validation", "test")
    read = {split: list(camrest676.load(tmp_path, split)) for split in camrest676.FILES}
    assert {split: [dialogue.id for dialogue in found] for split, found in read.items()} == {
        "train": ["train-0", "train-405"],
        "validation": ["validation-406", "validation-540"],
        "test": ["test-541", "test-675"],
    }
    first, second, third, fourth, fifth, sixth = read["train"][0].turns
    assert [turn.acts for turn in (first, second, third, fifth)] == [
        ("inform", "request"),
        ("request", "expl_confirm"),
        ("inform", "request"),
        None,
    ]
    assert second.frames == (
        Frame("restaurant", "request", (Slot("area"),)),
        Frame("restaurant", "confirm", (Slot("pricerange", (Value("cheap", 3, 8),)),)),
    )
    assert third.frames == (
        Frame("restaurant", "inform", (Slot("area", (Value("dontcare"),)),)),
        Frame("restaurant", "request", (Slot("address"),)),
    )
    assert (fourth.frames, fourth.acts, sixth.frames, sixth.delexicalised) == (None, None, None, None)
    assert fifth.frames == ()


def test_divided_files_go_before_the_original(corpus, tmp_path):
    pack(tmp_path / "CamRest676.json", COMMENT + json.dumps([original(RECORD)]))
    divided = corpus(RECORD)
    assert divided[0].turns[5].frames == ()
    assert camrest676.find_splits(tmp_path) == ("validation",)
    (tmp_path / "val.json.zip").unlink()
    (tmp_path / "val.json").write_text(json.dumps([RECORD]))
    assert list(camrest676.load(tmp_path, "validation")) == divided


def test_unknown_acts_are_listed_with_file_and_turn(corpus):
    record = copy.deepcopy(RECORD)
    record["dial"][1]["sys"]["dialog_act"] = {"sing": [["none", "none"]], "dance": [["none", "none"]]}
    with pytest.raises(UserError, match=r"val\.json: dialogue 0, turn 1: .*camrest676\.ACTS_OF, found sing, dance$"):
        corpus(record)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda record: record.pop("dialogue_id"), "dialogue 0: field dialogue_id: expected int, found nothing"),
        (lambda record: record.update(dial=[]), "dialogue 0: field dial: expected at least one turn, found none"),
        (lambda record: record["dial"][1].pop("sys"), "turn 1: field sys: expected dict, found nothing"),
        (lambda record: record["dial"][0]["usr"].pop("transcript"), "turn 0: field transcript: expected str"),
        (lambda record: record["dial"][0]["usr"]["slu"][0].update(slots=[["food"]]), "field slu: .*food"),
        (
            lambda record: record["dial"][0]["sys"].update(dialog_act={"inform": 3}),
            "field dialog_act.inform: .*found 3",
        ),
    ],
)
def test_a_damaged_record_is_named(corpus, spoil, message):
    record = copy.deepcopy(RECORD)
    spoil(record)
    with pytest.raises(UserError, match=message):
        corpus(record)


def test_damaged_and_missing_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"expected train\.json, or train\.json\.zip with train\.json in it"):
        list(camrest676.load(tmp_path, "train"))
    for damaged in (b'[{"dialogue_id": ', b'[{"dialogue_id": "\xff"}]', b"# only a comment"):
        (tmp_path / "train.json").write_bytes(damaged)
        with pytest.raises(UserError, match=r"train\.json: expected JSON, found it damaged"):
            list(camrest676.load(tmp_path, "train"))


@pytest.mark.slow
def test_the_real_files_are_read_whole(shared_data):
    folder = shared_data / "data" / "camrest676"
    if not folder.is_dir():
        pytest.skip(f"no CamRest676 at {folder}")
    counts = {}
    acts = set()
    for split in camrest676.find_splits(folder):
        read = list(camrest676.load(folder, split))
        assert all(dialogue_from_json(dialogue_to_json(dialogue)) == dialogue for dialogue in read)  # spans match
        counts[split] = (len(read), sum(len(dialogue.turns) for dialogue in read))
        acts.update(act for dialogue in read for turn in dialogue.turns for act in turn.acts or ())
    assert counts == {"train": (406, 2 * 1671), "validation": (135, 2 * 538), "test": (135, 2 * 535)}
    assert acts == {"inform", "request", "notify_failure"} <= set(ACT_INDEX)


@pytest.mark.slow
def test_the_original_and_the_divided_files_agree(shared_data, tmp_path):
    folder = shared_data / "data" / "camrest676"
    if not folder.is_dir():
        pytest.skip(f"no CamRest676 at {folder}")
    (tmp_path / "CamRest676.json.zip").symlink_to(folder / "CamRest676.json.zip")
    for split in ("validation", "test"):
        pairs = zip(camrest676.load(tmp_path, split), camrest676.load(folder, split), strict=True)
        for plain, divided in pairs:
            assert plain.id == divided.id
            assert [(t.role, t.text, t.state) for t in plain.turns] == [
                (t.role, t.text, t.state) for t in divided.turns
            ]
