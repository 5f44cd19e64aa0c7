"""The loader of Schema-Guided Dialogue, on a small made-up corpus in its format and on the real files."""

import copy
import itertools
import json
import zipfile

import pytest

from space_jax.corpora import sgd
from space_jax.dialogue import ACT_INDEX, dialogue_from_json, dialogue_to_json
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError


def action(act: str, slot: str = "", *values: str) -> dict:
    return {"act": act, "slot": slot, "values": list(values), "canonical_values": list(values)}


def turn(speaker: str, text: str, *frames: dict) -> dict:
    return {"speaker": speaker, "utterance": text, "frames": list(frames)}


def user_frame(service: str, actions: list[dict], spans: list[dict], slot_values: dict) -> dict:
    state = {"active_intent": "X", "requested_slots": [], "slot_values": slot_values}
    return {"service": service, "actions": actions, "slots": spans, "state": state}


RECORD = {
    "dialogue_id": "1_00000",
    "services": ["Restaurants_1", "Ride_Sharing_2"],
    "turns": [
        turn(
            "USER",
            "A table for 2 in Oakland at 12:30, please.",
            user_frame(
                "Restaurants_1",
                [
                    action("INFORM", "city", "Oakland"),
                    action("INFORM", "party_size", "2"),
                    action("INFORM", "has_live_music", "True"),
                    action("INFORM_INTENT", "intent", "ReserveRestaurant"),
                    action("REQUEST", "phone_number"),
                ],
                [{"slot": "city", "start": 17, "exclusive_end": 24}],
                {"city": ["Oakland"], "party_size": ["2"]},
            ),
        ),
        turn(
            "SYSTEM",
            "So a table for 2 in Oakland at half past 12?",
            {
                "service": "Restaurants_1",
                "actions": [
                    action("CONFIRM", "city", "Oakland"),
                    action("CONFIRM", "time", "half past 12"),
                    action("CONFIRM", "party_size", "2"),
                ],
                "slots": [
                    {"slot": "city", "start": 20, "exclusive_end": 27},
                    {"slot": "time", "start": 31, "exclusive_end": 43},
                ],
            },
        ),
        turn(
            "USER",
            "Yes. And a cab.",
            user_frame("Restaurants_1", [action("AFFIRM")], [], {"city": ["Oakland", "Oakland, CA"]}),
            user_frame("Ride_Sharing_2", [action("INFORM_INTENT", "intent", "GetRide")], [], {}),
        ),
        turn("SYSTEM", "Where to?", {"service": "Ride_Sharing_2", "actions": [action("REQUEST", "to")], "slots": []}),
        turn("USER", "Home.", user_frame("Ride_Sharing_2", [action("INFORM", "to", "home")], [], {"to": ["home"]})),
    ],
}


@pytest.fixture
def corpus(tmp_path):
    """Writes dialogues as the source's dev split and reads them back."""

    def load(*records: dict) -> list:
        folder = tmp_path / "dev"
        folder.mkdir(exist_ok=True)
        (folder / "schema.json").write_text("[]")
        (folder / "dialogues_001.json").write_text(json.dumps(records))
        return list(sgd.load(tmp_path, "validation"))

    return load


@pytest.fixture
def dialogue(corpus):
    return corpus(RECORD)[0]


def test_the_id_carries_the_split(dialogue):
    assert dialogue.id == "validation-1_00000"


def test_frames_are_domain_act_slot_value_with_places_in_the_text(dialogue):
    assert dialogue.turns[0].frames == (
        Frame(
            "restaurants",
            "inform",
            (
                Slot("city", (Value("Oakland", 17, 24),)),
                Slot("party_size", (Value("2", 12, 13),)),  # searched, and not found within 12:30
                Slot("has_live_music", (Value("True"),)),
            ),
        ),
        Frame("restaurants", "inform_intent", (Slot("intent", (Value("ReserveRestaurant"),)),)),
        Frame("restaurants", "request", (Slot("phone_number"),)),
    )


def test_a_turn_about_two_services_has_frames_of_both(dialogue):
    assert [(frame.domain, frame.intent) for frame in dialogue.turns[2].frames] == [
        ("restaurants", "affirm"),
        ("ride_sharing", "inform_intent"),
    ]


def test_acts_are_unified_and_said_once(dialogue):
    assert [turn.acts for turn in dialogue.turns] == [
        ("inform", "request"),
        ("expl_confirm",),
        ("affirm", "inform"),
        ("request",),
        ("inform",),
    ]


def test_the_state_stands_on_user_turns_and_services_out_of_sight_are_carried_over(dialogue):
    restaurants = {"city": ("Oakland", "Oakland, CA")}
    assert [turn.state for turn in dialogue.turns] == [
        {"restaurants": {"city": ("Oakland",), "party_size": ("2",)}},
        None,
        {"restaurants": restaurants, "ride_sharing": {}},
        None,
        {"restaurants": restaurants, "ride_sharing": {"to": ("home",)}},
    ]


def test_system_turns_are_delexicalised(dialogue):
    assert [turn.delexicalised for turn in dialogue.turns] == [
        None,
        "So a table for [restaurants_party_size] in [restaurants_city] at [restaurants_time]?",
        None,
        "Where to?",
        None,
    ]


def test_zip_and_folder_give_the_same_dialogues_in_the_order_of_the_names(tmp_path):
    records = [{**RECORD, "dialogue_id": f"{number}_0"} for number in range(3)]
    for number in (2, 0, 1):
        folder = tmp_path / "folder" / "train"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"dialogues_00{number}.json").write_text(json.dumps([records[number]]))
    (tmp_path / "zip").mkdir()
    with zipfile.ZipFile(tmp_path / "zip" / "train.zip", "w") as archive:
        archive.writestr("train/schema.json", "[]")
        for number in (1, 2, 0):
            archive.writestr(f"train/dialogues_00{number}.json", json.dumps([records[number]]))
    unpacked, zipped = (list(sgd.load(tmp_path / layout, "train")) for layout in ("folder", "zip"))
    assert [dialogue.id for dialogue in unpacked] == ["train-0_0", "train-1_0", "train-2_0"]
    assert zipped == unpacked
    assert sgd.find_splits(tmp_path / "zip") == ("train",)


def test_unknown_acts_are_listed_with_file_and_dialogue(corpus):
    record = copy.deepcopy(RECORD)
    record["turns"][0]["frames"][0]["actions"] += [action("SING"), action("DANCE"), action("SING")]
    with pytest.raises(UserError, match=r"dialogues_001\.json: .*1_00000\), turn 0: .*ACTS_OF, found SING, DANCE$"):
        corpus(record)


@pytest.mark.parametrize(
    "span",
    [
        {"slot": "city", "start": 17, "exclusive_end": 99},
        {"slot": "city", "start": 24, "exclusive_end": 24},
        {"slot": "city", "start": -1, "exclusive_end": 3},
        {"slot": "city", "start": "17", "exclusive_end": 24},
        {"slot": "city", "start": 17},
    ],
)
def test_a_wrong_span_is_named_with_its_turn(corpus, span):
    record = copy.deepcopy(RECORD)
    record["turns"][0]["frames"][0]["slots"] = [span]
    with pytest.raises(UserError, match=r"dialogues_001\.json: dialogue 0 \(1_00000\), turn 0: .*within 42 characters"):
        corpus(record)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda record: record.pop("dialogue_id"), "dialogue 0: field dialogue_id: expected str, found nothing"),
        (lambda record: record.update(turns=[]), r"dialogue 0 \(1_00000\): expected at least one turn, found none"),
        (lambda record: record["turns"][1].update(speaker="BOT"), "turn 1: field speaker: .*found 'BOT'"),
        (lambda record: record["turns"][1].pop("utterance"), "turn 1: field utterance: expected str, found nothing"),
        (
            lambda record: record["turns"][0]["frames"][0].pop("state"),
            "turn 0: field state: expected dict, found nothing",
        ),
        (lambda record: record["turns"][0]["frames"][0].update(actions={}), "field actions: expected list, found dict"),
        (
            lambda record: record["turns"][0]["frames"][0]["actions"][0].update(values=[7]),
            r"turn 0: field values: expected a list of strings, found \[7\]",
        ),
        (
            lambda record: record["turns"][0]["frames"][0]["state"]["slot_values"].update(city="Oakland"),
            "turn 0: field slot_values.city: expected a list of strings",
        ),
    ],
)
def test_a_damaged_record_is_named(corpus, spoil, message):
    record = copy.deepcopy(RECORD)
    spoil(record)
    with pytest.raises(UserError, match=message):
        corpus(record)


def test_damaged_json_and_damaged_archives_are_named(tmp_path):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "dialogues_001.json").write_text('[{"dialogue_id": ')
    with pytest.raises(UserError, match=r"dialogues_001\.json: expected JSON, found it damaged"):
        list(sgd.load(tmp_path, "validation"))
    (tmp_path / "test.zip").write_bytes(b"PK not a zip")
    with pytest.raises(UserError, match=r"test\.zip: expected a zip archive"):
        list(sgd.load(tmp_path, "test"))
    with pytest.raises(UserError, match=r"expected dialogues_\*\.json in train/ or train\.zip, found none"):
        list(sgd.load(tmp_path, "train"))


@pytest.fixture(scope="module")
def real(shared_data):
    folder = shared_data / "data" / "sgd"
    if not folder.is_dir():
        pytest.skip(f"no SGD at {folder}")
    return folder


def test_the_whole_validation_split_is_read(real):
    dialogues = turns = values = placed = 0
    domains, acts = set(), set()
    for dialogue in sgd.load(real, "validation"):
        dialogues += 1
        turns += len(dialogue.turns)
        for one in dialogue.turns:
            assert (one.state is None) == (one.delexicalised is not None) == (one.role == "system")
            acts.update(one.acts)
            domains.update(frame.domain for frame in one.frames)
            found = [value for frame in one.frames for slot in frame.slots for value in slot.values]
            values += len(found)
            placed += sum(value.start is not None for value in found)
    assert (dialogues, turns) == (2098, 38768)
    assert acts <= set(ACT_INDEX)
    assert {"restaurants", "hotels", "flights"} <= domains
    assert placed / values > 0.8


def test_real_dialogues_are_valid_records(real):
    for dialogue in itertools.islice(sgd.load(real, "train"), 200):
        assert dialogue_from_json(dialogue_to_json(dialogue)) == dialogue


def test_every_annotated_span_of_the_source_is_kept(real):
    with zipfile.ZipFile(real / "dev.zip") as archive:
        records = json.loads(archive.read("dev/dialogues_001.json"))
    for record, dialogue in zip(records, sgd.load(real, "validation"), strict=False):
        for source, ours in zip(record["turns"], dialogue.turns, strict=True):
            wanted = {
                (s["slot"], source["utterance"][s["start"] : s["exclusive_end"]])
                for f in source["frames"]
                for s in f["slots"]
            }
            placed = {(s.name, v.text) for f in ours.frames for s in f.slots for v in s.values if v.start is not None}
            assert wanted <= placed
