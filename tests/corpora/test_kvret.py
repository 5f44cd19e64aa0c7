"""The loader of KVRET, on a small made-up corpus in its format and on the real files."""

import copy
import json
import zipfile

import pytest

from space_jax.corpora import kvret
from space_jax.dialogue import dialogue_from_json, dialogue_to_json
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError


def driver(text: str) -> dict:
    return {"turn": "driver", "data": {"end_dialogue": False, "utterance": text}}


def assistant(text: str, slots: dict, *requested: str) -> dict:
    asked = {slot: slot in requested for slot in ("poi", "poi_type", "address", "distance")}
    return {
        "turn": "assistant",
        "data": {"end_dialogue": False, "utterance": text, "slots": slots, "requested": asked},
    }


RECORD = {
    "scenario": {
        "uuid": "abc",
        "task": {"intent": "navigate"},
        "kb": {
            "kb_title": "places",
            "column_names": ["poi", "address"],
            "items": [{"poi": "Old Mill", "poi_type": "pub", "address": "5 Low Road"}],
        },
    },
    "dialogue": [
        driver("Hello?"),
        driver("Where is  the nearest pub "),
        assistant("Which pub?", {"poi_type": "pub ", "distance": "close by"}, "poi_type", "address", "distance"),
        assistant("The Old Mill?", {"poi_type": "pub"}, "poi_type"),
        driver("Yes"),
        assistant("It is in 5 Low Road.", {"poi_type": "pub", "distance": "far"}, "poi_type"),
        driver("thanks"),
        assistant("", {}),
        driver("bye"),
    ],
}
WEATHER = {
    "scenario": {
        "uuid": "w",
        "task": {"intent": "weather"},
        "kb": {"items": [{"location": "Fresno", "today": "monday", "monday": "hail, low of 20F"}]},
    },
    "dialogue": [driver("Well?"), assistant("On Monday in Fresno hail, low of 20F.", {}), driver("ok")],
}


@pytest.fixture
def corpus(tmp_path):
    """Writes dialogues as the source's dev split and reads them back."""

    def load(*records: dict) -> list:
        with zipfile.ZipFile(tmp_path / "kvret_dataset_public.zip", "w") as archive:
            archive.writestr("kvret_dev_public.json", json.dumps(records))
        return list(kvret.load(tmp_path, "validation"))

    return load


def test_a_dialogue_by_value(corpus):
    (dialogue,) = corpus(RECORD)
    assert dialogue.id == "validation-abc"
    assert [(turn.role, turn.text) for turn in dialogue.turns] == [
        ("user", "Hello?"),
        ("user", "Where is the nearest pub"),
        ("system", "Which pub?"),
        ("system", "The Old Mill?"),
        ("user", "Yes"),
        ("system", "It is in 5 Low Road."),
        ("user", "thanks"),
        ("system", ""),
        ("user", "bye"),
    ]
    users = [turn for turn in dialogue.turns if turn.role == "user"]
    assert [turn.frames for turn in users] == [
        None,
        (
            Frame(
                "navigate",
                "inform",
                (Slot("poi_type", (Value("pub", 21, 24),)), Slot("distance", (Value("close by"),))),
            ),
            Frame("navigate", "request", (Slot("address"),)),
        ),
        (Frame("navigate", "inform", (Slot("distance", (Value("far"),)),)),),  # pub was carried along
        (),
        None,
    ]
    assert [turn.acts for turn in users] == [None, ("inform", "request"), ("inform",), None, None]
    assert all(turn.frames is turn.acts is turn.state is None for turn in dialogue.turns if turn.role == "system")


def test_states_add_up(corpus):
    (dialogue,) = corpus(RECORD)
    later = {"navigate": {"poi_type": ("pub",), "distance": ("far",)}}
    assert [turn.state for turn in dialogue.turns if turn.role == "user"] == [
        None,
        {"navigate": {"poi_type": ("pub",), "distance": ("close by",)}},
        later,
        later,
        None,
    ]


def test_system_turns_are_delexicalised_with_state_and_knowledge_base(corpus):
    places, weather = corpus(RECORD, WEATHER)
    assert [turn.delexicalised for turn in places.turns if turn.role == "system"] == [
        "Which [navigate_poi_type]?",
        "The [navigate_poi]?",
        "It is in [navigate_address].",
        "",
    ]
    assert weather.turns[1].delexicalised == (
        "On [weather_date] in [weather_location] [weather_weather_attribute], [weather_weather_attribute]."
    )


def test_a_dialogue_without_turns_is_left_out_and_a_knowledge_base_may_be_null(corpus):
    empty = copy.deepcopy(RECORD) | {"dialogue": []}
    record = copy.deepcopy(RECORD)
    record["scenario"]["kb"]["items"] = None
    (dialogue,) = corpus(empty, record)
    assert dialogue.turns[3].delexicalised == "The Old Mill?"


def test_the_files_may_lie_unpacked(corpus, tmp_path):
    zipped = corpus(RECORD)
    assert kvret.find_splits(tmp_path) == ("train", "validation", "test")
    (tmp_path / "kvret_dataset_public.zip").unlink()
    (tmp_path / "kvret_dev_public.json").write_text(json.dumps([RECORD]))
    assert list(kvret.load(tmp_path, "validation")) == zipped
    assert kvret.find_splits(tmp_path) == ("validation",)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda record: record["scenario"]["task"].update(intent="sing"), "dialogue 0: field intent: .*found 'sing'"),
        (lambda record: record["scenario"].pop("uuid"), "dialogue 0: field uuid: expected str, found nothing"),
        (lambda record: record["scenario"]["kb"].update(items=[3]), "field kb.items: .*found 3"),
        (lambda record: record["dialogue"][1].update(turn="BOT"), r"\(abc\), turn 1: field turn: .*found 'BOT'"),
        (lambda record: record["dialogue"][1]["data"].pop("utterance"), "turn 1: field utterance: expected str"),
        (lambda record: record["dialogue"][2]["data"].update(slots={"poi": 3}), "turn 2: field slots: .*'poi': 3"),
    ],
)
def test_a_damaged_record_is_named(corpus, spoil, message):
    record = copy.deepcopy(RECORD)
    spoil(record)
    with pytest.raises(UserError, match=message):
        corpus(record)


def test_damaged_and_missing_files_are_named(corpus, tmp_path):
    corpus(RECORD)
    with pytest.raises(UserError, match=r"expected kvret_test_public\.json, or kvret_dataset_public\.zip with"):
        list(kvret.load(tmp_path, "test"))
    for damaged in (b'[{"dialogue": ', b'[{"dialogue": "\xff"}]'):
        (tmp_path / "kvret_test_public.json").write_bytes(damaged)
        with pytest.raises(UserError, match=r"kvret_test_public\.json: expected JSON, found it damaged"):
            list(kvret.load(tmp_path, "test"))


@pytest.mark.slow
def test_the_real_files_are_read_whole(shared_data):
    folder = shared_data / "data" / "kvret"
    if not folder.is_dir():
        pytest.skip(f"no KVRET at {folder}")
    counts = {}
    for split in kvret.find_splits(folder):
        read = list(kvret.load(folder, split))
        assert all(dialogue_from_json(dialogue_to_json(dialogue)) == dialogue for dialogue in read)  # spans match
        counts[split] = (len(read), sum(len(dialogue.turns) for dialogue in read))
    assert counts == {"train": (2425 - 1, 12732), "validation": (302, 1567), "test": (304, 1629)}
