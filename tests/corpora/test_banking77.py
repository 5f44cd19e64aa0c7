"""The loader of BANKING77, on small made-up files in its format and on the real ones."""

import json

import pytest

from space_jax.corpora import banking77
from space_jax.dialogue import dialogue_from_json, dialogue_to_json
from space_jax.dialogue.record import Dialogue, Frame, Turn
from space_jax.errors import UserError

LABELS = ["lost_card", "Money_back", "odd_payment?"]
FEW_SHOT = {
    "train": [("my card is gone", "lost_card"), ("what is  this payment?", "odd_payment?")],
    "valid": [("give me my money", "Money_back"), ("give me my money", "Money_back")],
    "train_5": [("my card is gone", "lost_card")],
}
CSV = 'text,category\nMy card is gone,lost_card\n"Give me,\nmy money",Money_back\n'


def few_shot(source, folder: str, rows: list[tuple[str, str]]) -> None:
    at = source / "few_shot" / folder
    at.mkdir(parents=True, exist_ok=True)
    (at / "seq.in").write_text("".join(f"{text}\n" for text, _ in rows))
    (at / "label").write_text("".join(f"{label}\n" for _, label in rows))


@pytest.fixture
def source(tmp_path):
    (tmp_path / "categories.json").write_text(json.dumps(LABELS))
    (tmp_path / "train.csv").write_text(CSV)
    for folder, rows in FEW_SHOT.items():
        few_shot(tmp_path, folder, rows)
    return tmp_path


def intents(dialogues) -> list[tuple[str, str, str]]:
    return [(one.id, one.turns[0].text, one.turns[0].frames[0].intent) for one in dialogues]


def test_an_utterance_is_a_user_turn_with_one_frame_and_nothing_else(source):
    assert next(banking77.load(source, "train")) == Dialogue(
        "train-0", (Turn("user", "my card is gone", (Frame("banking", "lost_card"),)),)
    )


def test_each_subset_and_split_reads_its_file(source):
    assert intents(banking77.load(source, "train")) == [
        ("train-0", "my card is gone", "lost_card"),
        ("train-1", "what is this payment?", "odd_payment?"),
    ]
    assert intents(banking77.load(source, "train", subset="train_5")) == [
        ("train-train_5-0", "my card is gone", "lost_card")
    ]
    repeated = [(f"validation-{row}", "give me my money", "money_back") for row in (0, 1)]
    assert intents(banking77.load(source, "validation")) == repeated
    assert intents(banking77.load(source, "validation", subset="train_5")) == repeated
    assert intents(banking77.load(source, "train", subset="published")) == [
        ("train-published-0", "My card is gone", "lost_card"),
        ("train-published-1", "Give me, my money", "money_back"),
    ]


def test_the_spelling_of_the_source_is_known(source):
    assert banking77.label_names(source) == {
        "lost_card": "lost_card",
        "money_back": "Money_back",
        "odd_payment?": "odd_payment?",
    }


def test_a_test_split_is_read_where_a_user_has_it(source):
    assert banking77.find_splits(source) == ("train", "validation")
    few_shot(source, "test", [("gone", "lost_card")])
    (source / "test.csv").write_text("text,category\nGone,lost_card\n")
    assert banking77.find_splits(source) == ("train", "validation", "test")
    assert intents(banking77.load(source, "test")) == [("test-0", "gone", "lost_card")]
    assert intents(banking77.load(source, "test", subset="published")) == [("test-published-0", "Gone", "lost_card")]


def test_what_is_not_there_is_said(source):
    with pytest.raises(UserError, match="published has no validation"):
        list(banking77.load(source, "validation", subset="published"))
    with pytest.raises(UserError, match=r"option subset: expected one of full, .*found 'tiny'"):
        list(banking77.load(source, "train", subset="tiny"))
    with pytest.raises(UserError, match=r"seq\.in: expected .* no such file"):
        list(banking77.load(source, "test"))
    (source / "categories.json").unlink()
    with pytest.raises(UserError, match=r"categories\.json"):
        list(banking77.load(source, "train"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"text,label\na,lost_card\n", r"train\.csv:1: expected the columns text,category, found 'text,label'"),
        (b"text,category\na,lost_card\nb\n", r"train\.csv:3: expected a text and a category, found \['b'\]"),
        (b"text,category\na, \n", r"train\.csv:2: expected a text and a category"),
        (
            b"text,category\na,lost_card\nb,sing\n",
            r"train\.csv:3: expected an intent of categories\.json, found 'sing'",
        ),
        (b'text,category\n"a,lost_card\n', r"train\.csv:\d: expected CSV, found it damaged"),
        (b"text,category\nb\xe4r,lost_card\n", r"train\.csv:2: expected UTF-8, found the byte 0xe4"),
        (b"", r"train\.csv:1: expected the columns"),
    ],
)
def test_a_damaged_csv_is_named_with_its_line(source, content, message):
    (source / "train.csv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        list(banking77.load(source, "train", subset="published"))


def test_an_unknown_intent_is_named_with_its_line(source):
    few_shot(source, "train", [("a", "lost_card"), ("b", "sing")])
    with pytest.raises(UserError, match=r"train/label:2: expected an intent of categories\.json, found 'sing'"):
        list(banking77.load(source, "train"))
    (source / "categories.json").write_text('["lost_card"')
    with pytest.raises(UserError, match=r"categories\.json: expected JSON, found it damaged"):
        list(banking77.load(source, "train"))


def test_the_real_files_are_read_whole_and_train_does_not_meet_validation(shared_data):
    real = shared_data / "data" / "banking77"
    if not real.is_dir():
        pytest.skip(f"no BANKING77 at {real}")
    rows = {
        subset: list(banking77.load(real, "train", subset=subset))
        for subset in ("full", "train_10", "train_5", "published")
    }
    validation = list(banking77.load(real, "validation"))
    assert {subset: len(found) for subset, found in rows.items()} == {
        "full": 8622,
        "train_10": 770,
        "train_5": 385,
        "published": 10003,
    }
    assert len(validation) == 1540
    texts = {one.turns[0].text for one in validation}
    for subset in ("full", "train_10", "train_5"):
        assert not texts & {one.turns[0].text for one in rows[subset]}
    for found in (*rows.values(), validation):
        assert {one.turns[0].frames[0].intent for one in found} == set(banking77.label_names(real))
        assert all(dialogue_from_json(dialogue_to_json(one)) == one for one in found[:50])
    assert len(banking77.label_names(real)) == 77
