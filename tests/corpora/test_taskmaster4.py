"""The loader of Taskmaster-4, on small made-up files in its format and on the real files."""

import copy
import json
import zipfile

import pytest

from space_jax.corpora import taskmaster4
from space_jax.dialogue.record import Dialogue, Turn
from space_jax.errors import UserError

CALL = {"name": "api_call", "value": "show_menu", "context": "api_call_0"}
RECORD = {
    "conversation_id": "dlg-1",
    "vertical": "Coffee",
    "scenario": "Auto",
    "instructions": None,
    "utterances": [
        {"index": 0, "speaker": "user", "text": "a flat  white", "segments": [], "annotations": [CALL]},
        {"index": 1, "speaker": "assistant", "text": "Coming up.", "segments": [], "annotations": []},
    ],
}
TURNS = (Turn("user", "a flat white"), Turn("system", "Coming up."))


def write(folder, *contents: str) -> None:
    with zipfile.ZipFile(folder / "taskmaster4.zip", "w") as archive:
        archive.writestr("TM-4-2024/reward/reward_00.json", "[{}]")
        for number, content in enumerate(contents):
            archive.writestr(f"TM-4-2024/data/data_{number:02}.json", content)


def test_utterances_are_turns_and_calls_and_rewards_are_left_out(tmp_path):
    write(tmp_path, json.dumps([RECORD]), json.dumps([{**RECORD, "conversation_id": "dlg-2"}]))
    assert list(taskmaster4.CORPUS.load(tmp_path, "train")) == [
        Dialogue("train-dlg-1", TURNS),
        Dialogue("train-dlg-2", TURNS),
    ]
    assert taskmaster4.CORPUS.available_splits(tmp_path) == ("train",)
    with pytest.raises(UserError, match="split 'test' is not one of train"):
        taskmaster4.CORPUS.load(tmp_path, "test")


def test_unpacked_files_are_read_too(tmp_path):
    assert taskmaster4.find_splits(tmp_path) == ()
    (tmp_path / "data_03.json").write_text(json.dumps([RECORD]))
    assert list(taskmaster4.load(tmp_path, "train")) == [Dialogue("train-dlg-1", TURNS)]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda one: one.pop("conversation_id"), "dialogue 0: field conversation_id: expected str, found nothing"),
        (lambda one: one.update(utterances=[]), r"dialogue 0 \(dlg-1\): expected at least one utterance"),
        (lambda one: one["utterances"][1].update(speaker="bot"), "utterance 1: field speaker: .*found 'bot'"),
        (lambda one: one["utterances"][0].pop("text"), "utterance 0: field text: expected str, found nothing"),
    ],
)
def test_a_damaged_dialogue_is_named(tmp_path, spoil, message):
    damaged = copy.deepcopy(RECORD)
    spoil(damaged)
    write(tmp_path, json.dumps([damaged]))
    with pytest.raises(UserError, match=rf"taskmaster4\.zip/.*data_00\.json: .*{message}"):
        list(taskmaster4.load(tmp_path, "train"))


def test_damaged_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"expected data/data_NN\.json, packed in taskmaster4\.zip or unpacked"):
        list(taskmaster4.load(tmp_path, "train"))
    write(tmp_path, '[{"conversation_id": ')
    with pytest.raises(UserError, match=r"data_00\.json: expected JSON, found it damaged"):
        list(taskmaster4.load(tmp_path, "train"))


@pytest.mark.slow
def test_the_real_files_are_read_whole(shared_data):
    read = list(taskmaster4.load(shared_data / "data" / "unlabelled", "train"))
    assert len({dialogue.id for dialogue in read}) == 3710
    assert sum(len(dialogue.turns) for dialogue in read) == 13915
    assert all(turn.text for dialogue in read for turn in dialogue.turns)
