"""What follows what, counted by hand."""

import numpy as np

from space_jax.corpora.dialogue_map.flow import count_flow
from space_jax.corpora.dialogue_map.said import said_in
from space_jax.dialogue.record import Dialogue
from tests.corpora.dialogue_map.dialogues import user


def dialogue(length):
    return Dialogue("x", tuple(user(f"turn {number}") for number in range(length)))


def test_counts():
    rows = said_in([dialogue(3), dialogue(1), dialogue(2)])
    flow = count_flow(rows, np.array([0, 1, 1, 1, 0, 2]), 4, [True, None, False])
    assert flow.turns.tolist() == [2, 3, 1, 0]
    assert flow.begins.tolist() == [2, 1, 0, 0]
    assert flow.ends.tolist() == [0, 2, 1, 0]
    assert flow.then.tolist() == [[0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert flow.passing.tolist() == [2, 1, 1, 0]  # the second dialogue's outcome is not known
    assert flow.failing.tolist() == [1, 1, 0, 0]
    np.testing.assert_allclose(flow.next_shares, [[0, 0.5, 0.5, 0], [0, 1 / 3, 0, 0], [0] * 4, [0] * 4])


def test_every_turn_is_followed_or_ends_its_dialogue():
    rng = np.random.default_rng(0)
    rows = said_in([dialogue(length) for length in rng.integers(1, 9, 50).tolist()])
    flow = count_flow(rows, rng.integers(0, 5, len(rows)), 5, [None] * 50)
    assert (flow.then.sum(axis=1) + flow.ends == flow.turns).all()
    assert (flow.then.sum(axis=0) + flow.begins == flow.turns).all()
    assert flow.begins.sum() == flow.ends.sum() == 50
    assert flow.passing.sum() == flow.failing.sum() == 0
