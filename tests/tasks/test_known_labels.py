"""Files without labels, and validation that cannot choose a checkpoint: refused before anything is made of them."""

import json

import pytest

from space_jax.errors import UserError
from space_jax.tasks.config import DataSource, FinetuneConfig
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.finetune import finetune
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.intent.task import IntentTask
from space_jax.tasks.known_labels import require_comparable, unknown_labels
from space_jax.tasks.parse.config import ParseConfig
from space_jax.tasks.registry import task_class
from space_jax.tasks.slots.config import SlotsConfig
from space_jax.tasks.track.config import TrackConfig, TrackTextConfig

CONFIGS = {
    config.name: config
    for config in (IntentConfig(), SlotsConfig(), ParseConfig(), TrackConfig(), TrackTextConfig(), DialogueConfig())
}


def write(path, content):
    """A JSONL file of objects, or a file of text."""
    text = content if isinstance(content, str) else "".join(json.dumps(one) + "\n" for one in content)
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture
def refusal(tmp_path):
    """What a run of a task with these files is refused with; nothing is written, and the weights are not looked for."""

    def run(task, train, validation, suffix=".jsonl", **fields):
        config = type(CONFIGS[task])(**fields)
        files = {
            name: write(tmp_path / f"{name}{suffix}", it) for name, it in (("train", train), ("validation", validation))
        }
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(UserError) as caught:
            finetune(FinetuneConfig(config, DataSource(**files)), tmp_path / "run", "no weights")
        assert sorted(tmp_path.rglob("*")) == before
        return str(caught.value).replace(f"{tmp_path}/", "")

    return run


TABLE = "text,label\nmy card is lost,card\nthe loan,loan\n"
NO_LABEL = "no column 'label' for the name of an intent (found text, intent); name it with --config.task.label_field"


def test_a_table_whose_label_column_has_another_name(refusal):
    other = TABLE.replace("label", "intent")
    assert refusal("intent", other, TABLE, ".csv") == f"train.csv:1: {NO_LABEL}"
    assert refusal("intent", TABLE, other, ".csv") == f"validation.csv:1: {NO_LABEL}"
    said = refusal("intent", TABLE, TABLE, ".csv", label_field="nope")
    assert said.startswith("train.csv:1: no column 'nope' for the name of an intent (found text, label)")


def test_a_table_in_which_a_label_is_empty(refusal):
    gap = TABLE.replace(",loan", ", ")
    expected = "field label: expected the name of an intent, found none"
    assert refusal("intent", gap, TABLE, ".csv") == f"train.csv:3: {expected}"
    unlabelled = TABLE.replace("card\n", "\n").replace("loan\n", "\n")
    assert refusal("intent", TABLE, unlabelled, ".csv") == f"validation.csv:2: {expected}"


INTENT = {"text": "my card is lost", "label": "card"}
SLOTS = {"text": "table for two", "spans": [{"slot": "people", "start": 10, "end": 13}]}
PARSE = {"text": "the hotel", "parse": "[IN:BOOK the [SL:PLACE hotel ] ]"}
TRACK = {"turns": [{"role": "user", "text": "north"}], "after": {"hotel-area": "north"}}
TRUTHS = {
    "intent": (INTENT, "label", "the name of an intent"),
    "slots": (SLOTS, "spans", "a list of spans"),
    "parse": (PARSE, "parse", "a bracketed parse"),
    "track": (TRACK, "after", "the state after the turn"),
    "track_text": (TRACK, "after", "the state after the turn"),
}


@pytest.mark.parametrize("task", TRUTHS)
def test_a_line_without_its_truth_is_named(refusal, task):
    line, field, expected = TRUTHS[task]
    bare = {name: value for name, value in line.items() if name != field}
    found = ", ".join(bare)
    said = refusal(task, [line, bare], [line])
    assert said.startswith(f"train.jsonl:2: no field {field!r} for {expected} (found {found})")
    assert refusal(task, [line], [line, line, bare]).startswith(
        f"validation.jsonl:3: no field {field!r} for {expected}"
    )


@pytest.mark.parametrize("task", ["intent", "parse"])
def test_null_is_no_truth(refusal, task):
    line, field, expected = TRUTHS[task]
    assert refusal(task, [line, {**line, field: None}], [line]) == (
        f"train.jsonl:2: field {field}: expected {expected}, found none"
    )


DIALOGUE = {
    "id": "d",
    "turns": [
        {"role": "user", "text": "north", "state": {"hotel": {"area": "north"}}},
        {"role": "system", "text": "two", "frames": [{"domain": "hotel", "intent": "inform", "slots": []}]},
    ],
}
NO_STATES = {"id": "d", "turns": [{"role": "user", "text": "north"}, DIALOGUE["turns"][1]]}
NO_ACTS = {"id": "d", "turns": [DIALOGUE["turns"][0], {"role": "system", "text": "two"}]}


@pytest.mark.parametrize(
    ("task", "train", "validation", "part"),
    [
        ("slots", SLOTS, {**SLOTS, "spans": []}, "spans"),
        ("track", TRACK, {**TRACK, "after": {}}, "values in their states"),
        ("track_text", TRACK, {**TRACK, "after": {}}, "values in their states"),
        ("dialogue", DIALOGUE, NO_STATES, "belief states"),
        ("dialogue", DIALOGUE, NO_ACTS, "acts"),
    ],
)
def test_what_training_has_and_validation_lacks(refusal, task, train, validation, part):
    said = refusal(task, [train], [validation])
    assert said == f"validation records: expected some with {part}, as in training, found none"


@pytest.mark.parametrize(
    ("task", "train", "part"),
    [("slots", {**SLOTS, "spans": []}, "spans"), ("track", {**TRACK, "after": {}}, "a state")],
)
def test_training_without_any_label(refusal, task, train, part):
    assert refusal(task, [train], [train]) == f"training records: expected some with {part}, found none"


def test_training_without_any_intent_but_the_one_outside(refusal):
    outside = {"text": "hm", "label": "oos"}
    said = refusal("intent", [outside], [INTENT], out_of_scope="threshold")
    assert said == "training records: expected some with an intent, found none"


@pytest.mark.parametrize(
    ("task", "train", "validation", "found"),
    [
        ("intent", INTENT, {**INTENT, "label": "Card"}, "'Card' (1, nearest 'card')"),
        ("intent", INTENT, {**INTENT, "label": "x"}, "'x' (1)"),
        (
            "slots",
            SLOTS,
            {**SLOTS, "spans": [{"slot": "People", "start": 10, "end": 13}]},
            "'People' (1, nearest 'people')",
        ),
        (
            "parse",
            PARSE,
            {**PARSE, "parse": "[IN:BOOKS the [SL:PLACES hotel ] ]"},
            "'IN:BOOKS' (1, nearest 'IN:BOOK'), 'SL:PLACES' (1, nearest 'SL:PLACE')",
        ),
        ("track", TRACK, {**TRACK, "after": {"hotel_area": "north"}}, "'hotel_area' (1, nearest 'hotel-area')"),
        ("track_text", TRACK, {**TRACK, "after": {"hotel_area": "north"}}, "'hotel_area' (1, nearest 'hotel-area')"),
    ],
)
def test_validation_without_a_known_label(refusal, task, train, validation, found):
    said = refusal(task, [train], [validation])
    assert said == f"validation records: expected labels that the training records have, found {found}"


def test_some_unknown_labels_are_counted_and_named():
    config, train = IntentConfig(), [IntentRecord("1", "", "card"), IntentRecord("2", "", "loan")]
    labels = IntentTask.make_labels(config, train)
    names = [*5 * ["card"], *3 * ["Card"], *2 * ["laon"], "a", "b"]
    records = [IntentRecord(str(n), "", name) for n, name in enumerate(names)]
    require_comparable(IntentTask, config, labels, train, records)
    assert unknown_labels(IntentTask, config, labels, records) == (
        "4 labels that training lacks and no prediction equals: 'Card' (3, nearest 'card'), "
        "'laon' (2, nearest 'loan'), 'a' (1) and 1 more"
    )
    assert unknown_labels(IntentTask, config, labels, records[:5]) == ""
    threshold = IntentConfig(out_of_scope="threshold", out_of_scope_label="a")
    assert unknown_labels(IntentTask, threshold, labels, [records[0], records[-2]]) == ""


def test_a_dialogue_needs_no_label():
    kind, config = task_class("dialogue"), DialogueConfig()
    assert unknown_labels(kind, config, {"state": False, "acts": False}, []) == ""
