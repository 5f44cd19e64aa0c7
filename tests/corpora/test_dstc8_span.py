"""The loader of DSTC8's spans, on small made-up files in its format and on the real ones."""

import json
import zipfile

import pytest

from space_jax.corpora import dstc8_span
from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError


def record(name: str, text: str, *labels: dict) -> dict:
    return {"userInput": {"text": text}, "context": {}, "labels": list(labels), "id": name, "splitKey": 0.5}


CAR = record("1_2", "a car in Ulm", {"slot": "pickup_city", "valueSpan": {"startIndex": 9, "endIndex": 12}})
FILES = {
    "Buses_1/train_0.json": [record("1_0", "a bus")],
    "Events_1/train_0.json": [],
    "Homes_1/train_0.json": [record("1_1", "a home")],
    "RentalCars_1/train_0.json": [CAR, record("1_3", "a van")],
    "RentalCars_1/train_1.json": [CAR],
    "RentalCars_1/test.json": [record("2_0", "a lorry")],
}


@pytest.fixture(params=["folder", "zip"])
def source(tmp_path, request):
    with zipfile.ZipFile(tmp_path / "dstc8.zip", "w") as archive:
        for name, records in FILES.items():
            archive.writestr(f"dstc8/{name}", json.dumps(records))
    if request.param == "folder":
        with zipfile.ZipFile(tmp_path / "dstc8.zip") as archive:
            archive.extractall(tmp_path)
        return tmp_path / "dstc8"
    return tmp_path


def test_domains_come_one_after_the_other_and_ids_are_the_source_s(source):
    train = list(dstc8_span.CORPUS.load(source, "train"))
    assert [one.id for one in train] == ["train-1_0", "train-1_1", "train-1_2", "train-1_3"]
    assert train[0].turns[0].frames == ()
    frame = Frame("rentalcars", "default_intent", (Slot("pickup_city", (Value("Ulm", 9, 12),)),))
    assert train[2] == Dialogue("train-1_2", (Turn("user", "a car in Ulm", (frame,)),))


def test_options_choose_domains_and_halvings(source):
    def ids(split: str, **options) -> list[str]:
        return [one.id for one in dstc8_span.CORPUS.load(source, split, **options)]

    assert ids("train", domain="homes,buses") == ["train-1_0", "train-1_1"]
    assert ids("train", domain="rentalcars", halvings=1) == ["train-1_2"]
    assert ids("test", domain="rentalcars", halvings=1) == ["test-2_0"]


def test_what_is_not_there_is_said(source):
    with pytest.raises(UserError, match=r"expected Buses_1/test\.json, or dstc8\.zip with Buses_1/test\.json in it"):
        list(dstc8_span.load(source, "test"))
    with pytest.raises(UserError, match=r"option domain: expected all or some of buses, .*, found 'planes'"):
        list(dstc8_span.load(source, "train", domain="planes"))
    with pytest.raises(UserError, match="option halvings: expected 0 to 5, found 6"):
        list(dstc8_span.load(source, "train", halvings=6))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"id": "1"', r"Homes_1/test\.json: expected JSON, found it damaged"),
        ('[{"userInput": {"text": "a"}}]', r"Homes_1/test\.json: record 0: field id: expected str, found nothing"),
        (json.dumps([{**CAR, "labels": [{"slot": "s"}]}]), r"record 0: field labels: expected spans within 12 char"),
    ],
)
def test_damaged_files_are_named(tmp_path, content, message):
    (tmp_path / "Homes_1").mkdir()
    (tmp_path / "Homes_1" / "test.json").write_text(content)
    with pytest.raises(UserError, match=message):
        list(dstc8_span.load(tmp_path, "test", domain="homes"))


@pytest.mark.parametrize(
    ("split", "counts"),
    [
        ("train", {"buses": 1133, "events": 1498, "homes": 2064, "rentalcars": 874}),
        ("test", {"buses": 377, "events": 521, "homes": 587, "rentalcars": 328}),
    ],
)
def test_the_real_files_are_read_whole(shared_data, split, counts):
    real = shared_data / "data" / "dstc8_span"
    if not real.is_dir():
        pytest.skip(f"no DSTC8 spans at {real}")
    assert {name: len(list(dstc8_span.load(real, split, domain=name))) for name in counts} == counts
    dialogues = list(dstc8_span.load(real, split))
    assert len({one.id for one in dialogues}) == sum(counts.values())
    users = [one.turns[-1] for one in dialogues]
    spans = [(turn.text, value) for turn in users for f in turn.frames for slot in f.slots for value in slot.values]
    assert all(text[value.start : value.end] == value.text for text, value in spans)
    assert sum(bool(turn.frames) for turn in users) == {"train": 1550, "test": 481}[split]
