import numpy as np
import pytest

from space_jax.tasks.slots.tags import BEGINS, INSIDE, OUTSIDE, to_spans, to_tags, trimmed

# "book now for 7 30"
STARTS, ENDS = np.array([0, 5, 9, 13, 15]), np.array([4, 8, 12, 14, 17])
SLOTS = ["date", "time"]


def test_by_hand():
    tags = to_tags([("time", 13, 17), ("date", 5, 8), ("time", 5, 8)], SLOTS, STARTS, ENDS)
    assert tags[:, 0].tolist() == [OUTSIDE, BEGINS, OUTSIDE, OUTSIDE, OUTSIDE]
    assert tags[:, 1].tolist() == [OUTSIDE, BEGINS, OUTSIDE, BEGINS, INSIDE]


def test_there_and_back():
    spans = [("date", 5, 8), ("time", 5, 8), ("time", 9, 12), ("time", 13, 17)]
    tags = to_tags(spans, SLOTS, STARTS, ENDS)
    back = [
        (slot, start, end)
        for number, slot in enumerate(SLOTS)
        for start, end, _, _ in to_spans(tags[:, number], STARTS, ENDS)
    ]
    assert back == spans


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ([0, 2, 2, 0, 0], [(5, 12, 1, 3)]),  # inside without a beginning begins
        ([2, 0, 2, 0, 2], [(0, 4, 0, 1), (9, 12, 2, 3), (15, 17, 4, 5)]),
        ([1, 1, 2, 1, 2], [(0, 4, 0, 1), (5, 12, 1, 3), (13, 17, 3, 5)]),
        ([0, 0, 0, 0, 2], [(15, 17, 4, 5)]),
        ([0, 0, 0, 0, 0], []),
    ],
)
def test_any_tags_mean_spans(tags, spans):
    assert to_spans(np.array(tags), STARTS, ENDS) == spans


def test_no_tokens():
    nothing = np.zeros(0, int)
    assert to_tags([("time", 0, 3)], SLOTS, nothing, nothing).shape == (0, 2)
    assert to_spans(nothing, nothing, nothing) == []


def test_unknown_slots_are_left_out_and_overlaps_give_way():
    tags = to_tags([("colour", 0, 4), ("time", 0, 8), ("time", 5, 12)], SLOTS, STARTS, ENDS)
    assert to_spans(tags[:, 1], STARTS, ENDS) == [(0, 8, 0, 2), (9, 12, 2, 3)]


def test_blanks_are_trimmed():
    assert trimmed(("time", 3, 9), "at  7 pm ") == ("time", 4, 8)
