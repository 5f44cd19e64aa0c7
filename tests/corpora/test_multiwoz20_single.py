"""The loader of MultiWOZ's single-domain dialogues, on small made-up files in their format and on the real ones."""

import copy
import json
import zipfile

import pytest

from space_jax.corpora import multiwoz20_single
from space_jax.dialogue import dialogue_from_json, dialogue_to_json
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError

RECORD = {
    "id": "SNG1",
    "user_id": "user",
    "bot_id": "bot",
    "domain": "taxi",
    "task_id": "taxi",
    "turns": ["Yes?", "A cab to the  old mill\nby 9:30, not 30.", "It is set : a red van ", "Thanks"],
    "annotations": [
        {},
        {"Taxi-Inform": [["Dest", "the old mill"], ["Arrive", "9:30"], ["Depart", "the inn"]]},
        {"Taxi-Inform": [["Car", "red van"]], "Booking-Book": [["none", "none"]]},
        {},
    ],
}


@pytest.fixture
def folder(tmp_path):
    """The corpus' folder, with the id lists beside it."""
    (tmp_path / "multiwoz21").mkdir()
    for name, ids in (("train", "SNG2\nSNG3\n"), ("val", "SNG1\n"), ("test", "SNG4.json\n")):
        (tmp_path / "multiwoz21" / f"{name}ListFile").write_text(ids)
    (tmp_path / "single").mkdir()
    return tmp_path / "single"


def write(folder, **files: list[dict]) -> None:
    with zipfile.ZipFile(folder / "dstc8_multiwoz2.0.zip", "w") as archive:
        archive.writestr("tasks.txt", "not a dialogue")
        for name, records in files.items():
            archive.writestr(f"dialogues/{name}.txt", "".join(json.dumps(record) + "\n" for record in records))


def load(folder, split: str = "validation", **options) -> list:
    return list(multiwoz20_single.CORPUS.load(folder, split, **options))


def test_a_dialogue_by_value(folder):
    write(folder, taxi=[RECORD])
    (dialogue,) = load(folder)
    assert dialogue.id == "validation-SNG1"
    opening, wish, answer, last = dialogue.turns
    assert (opening.role, opening.text, opening.frames, opening.acts) == ("system", "Yes?", None, None)
    assert (wish.role, wish.text, wish.acts) == ("user", "A cab to the old mill by 9:30, not 30.", ("inform",))
    assert wish.frames == (
        Frame(
            "taxi",
            "inform",
            (
                Slot("destination", (Value("the old mill", 9, 21),)),
                Slot("arrive_by", (Value("9:30", 25, 29),)),
                Slot("departure", (Value("the inn"),)),  # not in the text
            ),
        ),
    )
    assert answer.frames == (
        Frame("taxi", "inform", (Slot("car", (Value("red van", 14, 21),)),)),
        Frame("booking", "book"),
    )
    assert answer.acts == ("inform", "notify_success")
    assert answer.delexicalised == "It is set : a [taxi_car]"
    assert wish.delexicalised is None
    assert last.acts is None
    assert all(turn.state is None for turn in dialogue.turns)


def test_the_id_lists_divide_the_dialogues(folder):
    write(folder, taxi=[RECORD | {"id": "SNG3"}, RECORD], bus=[RECORD | {"id": "SNG2"}, RECORD | {"id": "SNG4"}])
    assert [dialogue.id for dialogue in load(folder, "train")] == ["train-SNG2", "train-SNG3"]
    assert [dialogue.id for dialogue in load(folder, "test")] == ["test-SNG4"]
    assert multiwoz20_single.find_splits(folder) == ("train", "validation", "test")


def test_the_lists_may_lie_elsewhere_and_must_lie_somewhere(folder):
    write(folder, taxi=[RECORD])
    (folder.parent / "multiwoz21").rename(folder.parent / "lists")
    assert len(load(folder, lists=folder.parent / "lists")) == 1
    with pytest.raises(UserError, match=r"multiwoz21: expected trainListFile, valListFile, testListFile .*lists names"):
        load(folder)


def test_ids_without_a_split_or_with_two_are_named(folder):
    write(folder, taxi=[RECORD, RECORD | {"id": "SNG9"}])
    with pytest.raises(UserError, match=r"taxi\.txt:2: field id: expected an id of trainListFile, .*found 'SNG9'"):
        load(folder)
    (folder.parent / "multiwoz21" / "testListFile").write_text("SNG4\nSNG1\n")
    with pytest.raises(UserError, match=r"testListFile:2: SNG1 is in valListFile too"):
        load(folder)


def test_the_files_may_lie_unpacked(folder):
    write(folder, taxi=[RECORD])
    zipped = load(folder)
    with zipfile.ZipFile(folder / "dstc8_multiwoz2.0.zip") as archive:
        archive.extractall(folder)
    (folder / "dstc8_multiwoz2.0.zip").unlink()
    assert load(folder) == zipped
    assert multiwoz20_single.find_splits(folder) == ("train", "validation", "test")


def test_unknown_acts_are_listed_with_file_and_turn(folder):
    record = copy.deepcopy(RECORD)
    record["annotations"][1] |= {"Taxi-Sing": [["none", "none"]]}
    write(folder, taxi=[record])
    with pytest.raises(UserError, match=r"taxi\.txt:1 \(SNG1\), turn 1: .*ACTS_OF, found Sing$"):
        load(folder)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ({"turns": ["a"]}, r"\(SNG1\): expected an annotation a turn, found 4 for 1 turns"),
        ({"turns": []}, "found 4 for 0 turns"),
        ({"turns": [1, 2, 3, 4]}, "field turns: expected a list of strings"),
        ({"annotations": [3, {}, {}, {}]}, "turn 0: field annotations: expected dict, found int"),
        ({"annotations": [{"Taxi": []}, {}, {}, {}]}, "turn 0: expected Domain-Act with a list"),
        ({"id": 3}, "field id: expected str, found int"),
    ],
)
def test_a_damaged_record_is_named(folder, spoil, message):
    write(folder, taxi=[RECORD | spoil])
    with pytest.raises(UserError, match=message):
        load(folder)


def test_damaged_and_missing_files_are_named(folder):
    with pytest.raises(
        UserError, match=r"expected dialogues/\*\.txt in dstc8_multiwoz2\.0/ or dstc8_multiwoz2\.0\.zip"
    ):
        load(folder)
    (folder / "dialogues").mkdir()
    (folder / "dialogues" / "taxi.txt").write_bytes(json.dumps(RECORD).encode() + b'\n{"id": "SNG1')
    with pytest.raises(UserError, match=r"taxi\.txt:2: expected JSON, found it damaged"):
        load(folder)
    (folder / "dialogues" / "taxi.txt").write_bytes(b'{"id": "\xff"}')
    with pytest.raises(UserError, match=r"taxi\.txt:1: expected JSON, found it damaged"):
        load(folder)


@pytest.mark.slow
def test_the_real_files_are_read_whole(shared_data):
    folder = shared_data / "data" / "multiwoz20_single"
    if not folder.is_dir():
        pytest.skip(f"no single-domain MultiWOZ at {folder}")
    dialogues, turns, unlabelled = {}, {}, 0
    for split in ("train", "validation", "test"):
        read = load(folder, split)
        assert all(dialogue_from_json(dialogue_to_json(dialogue)) == dialogue for dialogue in read)  # spans match
        dialogues[split] = len(read)
        turns[split] = sum(len(dialogue.turns) for dialogue in read)
        unlabelled += sum(turn.acts is None for dialogue in read for turn in dialogue.turns)
    assert dialogues == {"train": 2494, "validation": 204, "test": 226}
    assert turns["train"] == 21964 + 2494  # with the opening lines
    assert sum(turns.values()) == 28912
    assert unlabelled == 2924 + 1334 + 227
