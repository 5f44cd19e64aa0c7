"""Near duplicates have the same words; a word that differs makes another utterance."""

import pytest

from space_jax.tasks.checking.duplicates import Item, across_splits, conflicts


def items(*texts, split="train"):
    return [Item(split, f"{split}:{n}", text, label, label) for n, (text, label) in enumerate(texts)]


@pytest.mark.parametrize(
    ("other", "near"),
    [
        ("FIX MY TYRE!!", True),
        ("Hello, please fix my tyre, thanks", True),
        ("fix the tyre", False),
        ("fix my brake", False),
        ("my tyre fix", False),
        ("fix my tyre today", False),
    ],
)
def test_what_is_near(other, near):
    assert bool(conflicts(items(("fix my tyre", "a"), (other, "b")))) == near


def test_courtesies_alone_are_words():
    assert not conflicts(items(("hello", "greet"), ("thank you", "thank")))
    assert conflicts(items(("hello", "greet"), ("Hello!", "hi")))


def test_the_first_of_each_annotation_the_largest_group_first():
    found = conflicts(items(("a1", "x"), ("A1", "y"), ("b", "x"), ("b", "x"), ("b", "y"), ("b", "z"), ("c", "x")))
    assert [[one.where for one in group] for group in found] == [
        ["train:2", "train:4", "train:5"],
        ["train:0", "train:1"],
    ]


def test_texts_without_words_are_not_compared():
    assert conflicts(items(("...", "x"), ("!", "y"), ("", "z"))) == []


def test_splits():
    both = [*items(("fix it", "a"), ("fix it", "a"), ("mend it", "a")), *items(("Fix it!", "b"), split="test")]
    assert [[one.where for one in group] for group in across_splits(both)] == [["train:0", "test:0"]]
    assert across_splits(both[:3]) == []
