"""The JSON that Restaurants-8k and DSTC8's spans share."""

import pytest

from space_jax.corpora import span_labels
from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError


def record(text: str, *labels, asked: list | None = None) -> dict:
    made: dict = {"userInput": {"text": text}}
    if labels:
        made["labels"] = list(labels)
    if asked is not None:
        made["context"] = {"requestedSlots": asked}
    return made


def label(slot: str, start: int | None, end: int) -> dict:
    span = {"endIndex": end} if start is None else {"startIndex": start, "endIndex": end}
    return {"slot": slot, "valueSpan": span}


def read(one: dict) -> Dialogue:
    return span_labels.dialogue(one, "train-0", "inn", "f.json: record 0")


def test_spans_and_what_was_asked_before_them():
    one = record("Jo Fox  at 8 or 9", label("Last Name", 3, 6), label("time", 11, 12), label("time", 16, 17),
                 label("first_name", None, 2), asked=["time", "time", "first_name"])  # fmt: skip
    assert read(one) == Dialogue(
        "train-0",
        (
            Turn("system", "", (Frame("inn", "request", (Slot("time"), Slot("first_name"))),), ("request",)),
            Turn(
                "user",
                "Jo Fox  at 8 or 9",
                (
                    Frame(
                        "inn",
                        "default_intent",
                        (
                            Slot("last_name", (Value("Fox", 3, 6),)),
                            Slot("time", (Value("8", 11, 12), Value("9", 16, 17))),
                            Slot("first_name", (Value("Jo", 0, 2),)),  # startIndex is left out where it is 0
                        ),
                    ),
                ),
            ),
        ),
    )


@pytest.mark.parametrize("asked", [None, []])
def test_an_utterance_without_labels_has_no_frames_and_without_request_no_system_turn(asked):
    assert read(record("what then?", asked=asked)) == Dialogue("train-0", (Turn("user", "what then?", ()),))


@pytest.mark.parametrize(
    "wrong",
    [
        label("time", 3, 9),
        label("time", 4, 4),
        label("time", -1, 2),
        label("time", 1, 2),  # a blank
        label(" ", 0, 1),
        {"slot": "time", "valueSpan": {"startIndex": 0}},
        {"slot": "time", "valueSpan": {"startIndex": "0", "endIndex": 1}},
        {"slot": "time"},
        "time",
    ],
)
def test_a_wrong_span_is_named(wrong):
    with pytest.raises(UserError, match=r"^f\.json: record 0: field labels: expected spans within 4 characters, found"):
        read(record("a bc", wrong))


@pytest.mark.parametrize(
    ("one", "message"),
    [
        ([], "field userInput: expected dict, found nothing"),
        ({"userInput": {}}, "field text: expected str, found nothing"),
        ({"userInput": {"text": "a"}, "labels": {}}, "field labels: expected list, found dict"),
        ({"userInput": {"text": "a"}, "context": []}, "field context: expected dict, found list"),
        (record("a", asked=[7]), r"field requestedSlots: expected a list of strings, found \[7\]"),
    ],
)
def test_a_damaged_record_is_named(one, message):
    with pytest.raises(UserError, match=message):
        read(one)
