"""The loader of WOZ 2.0, on a small made-up corpus in its format and on the real files."""

import copy
import json
import zipfile

import pytest

from space_jax.corpora import woz2
from space_jax.dialogue import dialogue_from_json, dialogue_to_json
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError


def pair(system: str, acts: list, user: str, label: list, state: list) -> dict:
    beliefs = [{"act": act, "slots": [[slot, value]]} for act, slot, value in state]
    names = ("system_transcript", "system_acts", "transcript", "turn_label", "belief_state")
    return dict(zip(names, (system, acts, user, label, beliefs), strict=True)) | {"asr": [[user, 1.0]], "turn_idx": 0}


RECORD = {
    "dialogue_idx": 3,
    "dialogue": [
        pair("", [], "Some Greek  place", [["food", "greek"]], [("inform", "food", "greek")]),
        pair(
            "You mean greek, and what price? And your areas? ",
            [["food", "greek"], "price range", "areas"],
            "I do not mind. Its address?",
            [["price range", "dontcare"], ["request", "address"]],
            [("request", "slot", "address"), ("inform", "food", "greek"), ("inform", "price range", "dontcare")],
        ),
        pair("1 High St", [], "Bye", [], [("inform", "food", "greek"), ("inform", "price range", "dontcare")]),
    ],
}


@pytest.fixture
def corpus(tmp_path):
    """Writes dialogues as the source's validate split and reads them back."""

    def load(*records: dict) -> list:
        with zipfile.ZipFile(tmp_path / "woz_en.zip", "w") as archive:
            archive.writestr("woz_validate_en.json", json.dumps(records))
        return list(woz2.load(tmp_path, "validation"))

    return load


def test_a_dialogue_by_value(corpus):
    (dialogue,) = corpus(RECORD)
    assert dialogue.id == "validation-3"
    assert [(turn.role, turn.text) for turn in dialogue.turns] == [
        ("user", "Some Greek place"),
        ("system", "You mean greek, and what price? And your areas?"),
        ("user", "I do not mind. Its address?"),
        ("system", "1 High St"),
        ("user", "Bye"),
    ]
    assert [turn.frames for turn in dialogue.turns] == [
        (Frame("restaurant", "inform", (Slot("food", (Value("Greek", 5, 10),)),)),),
        (
            Frame("restaurant", "confirm", (Slot("food", (Value("greek", 9, 14),)),)),
            Frame("restaurant", "request", (Slot("price_range"), Slot("area"))),
        ),
        (
            Frame("restaurant", "inform", (Slot("price_range", (Value("dontcare"),)),)),
            Frame("restaurant", "request", (Slot("address"),)),
        ),
        None,
        (),
    ]
    assert [turn.acts for turn in dialogue.turns] == [
        ("inform",),
        ("expl_confirm", "request"),
        ("inform", "request"),
        None,
        None,
    ]
    whole = {"restaurant": {"food": ("greek",), "price_range": ("dontcare",)}}
    assert [turn.state for turn in dialogue.turns] == [{"restaurant": {"food": ("greek",)}}, None, whole, None, whole]


def test_the_files_may_lie_unpacked(corpus, tmp_path):
    zipped = corpus(RECORD)
    assert woz2.find_splits(tmp_path) == ("train", "validation", "test")
    (tmp_path / "woz_en.zip").unlink()
    (tmp_path / "woz_validate_en.json").write_text(json.dumps([RECORD]))
    assert list(woz2.load(tmp_path, "validation")) == zipped
    assert woz2.find_splits(tmp_path) == ("validation",)


def test_unknown_acts_are_listed_with_file_and_turn(corpus):
    record = copy.deepcopy(RECORD)
    record["dialogue"][1]["belief_state"][0]["act"] = "sing"
    message = (
        r"woz_validate_en\.json: dialogue 0, turn 1: field belief_state: expected acts of .*woz2\.ACTS_OF, found sing$"
    )
    with pytest.raises(UserError, match=message):
        corpus(record)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda record: record.pop("dialogue_idx"), "dialogue 0: field dialogue_idx: expected int, found nothing"),
        (
            lambda record: record.update(dialogue=[]),
            "dialogue 0: field dialogue: expected at least one turn, found none",
        ),
        (
            lambda record: record["dialogue"][1].pop("transcript"),
            "turn 1: field transcript: expected str, found nothing",
        ),
        (lambda record: record["dialogue"][1].update(system_acts=[3]), "field system_acts: expected a slot .*found 3"),
        (lambda record: record["dialogue"][0].update(turn_label=["food"]), "field turn_label: .*found 'food'"),
    ],
)
def test_a_damaged_record_is_named(corpus, spoil, message):
    record = copy.deepcopy(RECORD)
    spoil(record)
    with pytest.raises(UserError, match=message):
        corpus(record)


def test_damaged_and_missing_files_are_named(corpus, tmp_path):
    corpus(RECORD)
    with pytest.raises(UserError, match=r"expected woz_test_en\.json, or woz_en\.zip with woz_test_en\.json in it"):
        list(woz2.load(tmp_path, "test"))
    for damaged in (b'[{"dialogue_idx": ', b'[{"dialogue_idx": "\xff"}]'):
        (tmp_path / "woz_test_en.json").write_bytes(damaged)
        with pytest.raises(UserError, match=r"woz_test_en\.json: expected JSON, found it damaged"):
            list(woz2.load(tmp_path, "test"))


@pytest.mark.slow
def test_the_real_files_are_read_whole(shared_data):
    folder = shared_data / "data" / "woz2"
    if not folder.is_dir():
        pytest.skip(f"no WOZ 2.0 at {folder}")
    counts = {}
    for split in woz2.find_splits(folder):
        read = list(woz2.load(folder, split))
        assert all(dialogue_from_json(dialogue_to_json(dialogue)) == dialogue for dialogue in read)  # spans match
        turns = [turn for dialogue in read for turn in dialogue.turns]
        counts[split] = (len(read), len(turns), sum(turn.role == "user" for turn in turns))
        assert {slot for t in turns for frame in t.frames or () for slot in [s.name for s in frame.slots]} <= {
            "area",
            "food",
            "price_range",
            "name",
            "phone",
            "address",
            "postcode",
        }
    assert counts == {"train": (600, 4472, 2536), "validation": (200, 1460, 830), "test": (400, 2892, 1646)}
