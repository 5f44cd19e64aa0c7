"""Packing: nothing is lost, rows and slots hold what they may, layouts by hand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from space_jax.tasks.text_packing import (
    SYSTEM_ROLE,
    USER_ROLE,
    Encoded,
    Shape,
    dialogue_layout,
    first_fit,
    pack,
    rung,
    sentence_layout,
    starts_of,
)


def encoded(ids):
    ids = np.array(ids, np.int32)
    return Encoded(ids, np.arange(len(ids), dtype=np.int32), ids * 0 + 1, ids * 0 + 1)


@given(st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=9), max_size=12))
def test_every_example_lies_whole_in_its_slot(lists):
    examples = [encoded(ids) for ids in lists]
    batch = pack(examples, 12, Shape(10, 3))
    assert batch.context.ids.shape[1] == 10
    assert batch.valid.tolist() == [n < len(lists) for n in range(12)]
    assert np.count_nonzero(batch.occupied) == len(lists)
    for n, ids in enumerate(lists):
        row, slot = divmod(int(batch.slot[n]), 3)
        mine = batch.context.segments[row] == slot + 1
        assert batch.context.ids[row, mine].tolist() == ids
        assert batch.context.positions[row, mine].tolist() == list(range(len(ids)))
        assert np.flatnonzero(mine).tolist() == list(range(np.argmax(mine), np.argmax(mine) + len(ids)))
    grown = batch.grown(batch.shape._replace(rows=20))
    assert grown.context.ids.shape == (20, 10)
    assert not grown.occupied[len(batch.occupied) :].any()


def test_first_fit_by_hand():
    needs = np.array([[4, 1], [6, 1], [5, 3], [3, 1]])
    assert first_fit(needs, [10, 3], 3) == [[1, 0], [2], [3]]  # 3 fits the tokens of row 1, but not its other need
    assert first_fit(needs[:, :1], [10], 1) == [[1], [2], [0], [3]]
    assert starts_of([encoded([1] * n) for n in (4, 6, 5, 3)], [[1, 0], [2], [3]]) == [(0, 6), (0, 0), (1, 0), (2, 0)]


def test_the_ladder_has_steps_of_an_eighth():
    assert [rung(n) for n in (0, 1, 7, 8, 9, 16, 17, 18, 33, 36, 65)] == [1, 1, 7, 8, 9, 16, 18, 18, 36, 36, 72]
    assert all(rung(n) <= max(1, n * 9 / 8) for n in range(1, 500))


def test_layouts_by_hand(tokenizer):
    words = tokenizer.vocabulary()
    layout = dialogue_layout(tokenizer, [(USER_ROLE, [70, 71]), (SYSTEM_ROLE, [72]), (USER_ROLE, [73])], 8, None)
    # Ten tokens, of which the last eight stay; those of a cut turn keep their positions.
    assert layout.ids.tolist() == [71, words.eos_u, words.sos_r, 72, words.eos_r, words.sos_u, 73, words.eos_u]
    assert layout.positions.tolist() == [2, 3, 0, 1, 2, 0, 1, 2]
    assert layout.roles.tolist() == [1, 1, 0, 0, 0, 1, 1, 1]
    assert layout.turns.tolist() == [3, 3, 2, 2, 2, 1, 1, 1]
    sentence = sentence_layout(tokenizer, [70, 71])
    assert sentence.ids.tolist() == [words.summary, 70, 71, tokenizer.id_of("[SEP]")]
    assert sentence.positions.tolist() == [0, 1, 2, 3]
