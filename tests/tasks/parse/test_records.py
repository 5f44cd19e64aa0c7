import pytest

from space_jax.corpora import topv2
from space_jax.dialogue.parse_tree import words
from space_jax.errors import UserError
from space_jax.tasks.parse.records import of_row, words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wake me at 4:30pm, please!", "Wake me at 4 : 30 pm , please !"),
        ("what's on I-95 [now]?", "what 's on I - 95 now ?"),
        ("I can't go, I'm Ann's", "I can't go , I'm Ann 's"),
        ("地铁 в центр 🚇", "地铁 в центр 🚇"),
        ("", ""),
    ],
)
def test_words(text, expected):
    assert list(words_of(text)) == expected.split()


def test_rows():
    plain = of_row({"text": "wake me"}, "text", "f:1", 7)
    assert (plain.id, plain.words, plain.tree) == ("7", ("wake", "me"), None)
    parsed = of_row({"text": "at 4:30", "parse": "[IN:A at 4 : 30 ]", "id": "x"}, "text", "f:1", 7)
    assert (parsed.id, parsed.words) == ("x", ("at", "4", ":", "30"))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({}, "field text"),
        ({"text": "  "}, "field text"),
        ({"text": "a", "parse": "[IN:A a"}, "field parse"),
        ({"text": "a", "parse": 3}, "field parse"),
        ({"text": "a", "parse": "[IN:A ]"}, "with words"),
    ],
)
def test_rows_that_cannot_be_used(row, problem):
    with pytest.raises(UserError, match=f"f:1.*{problem}"):
        of_row(row, "text", "f:1", 7)


@pytest.mark.slow
def test_words_are_mostly_those_of_top(shared_data):
    same = total = 0
    for _, text, tree in topv2.parses(shared_data / "data" / "topv2", "validation", "event,navigation"):
        total += 1
        same += list(words_of(text)) == list(words(tree))
    assert same / total > 0.985
