"""Every example is placed once, rows hold what they have room for, and the order of a batch does not matter."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from space_jax.features.row_fitting import fit_rows


@st.composite
def problems(draw):
    """Needs, room, rows and slots, of which many can be solved only just or not at all."""
    room = draw(st.tuples(st.integers(1, 40), st.integers(1, 12), st.integers(0, 5)))
    need = st.tuples(*(st.integers(0, limit) for limit in room))
    needs = np.array(draw(st.lists(need, max_size=16)), np.int64).reshape(-1, 3)
    return needs, room, draw(st.integers(1, 16)), draw(st.integers(1, 5))


@given(problem=problems())
def test_what_is_placed_is_placed_once_and_fits(problem):
    needs, room, rows, slots = problem
    placed = fit_rows(needs, room, rows, slots)
    assert placed == fit_rows(needs, room, rows, slots)
    if placed is None:
        return
    assert len(placed) == rows
    assert sorted(index for row in placed for index in row) == list(range(len(needs)))
    for row in placed:
        assert len(row) <= slots
        assert (needs[row].sum(axis=0) <= room).all()


@given(problem=problems(), more=st.integers(0, 3))
def test_a_row_for_each_example_always_fits(problem, more):
    needs, room, _, slots = problem
    placed = fit_rows(needs, room, max(1, len(needs) + more), slots)
    assert placed is not None
    assert max(map(len, placed), default=0) <= 1


@given(problem=problems(), seed=st.integers(0, 9))
def test_whether_it_fits_does_not_depend_on_the_order(problem, seed):
    needs, *rest = problem
    shuffled = np.random.default_rng(seed).permutation(len(needs))
    first, second = fit_rows(needs, *rest), fit_rows(needs[shuffled], *rest)
    assert (first is None) == (second is None)
    if first is not None:  # the same needs lie together
        as_needs = [sorted(map(tuple, part[row].tolist())) for part, row in _rows(needs, first)]
        assert as_needs == [sorted(map(tuple, part[row].tolist())) for part, row in _rows(needs[shuffled], second)]


def _rows(needs, placed):
    return [(needs, row) for row in placed]


def test_a_swap_is_found_where_an_even_start_overflows():
    # Largest first into the emptier row gives 5 + 4 + 2 and 5 + 3; only 5 + 5 and 4 + 3 + 2 fill rows of 10.
    needs = np.array([[5], [5], [4], [3], [2]])
    placed = fit_rows(needs, [10], rows=2, slots=3)
    assert placed is not None
    assert max(int(needs[row].sum()) for row in placed) <= 10


def test_rows_are_filled_almost_to_the_brim():
    """Full rows, cut into four examples each: nearly always found to fit again with a fiftieth more room."""
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(20):
        cuts = np.sort(rng.integers(8, 92, (8, 3)), axis=1)
        needs = np.diff(cuts, prepend=0, append=100, axis=1).reshape(-1, 1)
        found += fit_rows(needs, [102], rows=8, slots=4) is not None
    assert found >= 18
