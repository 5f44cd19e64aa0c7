"""Turns as rows, the sample, and the outcome of a dialogue."""

import random

from space_jax.corpora.dialogue_map.said import failed, in_order, said_in, sample
from space_jax.dialogue.record import Dialogue
from tests.corpora.dialogue_map.dialogues import annotated, shop, system, user


def test_rows_are_the_turns_with_words():
    rows = said_in(
        [Dialogue("a", (user("one"), system(" "), user("two"), system("three"))), Dialogue("b", (user("x"),))]
    )
    assert [(row.dialogue, row.number, row.place, row.turn.text) for row in rows] == [
        (0, 1, 0.0, "one"),
        (0, 3, 0.5, "two"),
        (0, 4, 1.0, "three"),
        (1, 1, 0.0, "x"),
    ]
    assert said_in([]) == said_in([Dialogue("silent", (user(""),))]) == []


def test_neither_order_nor_sample_depends_on_the_order_of_the_files():
    dialogues = shop(40)
    mixed = random.Random(1).sample(dialogues, len(dialogues))
    assert in_order(mixed) == dialogues
    twins = [Dialogue("a", (user("two"),)), Dialogue("a", (user("one"),))]
    assert in_order(twins) == in_order(twins[::-1]) == twins[::-1]
    some, count = sample(iter(dialogues), 7)
    again, _ = sample(iter(mixed), 7)
    assert count == 40
    assert len(some) == 7
    assert in_order(some) == in_order(again)
    assert in_order(some) != dialogues[:7]
    everything, count = sample(dialogues, 1000)
    assert (in_order(everything), count) == (dialogues, 40)
    assert sample([], 5) == ([], 0)


def test_the_last_outcome_counts():
    good, bad = annotated()
    assert failed(good) is False
    assert failed(bad) is True
    assert failed(Dialogue("x", (user("hi"), system("hello", acts=("hi",))))) is False
    assert failed(Dialogue("x", (user("hi", acts=("hi",)), system("hello")))) is None
