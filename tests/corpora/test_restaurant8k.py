"""The loader of Restaurants-8k, on small made-up files in its format and on the real ones."""

import json
import zipfile

import pytest

from space_jax.corpora import restaurant8k
from space_jax.dialogue import dialogue_from_json, dialogue_to_json
from space_jax.errors import UserError

TRAIN = [
    {"userInput": {"text": "four of us"}, "labels": [{"slot": "people", "valueSpan": {"endIndex": 4}}]},
    {"userInput": {"text": "at noon"}, "context": {"requestedSlots": ["time"]}},
]
FILES = {"train_0.json": TRAIN, "train_1.json": TRAIN[1:], "test.json": TRAIN[:1]}


@pytest.fixture(params=["folder", "zip"])
def source(tmp_path, request):
    if request.param == "folder":
        for name, records in FILES.items():
            (tmp_path / name).write_text(json.dumps(records))
    else:
        with zipfile.ZipFile(tmp_path / "restaurant8k.zip", "w") as archive:
            for name, records in FILES.items():
                archive.writestr(f"restaurant8k/{name}", json.dumps(records))
    return tmp_path


def test_splits_and_halvings_read_their_files(source):
    train = list(restaurant8k.CORPUS.load(source, "train"))
    assert [(one.id, one.turns[-1].text, len(one.turns)) for one in train] == [
        ("train-0", "four of us", 1),
        ("train-1", "at noon", 2),
    ]
    assert train[0].turns[0].frames[0].domain == "restaurant"
    assert [one.id for one in restaurant8k.CORPUS.load(source, "train", halvings=1)] == ["train-train_1-0"]
    assert [one.id for one in restaurant8k.CORPUS.load(source, "test", halvings=1)] == ["test-0"]
    assert restaurant8k.CORPUS.available_splits(source) == ("train", "test")


def test_what_is_not_there_is_said(source):
    with pytest.raises(UserError, match=r"expected train_2\.json, or restaurant8k\.zip with train_2\.json in it"):
        list(restaurant8k.load(source, "train", halvings=2))
    with pytest.raises(UserError, match="option halvings: expected 0 to 8, found 9"):
        list(restaurant8k.load(source, "train", halvings=9))
    with pytest.raises(UserError, match="split 'validation' is not one of train, test"):
        restaurant8k.CORPUS.load(source, "validation")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"userInput": ', r"test\.json: expected JSON, found it damaged"),
        ('[{"userInput": {"text": "für"}}]'.encode("latin-1"), r"test\.json: expected JSON, found it damaged"),
        (
            b'[{"userInput": {"text": "a"}}, {"userInput": {"text": "a"}, "labels": [{}]}]',
            r"test\.json: record 1: field labels: expected spans within 1 characters",
        ),
    ],
)
def test_damaged_files_are_named(tmp_path, content, message):
    (tmp_path / "test.json").write_bytes(content)
    with pytest.raises(UserError, match=message):
        list(restaurant8k.load(tmp_path, "test"))


@pytest.mark.parametrize(("split", "count", "labelled"), [("train", 8198, 5223), ("test", 3731, 2379)])
def test_the_real_files_are_read_whole(shared_data, split, count, labelled):
    real = shared_data / "data" / "restaurant8k"
    if not real.is_dir():
        pytest.skip(f"no Restaurants-8k at {real}")
    dialogues = list(restaurant8k.load(real, split))
    users = [one.turns[-1] for one in dialogues]
    slots = [(turn, slot) for turn in users for frame in turn.frames for slot in frame.slots]
    assert len(dialogues) == len({one.id for one in dialogues}) == count
    assert sum(bool(turn.frames) for turn in users) == labelled
    assert {slot.name for _, slot in slots} == {"date", "time", "people", "first_name", "last_name"}
    assert all(turn.text[value.start : value.end] == value.text for turn, slot in slots for value in slot.values)
    assert all(dialogue_from_json(dialogue_to_json(one)) == one for one in dialogues[:300])
