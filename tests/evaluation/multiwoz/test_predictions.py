"""Files of predictions: what is read, and what is wrong with them."""

import gzip
import json

import pytest

from space_jax.errors import UserError
from space_jax.evaluation.multiwoz import Turn, parse_predictions, read_predictions


def test_plain_and_gzipped(tmp_path):
    content = {"SNG1.json": [{"response": "hello", "state": {"taxi": {"leave at": "9"}}, "note": 1}, {"response": ""}]}
    text = json.dumps(content).encode()
    (tmp_path / "a.json").write_bytes(text)
    (tmp_path / "b").write_bytes(gzip.compress(text))
    read = read_predictions(tmp_path / "a.json")
    assert read.dialogues == {"sng1": (Turn("hello", {"taxi": {"leave at": "9"}}), Turn(""))}
    assert read.unused == {"note": 1}
    assert read_predictions(tmp_path / "b").dialogues == read.dialogues


def test_active_domains():
    turns = parse_predictions({"a": [{"response": "x", "active_domains": ["taxi"]}]}, "p").dialogues["a"]
    assert turns == (Turn("x", None, ("taxi",)),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], r"p\.json: expected a JSON object with lists of turns by dialogue id, found \[\]"),
        ({}, r"p\.json: expected a JSON object"),
        ({"a": {}}, r"p\.json: dialogue a: expected a list of turns, found {}"),
        ({"a": ["hi"]}, r"p\.json: dialogue a: turn 0: expected an object with a response, found 'hi'"),
        ({"a": [{"respones": "x"}]}, r"dialogue a: turn 0: field response: expected str, found nothing"),
        ({"a": [{"response": "x"}, {"response": 3}]}, r"turn 1: field response: expected str, found int"),
        ({"a": [{"response": "x", "state": []}]}, r"turn 0: field state: expected dict, found list"),
        ({"a": [{"response": "x", "state": None}]}, r"turn 0: field state: expected dict, found NoneType"),
        ({"a": [{"response": "x", "state": {"taxi": "y"}}]}, r"field state\.taxi: expected slots with values"),
        (
            {"a": [{"response": "x", "state": {"taxi": {"leave": 9}}}]},
            r"state\.taxi\.leave: expected a string, found 9",
        ),
        ({"a": [{"response": "x", "active_domains": "taxi"}]}, "field active_domains: expected a list of strings"),
        ({"a": [], "A.json": []}, r"dialogue A\.json: occurs twice"),
    ],
)
def test_wrong_fields(tmp_path, content, message):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=message):
        read_predictions(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": [', "expected JSON, found it damaged"),
        (b"\xff\xfe", "expected JSON, found it damaged"),
        (b"", "expected JSON, found it damaged"),
        (b"[" * 200_000, "nested too deeply"),
        (b"\x1f\x8b\x08\x00damaged", "expected a gzip file"),
    ],
)
def test_damaged_files(tmp_path, content, message):
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_predictions(path)
