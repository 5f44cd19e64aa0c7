"""Services with their slots and the users' spans, on a small made-up corpus in the format of SGD."""

import json
import zipfile

import pytest

from space_jax.corpora.sgd_services import ServiceSlot, ServiceTurn, service_turns, services
from space_jax.errors import UserError

SLOTS = [
    {"name": "time", "description": "Time of the table", "is_categorical": False, "possible_values": []},
    {"name": "seats", "description": "How many seats", "is_categorical": True, "possible_values": ["1", "2"]},
]
SCHEMA = [{"service_name": "Restaurants_2", "description": "Tables", "slots": SLOTS, "intents": []}]


def frame(service, spans=(), requested=()):
    actions = [{"act": "REQUEST", "slot": slot, "values": []} for slot in requested] + [{"act": "OFFER", "slot": "x"}]
    return {"service": service, "slots": list(spans), "actions": actions}


def dialogue():
    span = {"slot": "time", "start": 3, "exclusive_end": 4}
    return {
        "dialogue_id": "1_0",
        "turns": [
            {"speaker": "USER", "utterance": "hello", "frames": [frame("Restaurants_2")]},
            {"speaker": "SYSTEM", "utterance": "when?", "frames": [frame("Restaurants_2", (), ("time", "seats"))]},
            {"speaker": "USER", "utterance": "at 7", "frames": [frame("Restaurants_2", [span]), frame("Music_1")]},
        ],
    }


def write(folder, schema, *dialogues):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.json").write_text(json.dumps(schema))
    (folder / "dialogues_001.json").write_text(json.dumps(dialogues))


def test_services_and_turns(tmp_path):
    write(tmp_path / "dev", SCHEMA, dialogue())
    slots = {"time": ServiceSlot("Time of the table", False), "seats": ServiceSlot("How many seats", True)}
    assert services(tmp_path, "validation") == {"Restaurants_2": slots}
    assert list(service_turns(tmp_path, "validation")) == [
        ServiceTurn("validation-1_0-0-Restaurants_2", "Restaurants_2", "hello", (), ()),
        ServiceTurn("validation-1_0-2-Restaurants_2", "Restaurants_2", "at 7", ("time", "seats"), (("time", 3, 4),)),
        ServiceTurn("validation-1_0-2-Music_1", "Music_1", "at 7", (), ()),
    ]


def test_an_archive_is_read_as_the_folder(tmp_path):
    write(tmp_path / "test", SCHEMA, dialogue())
    read = list(service_turns(tmp_path, "test"))
    with zipfile.ZipFile(tmp_path / "test.zip", "w") as archive:
        for path in (tmp_path / "test").iterdir():
            archive.write(path, f"test/{path.name}")
            path.unlink()
    (tmp_path / "test").rmdir()
    assert list(service_turns(tmp_path, "test")) == read
    assert set(services(tmp_path, "test")) == {"Restaurants_2"}


@pytest.mark.parametrize(
    ("schema", "span", "problem"),
    [
        ([{"service_name": "A", "slots": [{"name": "t", "description": 3}]}], (3, 4), "field description"),
        ([{"slots": []}], (3, 4), "field service_name"),
        (SCHEMA, (3, 9), r"\(1_0\), turn 2: field slots: expected a span within 4 characters"),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path, schema, span, problem):
    record = dialogue()
    record["turns"][2]["frames"][0]["slots"][0] = {"slot": "time", "start": span[0], "exclusive_end": span[1]}
    write(tmp_path / "train", schema, record)
    with pytest.raises(UserError, match=rf"train/.*{problem}"):
        list(service_turns(tmp_path, "train") if schema is SCHEMA else services(tmp_path, "train"))


def test_a_missing_schema(tmp_path):
    (tmp_path / "train").mkdir()
    with pytest.raises(UserError, match=r"expected schema\.json in train/ or train\.zip, found none"):
        services(tmp_path, "train")


def test_the_published_services(shared_data):
    source = shared_data / "data" / "sgd"
    if not source.is_dir():
        pytest.skip(f"no corpus at {source}")
    seen, tested = services(source, "train"), services(source, "test")
    assert (len(seen), len(tested), len(set(tested) - set(seen))) == (26, 21, 15)
    slots = tested["Alarm_1"]
    assert slots["alarm_time"] == ServiceSlot("Time of the alarm", False)
