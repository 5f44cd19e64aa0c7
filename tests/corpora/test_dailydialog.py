"""The loader of DailyDialog, on a small made-up file in the unified format and on the real file."""

import copy
import json
import zipfile

import pytest

from space_jax.corpora import dailydialog
from space_jax.dialogue.record import Dialogue, Turn
from space_jax.errors import UserError


def said(speaker: str, text: str, act: str) -> dict:
    acts = {"binary": [{"intent": act, "domain": "", "slot": ""}], "categorical": [], "non-categorical": []}
    return {"speaker": speaker, "utterance": text, "utt_idx": 0, "dialogue_acts": acts, "emotion": "no emotion"}


def record(split: str, number: int) -> dict:
    return {
        "dataset": "dailydialog",
        "data_split": split,
        "dialogue_id": f"dailydialog-{split}-{number}",
        "original_id": f"{split}-{number}",
        "domains": ["Work"],
        "turns": [said("user", "Is it  late? ", "question"), said("system", "Not at all.", "inform")],
    }


TURNS = (Turn("user", "Is it late?"), Turn("system", "Not at all."))


def write(folder, content: bytes) -> None:
    with zipfile.ZipFile(folder / "dailydialog_unified.zip", "w") as archive:
        archive.writestr("data/ontology.json", "{}")
        archive.writestr("data/dialogues.json", content)


def test_the_dialogues_of_a_split_are_unlabelled_turns(tmp_path):
    records = [record("train", 0), record("test", 0), record("train", 1)]
    write(tmp_path, json.dumps(records).encode())
    assert list(dailydialog.load(tmp_path, "train")) == [Dialogue("train-0", TURNS), Dialogue("train-1", TURNS)]
    assert list(dailydialog.load(tmp_path, "test")) == [Dialogue("test-0", TURNS)]
    with pytest.raises(UserError, match=r"dialogues\.json: expected dialogues with data_split validation, found none"):
        list(dailydialog.load(tmp_path, "validation"))


def test_the_unpacked_file_is_read_too(tmp_path):
    assert dailydialog.find_splits(tmp_path) == ()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dialogues.json").write_text(json.dumps([record("test", 3)]))
    assert list(dailydialog.load(tmp_path, "test")) == [Dialogue("test-3", TURNS)]
    assert dailydialog.find_splits(tmp_path) == ("train", "validation", "test")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda one: one.update(data_split="dev"), "dialogue 0: field data_split: .*found 'dev'"),
        (lambda one: one.pop("original_id"), "dialogue 0: field original_id: expected str, found nothing"),
        (lambda one: one.update(turns=[]), r"dialogue 0 \(0\): expected at least one turn"),
        (lambda one: one["turns"][1].update(speaker="B"), r"dialogue 0 \(0\), turn 1: field speaker: .*found 'B'"),
        (lambda one: one["turns"][1].update(utterance=None), "turn 1: field utterance: expected str, found NoneType"),
    ],
)
def test_a_damaged_dialogue_is_named(tmp_path, spoil, message):
    damaged = copy.deepcopy(record("train", 0))
    spoil(damaged)
    write(tmp_path, json.dumps([damaged]).encode())
    with pytest.raises(UserError, match=rf"dailydialog_unified\.zip/data/dialogues\.json: .*{message}"):
        list(dailydialog.load(tmp_path, "train"))


def test_damaged_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"expected data/dialogues\.json, packed in dailydialog_unified\.zip or"):
        list(dailydialog.load(tmp_path, "train"))
    for content in (b'[{"dataset": ', '["caf\u00e9"]'.encode("latin-1")):
        write(tmp_path, content)
        with pytest.raises(UserError, match=r"dialogues\.json: expected JSON, found it damaged"):
            list(dailydialog.load(tmp_path, "train"))
    (tmp_path / "dailydialog_unified.zip").write_bytes(b"PK not a zip")
    assert dailydialog.find_splits(tmp_path) == ()
    with pytest.raises(UserError, match=r"dailydialog_unified\.zip: expected a zip archive"):
        list(dailydialog.load(tmp_path, "train"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("split", "dialogues", "turns"), [("train", 11118, 87170), ("validation", 1000, 8069), ("test", 1000, 7740)]
)
def test_the_real_file_is_read_whole(shared_data, split, dialogues, turns):
    read = list(dailydialog.load(shared_data / "data" / "unlabelled", split))
    assert len({dialogue.id for dialogue in read}) == dialogues
    assert sum(len(dialogue.turns) for dialogue in read) == turns
    assert all(turn.text and turn.acts is None for dialogue in read for turn in dialogue.turns)
