"""ConvLab-3's unified form of MultiWOZ: what is checked, and what it makes of a span that lies."""

import json
import zipfile

import pytest

from space_jax.corpora import multiwoz21
from space_jax.dialogue.record import Slot, Value
from space_jax.errors import UserError
from tests.corpora.multiwoz_forms.small import CONTENT
from tests.corpora.multiwoz_forms.written import unified


@pytest.fixture
def folder(tmp_path):
    """The archive, unpacked."""
    unified(tmp_path / "data.zip", CONTENT)
    with zipfile.ZipFile(tmp_path / "data.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


def changed(folder, change):
    path = folder / "data" / "dialogues.json"
    dialogues = json.loads(path.read_text())
    change(dialogues[0])
    path.write_text(json.dumps(dialogues))


def read(folder, split="train"):
    return list(multiwoz21.load(folder, split))


def test_a_span_that_lies_is_searched_for(folder):
    def change(one):
        (stay,) = one["turns"][0]["dialogue_acts"]["non-categorical"]
        stay.update(start=0, end=1)

    changed(folder, change)
    assert Slot("stay", (Value("2", 26, 27),)) in read(folder)[0].turns[0].frames[0].slots


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.pop("data_split"), "dialogue 0: field data_split: expected str, found nothing"),
        (lambda one: one.pop("original_id"), "dialogue 0: field original_id: expected str, found nothing"),
        (lambda one: one.update(turns=[]), r"dialogue 0 \(MUL1\): field turns: expected at least one turn"),
        (lambda one: one["turns"][0].update(speaker="boss"), "turn 0: field speaker: expected user or system"),
        (lambda one: one["turns"][0].pop("utterance"), "turn 0: field utterance: expected str, found nothing"),
        (lambda one: one["turns"][0].update(state=3), "turn 0: field state: expected dict, found int"),
        (lambda one: one["turns"][0]["state"].update(hotel=3), "field state: field hotel: expected dict, found int"),
        (lambda one: one["turns"][0]["state"]["hotel"].update(area=3), r"field state\.hotel\.area: expected a string"),
        (lambda one: one["turns"][0].update(dialogue_acts={}), "field categorical: expected list, found nothing"),
        (
            lambda one: one["turns"][0]["dialogue_acts"].update(binary=[3]),
            "field dialogue_acts: expected lists of objects, found something else",
        ),
        (
            lambda one: one["turns"][0]["dialogue_acts"].update(
                binary=[{"intent": "sing", "domain": "hotel", "slot": ""}]
            ),
            r"expected acts of .*multiwoz\.ACTS_OF, found sing",
        ),
    ],
)
def test_a_damaged_dialogue_is_named(folder, change, message):
    changed(folder, change)
    with pytest.raises(UserError, match=rf"data/dialogues\.json: .*{message}"):
        read(folder)


def test_a_split_without_dialogues_is_named(tmp_path):
    unified(tmp_path / "data.zip", {"train": CONTENT["train"]})
    with pytest.raises(UserError, match=r"data\.zip/data/dialogues\.json: expected dialogues with data_split test"):
        read(tmp_path / "data.zip", "test")
