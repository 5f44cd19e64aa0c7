import pytest

from space_jax.errors import UserError
from space_jax.tasks.config import DataSource
from space_jax.tasks.reading.config import ReadingConfig, SlotQuestionsConfig
from space_jax.tasks.reading.records import ReadingRecord, of_row
from space_jax.tasks.reading.task import ReadingTask
from tests.reading.test_squad import FILE, TEXT
from tests.reading.test_squad import rows as write_squad

PASSAGE = "At noon, not at Noon."


@pytest.mark.parametrize(
    ("given", "answers"),
    [
        ({}, None),
        ({"answer": None}, None),
        ({"answer": ""}, ()),
        ({"answers": []}, ()),
        ({"answer": "noon"}, ((3, 7),)),
        ({"answer": " noon "}, ((3, 7),)),
        ({"answer": "Noon"}, ((16, 20),)),  # its own case first
        ({"answer": "NOON"}, ((3, 7),)),
        ({"answer": "Noon", "start": "16"}, ((16, 20),)),  # a cell of a table
        ({"answer": "Noon", "start": ""}, ((16, 20),)),
        ({"answer": " noon,", "start": 2}, ((3, 8),)),
        ({"answer": ["not", {"text": "Noon", "start": 16}, "not"]}, ((9, 12), (16, 20))),
        ({"answers": {"text": ["noon"], "answer_start": [3]}}, ((3, 7),)),  # SQuAD as columns
        ({"answers": {"text": [], "answer_start": []}}, ()),
    ],
)
def test_answers_of_a_row(given, answers):
    assert of_row({"question": "when?", "passage": PASSAGE, **given}, "f:1", 1).answers == answers


def test_names_of_fields():
    row = {"id": 7, "question": "when?", "context": PASSAGE, "before": "Yes?"}
    assert of_row(row, "f:1", 1) == ReadingRecord("7", "when?", PASSAGE, None, "Yes?")
    assert of_row({"question": "when?", "passage": PASSAGE}, "f:3", 3).id == "3"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"question": " "}, "field question: expected a text"),
        ({"passage": None}, "field passage: expected a text, found nothing"),
        ({"answer": "midnight"}, "field answer: expected words of the passage, found 'midnight'"),
        ({"answer": "noon", "start": 4}, "field answer: expected 'noon' at character 4 of the passage, found 'oon,'"),
        ({"answer": "noon", "start": -1}, "expected 'noon' at character -1 of the passage, found ''"),
        ({"answer": "noon", "start": "x"}, "field start: expected the number of a character, found 'x'"),
        ({"answer": 7}, "field answer: expected a text or a list of answers, found 7"),
        ({"answers": [7]}, "field answers: expected the text of each answer, found 7"),
        ({"before": ["x"]}, "field before: expected a text"),
    ],
)
def test_rows_that_cannot_be_used(given, problem):
    with pytest.raises(UserError, match=f"^f:1: .*{problem}".replace("?", r"\?")):
        of_row({"question": "when?", "passage": PASSAGE, **given}, "f:1", 1)


def test_files(tmp_path):
    config = ReadingConfig()
    squad = tmp_path / "train-v2.0.json"
    data = {**FILE, "data": [{"paragraphs": [{**FILE["data"][0]["paragraphs"][0]}]}]}
    data["data"][0]["paragraphs"][0]["qas"] = FILE["data"][0]["paragraphs"][0]["qas"][:2]
    write_squad(squad, data)
    source = DataSource(train=str(squad), validation=str(tmp_path / "own.csv"), test=str(tmp_path / "bad.csv"))
    read = ReadingTask.read_split(config, source, "train")
    assert read == [ReadingRecord("a", "when?", TEXT, ((20, 24),)), ReadingRecord("b", "who?", TEXT, ())]
    assert read[0].where == f"{squad}: article 1, paragraph 1, question 1, id a"
    (tmp_path / "own.csv").write_text(
        'question,passage,answer,start\nwhen?,"At noon, or noon",noon,12\nwho?,At noon,,\n'
    )
    assert [one.answers for one in ReadingTask.read_split(config, source, "validation")] == [((12, 16),), ()]
    (tmp_path / "bad.csv").write_text("question,passage,reply\nwhen?,At noon,noon\n")
    with pytest.raises(UserError, match=r"bad\.csv:1: no column 'answer' for an answer"):
        ReadingTask.read_split(config, source, "test")
    write_squad(squad, FILE)
    with pytest.raises(UserError, match="question 3: no field 'answer' for an answer"):
        ReadingTask.read_split(config, source, "train")


@pytest.mark.parametrize(
    ("kind", "fields", "problem"),
    [
        (ReadingConfig, {"window": 10, "overlap": 10}, r"task\.overlap: 10 tokens is not at least 0 and below"),
        (ReadingConfig, {"best": 0}, r"task\.best: 0 is not positive"),
        (SlotQuestionsConfig, {"services": "none"}, r"task\.slots\.services: 'none' is not one of seen, unseen, all"),
        (SlotQuestionsConfig, {"turns": -1}, r"task\.slots\.turns: -1 is negative"),
    ],
)
def test_settings_that_make_no_sense(kind, fields, problem):
    with pytest.raises(UserError, match=problem):
        kind(**fields)
