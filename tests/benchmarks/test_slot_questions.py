"""The rules that slots by question are held against, and the table."""

import pytest

from benchmarks.slot_questions import nothing, of_words, table
from space_jax.tasks.reading.records import ReadingRecord


@pytest.mark.parametrize(
    ("question", "passage", "answer"),
    [
        ("what is the time of the reservation?", "A table at 7:30 pm, please", "7:30 pm"),
        ("what is the time of the reservation?", "around half past six", "half past six"),
        ("what is the date of event?", "something on the 8th of March", "the 8th of March"),
        ("what is the date of event?", "next Friday at 7", "next Friday"),
        ("what is the number of people?", "we are four", "four"),
        ("what is the length of stay in days?", "for 3 days", "3"),
        ("what is the city to depart from?", "from Oakland on Monday", ""),
        ("what is the time of the alarm?", "no idea", ""),
    ],
)
def test_the_rule_of_words(question, passage, answer):
    said = of_words(ReadingRecord("a", question, passage))
    assert said["answer"] == answer
    assert passage[said["start"] : said["end"]] == answer if answer else said == nothing(None)


def test_the_table():
    def scores(macro, slot):
        return {"slot_macro_f1": macro, "slot_exact": 0.5, "f1/A.time": slot}

    one = {"questions": 1234, "values": {"A.time": 3, "A.price": 0}, "slots of training": ["date"]}
    one |= {"model": {**scores(0.8, 0.75), "new_slot_f1": 0.7}, "words": scores(0.25, 0.2), "none": scores(0.0, 0.0)}
    lines = table({"unseen": one}).splitlines()
    assert lines[2] == "| unseen | 1,234 | 80.0 | 50.0 | 25.0 | 50.0 | 0.0 | 50.0 | 70.0 |"
    assert lines[-1] == "| A.time | yes | 3 | 75.0 | 20.0 |"
    assert lines[0].count("|") == lines[1].count("|") == lines[2].count("|")
