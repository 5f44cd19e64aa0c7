import copy
import json

import pytest

from space_jax.errors import UserError
from space_jax.reading.squad import is_squad, squad_rows

TEXT = "The train leaves at noon."
QUESTIONS = [
    {"id": "a", "question": "when?", "answers": [{"text": "noon", "answer_start": 20}], "is_impossible": False},
    {
        **{"id": "b", "question": "who?", "answers": [], "is_impossible": True},
        "plausible_answers": [{"text": "train", "answer_start": 4}],
    },
    {"question": "where?"},
]
FILE = {"version": "v2.0", "data": [{"title": "t", "paragraphs": [{"context": TEXT, "qas": QUESTIONS}]}]}


def rows(path, file):
    path.write_text(json.dumps(file) if not isinstance(file, str) else file)
    return list(squad_rows(path))


@pytest.mark.parametrize("indent", [None, 1])
def test_questions_as_rows(tmp_path, indent):
    path = tmp_path / "dev.json"
    found = rows(path, json.dumps(FILE, indent=indent))
    assert is_squad(path)
    assert found == [
        (
            f"{path}: article 1, paragraph 1, question 1",
            {"id": "a", "question": "when?", "context": TEXT, "answers": [{"text": "noon", "start": 20}]},
        ),
        (
            f"{path}: article 1, paragraph 1, question 2",
            {"id": "b", "question": "who?", "context": TEXT, "answers": []},
        ),
        (f"{path}: article 1, paragraph 1, question 3", {"question": "where?", "context": TEXT}),
    ]


def test_other_files_are_not_taken_for_it(tmp_path):
    path = tmp_path / "rows.json"
    for text in ('{"question": "what are \\"paragraphs\\"?", "passage": "p"}\n', "[]", "", '["paragraphs"]'):
        path.write_text(text)
        assert not is_squad(path)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda f: f.pop("data"), r"dev\.json: field data: expected a list, found nothing"),
        (lambda f: f["data"].append(3), "article 2: field paragraphs: expected a list"),
        (lambda f: f["data"][0]["paragraphs"][0].pop("context"), "paragraph 1: field context: expected a text"),
        (lambda f: f["data"][0]["paragraphs"][0]["qas"].append("x"), "question 4: field question: expected a text"),
        (
            lambda f: f["data"][0]["paragraphs"][0]["qas"][0].update(answers=[{"text": "noon"}]),
            "question 1: field answers: expected text and answer_start",
        ),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path, spoil, problem):
    file = copy.deepcopy(FILE)
    spoil(file)
    with pytest.raises(UserError, match=problem):
        rows(tmp_path / "dev.json", file)


def test_a_damaged_file(tmp_path):
    with pytest.raises(UserError, match="expected JSON, found it damaged"):
        rows(tmp_path / "dev.json", json.dumps(FILE)[:-9])
