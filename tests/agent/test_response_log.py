"""The log of answers, from which a command that was stopped goes on."""

import json

import pytest

from space_jax.agent.response_log import ResponseLog
from space_jax.evaluation.end_to_end import Answered

FACTS = {"split": "test", "beam": 1}
ANSWERS = {
    "a": (Answered({"hotel": {"area": ("north", "the north")}, "taxi": {}}, "漢字 ."), Answered({}, "")),
    "b": (Answered({}, "line\u2028end\x85 \n", ("state", "response")),),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "answers.part"
    log = ResponseLog(path, FACTS)
    assert log.answers == {}
    for name, answers in ANSWERS.items():
        log.add({name: answers})
    return path


def test_answers_come_back(path):
    log = ResponseLog(path, FACTS)
    assert log.answers == ANSWERS
    log.add({"c": ()})
    assert ResponseLog(path, FACTS).answers == ANSWERS | {"c": ()}
    log.remove()
    assert not list(path.parent.iterdir())


def test_answers_of_anything_else_are_not_taken(path):
    assert ResponseLog(path, FACTS | {"beam": 2}).answers == {}
    assert ResponseLog(path, FACTS).answers == {}


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
    log = ResponseLog(path, FACTS)
    assert log.answers == ANSWERS
    log.add({"d": ()})
    assert ResponseLog(path, FACTS).answers == ANSWERS | {"d": ()}
    assert all(json.loads(line) for line in path.read_text().splitlines())
