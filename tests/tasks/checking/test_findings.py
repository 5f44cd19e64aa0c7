"""A check takes exactly the records that fine-tuning takes, and gives a reason and a place for all others."""

import json

import pytest

from space_jax.config_files import load_config
from space_jax.dialogue.jsonl import write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from space_jax.tasks.checking.findings import check
from space_jax.tasks.checking.selection import files_of
from space_jax.tasks.config import DataSource
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.splits import own_world
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.registry import task_class
from space_jax.tasks.slots.config import SlotsConfig
from space_jax.tasks.track.config import TrackConfig

CONFIGS = (IntentConfig(), SlotsConfig(), TrackConfig(), DialogueConfig())
FIX = Frame("repair", "fix", (Slot("part", (Value("tyre", 7, 11),)),))
ASK = Frame("repair", "request", (Slot("day"),))


def talk(name, *, state=True, frames=(FIX,)):
    return Dialogue(
        name,
        (
            Turn(SYSTEM, "welcome"),
            Turn(USER, "fix my tyre please", frames, state={"repair": {"part": ("tyre",)}} if state else None),
            Turn(SYSTEM, "Which day?", (ASK,)),
            Turn(USER, "never mind"),
            Turn(SYSTEM, "Bye."),
        ),
    )


@pytest.fixture
def folder(tmp_path):
    write_jsonl(tmp_path / "train.jsonl", [talk("a"), talk("b", state=False), talk("c", frames=None)])
    write_jsonl(tmp_path / "validation.jsonl", [talk("d")])
    return tmp_path


def checked(config, source):
    return check(task_class(config.name), config, source, own_world(""))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
@pytest.mark.parametrize("split", ["train", "validation"])
def test_the_records_are_those_of_fine_tuning(config, split, folder):
    corpus = DataSource(corpus="jsonl", source=str(folder))
    wanted = task_class(config.name).read_split(config, corpus, split)
    found = checked(config, folder)
    assert found.splits[split].records == wanted != []
    assert len(found.splits[split].where) == len(wanted)
    assert found.stops == []


@pytest.mark.parametrize(
    ("config", "usable", "left_out"),
    [
        (CONFIGS[0], 2, {"the user turn has no frames": (4, "dialogue a, turn 3")}),
        (CONFIGS[1], 2, {"the user turn has no frames": (4, "dialogue a, turn 3")}),
        (CONFIGS[2], 2, {"the user turn has no state": (4, "dialogue a, turn 3")}),
        (CONFIGS[3], 6, {"the system turn follows no user turn, so it is context only": (3, "dialogue a, turn 0")}),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_every_other_turn_has_a_reason_and_a_place(config, usable, left_out, folder):
    train = checked(config, folder).splits["train"]
    assert (train.read, len(train.records)) == (3, usable)
    assert {what: (count, first[0]) for what, count, first in train.left_out.ranked()} == left_out


def test_a_turn_with_two_intents_stops_fine_tuning_and_no_other_turn(folder):
    two = talk("two", frames=(FIX, Frame("repair", "greet")))
    write_jsonl(folder / "train.jsonl", [two, talk("a")])
    found = checked(IntentConfig(), folder)
    assert found.stops == [f"{folder / 'train.jsonl'}: dialogue two: turn 1: expected one intent, found fix, greet"]
    assert [record.id for record in found.splits["train"].records] == ["a#1"]
    with pytest.raises(UserError, match="dialogue two: turn 1: expected one intent"):
        task_class("intent").read_split(IntentConfig(), DataSource(corpus="jsonl", source=str(folder)), "train")


def test_a_line_that_is_no_dialogue_stops_fine_tuning(folder):
    with (folder / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "z"}\n')
    found = checked(DialogueConfig(), folder)
    assert found.splits["train"].read == 3
    (error,) = found.stops
    assert error.startswith(f"{folder / 'train.jsonl'}:4: field turns")


def rows(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_rows_with_and_without_a_label(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("id,text,label\n1,fix it,fix\n2,oops,\n1,again,fix\n4,,fix\n5,bye,bye\n", encoding="utf-8")
    found = checked(IntentConfig(), path)
    train = found.splits["train"]
    assert ([one.id for one in train.records], train.where) == (["1", "5"], [f"{path}:2", f"{path}:6"])
    assert train.left_out.as_json() == {"label is empty": {"count": 1, "first": [f"{path}:3"]}}
    assert found.stops == [
        f"{path}:4: expected a unique id, found '1' of {path}:2 again",
        f"{path}:5: field text: expected an utterance, found ''",
        f"{path}:3: label is empty, as in 1 rows; fine-tuning needs it in every row",
    ]


def test_the_column_that_is_missing_is_named_with_those_that_there_are(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("text,category\nfix it,fix\n", encoding="utf-8")
    assert list(checked(IntentConfig(), path).splits["train"].left_out.counts) == ["no label (found text, category)"]
    assert checked(IntentConfig(label_field="category"), path).usable == 1


def test_rows_of_slots_and_of_tracking(tmp_path):
    spans = rows(tmp_path / "slots.jsonl", {"text": "at two", "spans": [{"slot": "time", "start": 3, "end": 6}]})
    turns = [{"role": "user", "text": "at two"}]
    states = rows(
        tmp_path / "track.jsonl", {"turns": turns, "after": {"a-time": "2"}}, {"turns": turns, "id": "x", "state": {}}
    )
    assert checked(SlotsConfig(), spans).labels == {"train": {"time": 1}}
    found = checked(TrackConfig(), states)
    assert (found.usable, found.labels) == (1, {"train": {"a-time": 1}})
    assert found.splits["train"].left_out.counts == {"no after (found turns, id, state)": 1}


def test_labels_rare_in_one_split_and_unclear(tmp_path):
    lines = [*(f"fix number {n},fix" for n in range(5)), "mend it,mend", "Mend it!,fix"]
    (tmp_path / "train.csv").write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    (tmp_path / "validation.csv").write_text("text,label\nfix number 0,fix\nbye,Bye\n", encoding="utf-8")
    found = checked(IntentConfig(), tmp_path)
    assert found.labels == {"train": {"fix": 6, "mend": 1}, "validation": {"Bye": 1, "fix": 1}}
    assert found.rare == {"mend": 1}
    assert found.one_split == {"mend": "train", "Bye": "validation"}
    assert [[one.label for one in group] for group in found.conflicts] == [["mend", "fix"]]
    assert [[one.split for one in group] for group in found.across_splits] == [["train", "validation"]]
    assert found.stops == []
    report = found.as_json()
    assert report["conflicts"] == {
        "count": 1,
        "first": [
            [
                {"split": "train", "where": f"{tmp_path / 'train.csv'}:7", "text": "mend it", "label": "mend"},
                {"split": "train", "where": f"{tmp_path / 'train.csv'}:8", "text": "Mend it!", "label": "fix"},
            ]
        ],
    }
    assert json.loads(json.dumps(report)) == report


def test_validation_that_can_choose_no_checkpoint_is_an_error(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\nfix,fix\n", encoding="utf-8")
    (tmp_path / "validation.csv").write_text("text,label\nfix,FIX\n", encoding="utf-8")
    (error,) = checked(IntentConfig(), tmp_path).stops
    assert error.startswith("validation records: expected labels that the training records have")


def test_spans_of_near_duplicates_are_compared_by_their_words(tmp_path):
    def row(text, *words):
        spans = [{"slot": "time", "start": text.index(word), "end": text.index(word) + len(word)} for word in words]
        return {"text": text, "spans": spans}

    path = rows(tmp_path / "x.jsonl", row("at two", "two"), row("Please at TWO", "TWO"), row("at two!"))
    (group,) = checked(SlotsConfig(), path).conflicts
    assert [one.label for one in group] == ["time 'two'", "nothing"]


def test_files_of_a_source(tmp_path):
    with pytest.raises(UserError, match=r"expected a file, or a folder with train, validation and test files"):
        files_of(tmp_path / "none")
    with pytest.raises(UserError, match=r"expected files such as train\.jsonl or train\.csv, found none"):
        files_of(tmp_path)
    for name in ("train.csv", "test.jsonl.gz"):
        (tmp_path / name).touch()
    assert files_of(tmp_path) == {"train": tmp_path / "train.csv", "test": tmp_path / "test.jsonl.gz"}
    assert files_of(tmp_path / "train.csv") == {"train": tmp_path / "train.csv"}
    (tmp_path / "train.jsonl").touch()
    with pytest.raises(UserError, match=r"expected one file of a split, found train\.jsonl and train\.csv"):
        files_of(tmp_path)


def test_an_empty_file_has_nothing(tmp_path):
    (tmp_path / "x.jsonl").touch()
    for config in CONFIGS:
        assert checked(config, tmp_path / "x.jsonl").usable == 0
    assert load_config("finetune/intent_csv").task.label_field == "label"  # what the option's default stands for


def test_an_agent_needs_dialogues(tmp_path):
    (tmp_path / "x.csv").touch()
    with pytest.raises(UserError, match="expected dialogues for an agent"):
        checked(DialogueConfig(), tmp_path / "x.csv")
