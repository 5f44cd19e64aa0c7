"""Answers that wait in a file for the rest of them."""

import json

import pytest

from space_jax.agent.kept import Kept
from space_jax.evaluation.end_to_end import Answered

FACTS = {"split": "test", "beam": 1}
ANSWERS = {
    "a": (Answered({"hotel": {"area": ("north", "the north")}, "taxi": {}}, "漢字 ."), Answered({}, "")),
    "b": (Answered({}, "line\u2028end\x85 \n"),),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "answers.part"
    kept = Kept(path, FACTS)
    assert kept.answers == {}
    for name, answers in ANSWERS.items():
        kept.add({name: answers})
    return path


def test_answers_come_back(path):
    kept = Kept(path, FACTS)
    assert kept.answers == ANSWERS
    kept.add({"c": ()})
    assert Kept(path, FACTS).answers == ANSWERS | {"c": ()}
    kept.remove()
    assert not list(path.parent.iterdir())


def test_answers_of_anything_else_are_not_taken(path):
    assert Kept(path, FACTS | {"beam": 2}).answers == {}
    assert Kept(path, FACTS).answers == {}


@pytest.mark.parametrize(
    "end",
    [
        '{"id": "c", "turns": [{"st',
        "[]",
        '{"id": "c"}',
        '{"id": "c", "turns": [{"state": [], "response": ""}]}',
        '{"id": "c", "turns": [{"state": {}, "response": 1}]}',
        '{"id": ["c"], "turns": []}',
    ],
)
def test_a_line_that_was_cut_off_is_left_out(path, end):
    path.write_text(path.read_text() + end)
    kept = Kept(path, FACTS)
    assert kept.answers == ANSWERS
    kept.add({"d": ()})
    assert Kept(path, FACTS).answers == ANSWERS | {"d": ()}
    assert all(json.loads(line) for line in path.read_text().splitlines())
