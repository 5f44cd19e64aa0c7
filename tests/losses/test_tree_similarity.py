import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.losses import combined_similarity, view_similarities

EXAMPLES, VIEWS, ELEMENTS = 4, 3, 3
IDS = st.sampled_from([1, 2, 3, 4, 2**31 - 1])
TREE = st.lists(st.frozensets(IDS, max_size=ELEMENTS), min_size=VIEWS, max_size=VIEWS)
BATCH = st.lists(TREE, min_size=EXAMPLES, max_size=EXAMPLES)


def as_array(trees, elements=ELEMENTS):
    array = np.zeros((len(trees), len(trees[0]), elements), np.int32)
    for b, tree in enumerate(trees):
        for w, view in enumerate(tree):
            array[b, w, : len(view)] = sorted(view)
    return array


def jaccard(a, b):
    return len(a & b) / len(a | b) if a | b else 0.0


def reference_views(trees):
    result = np.zeros((len(trees[0]), len(trees), len(trees)))
    for i, one in enumerate(trees):
        for j, other in enumerate(trees):
            result[:, i, j] = [1.0 if i == j else jaccard(a, b) for a, b in zip(one, other, strict=True)]
    return result


def reference_combined(trees):
    result = np.eye(len(trees))
    for i, one in enumerate(trees):
        for j, other in enumerate(trees):
            used = [(a, b) for a, b in zip(one, other, strict=True) if a | b]
            if i != j and any(one) and any(other):
                result[i, j] = sum(jaccard(a, b) for a, b in used) / len(used)
    return result


@given(BATCH)
def test_equals_python_sets(trees):
    np.testing.assert_allclose(view_similarities(as_array(trees)), reference_views(trees), rtol=1e-6)
    np.testing.assert_allclose(combined_similarity(as_array(trees)), reference_combined(trees), rtol=1e-6)


@given(BATCH, st.randoms(use_true_random=False))
def test_neither_the_order_of_elements_nor_the_place_of_padding_counts(trees, random):
    array = as_array(trees)
    shuffled = array.copy()
    for view in shuffled.reshape(-1, ELEMENTS):
        random.shuffle(view)
    np.testing.assert_array_equal(view_similarities(shuffled), view_similarities(array))
    np.testing.assert_array_equal(combined_similarity(shuffled), combined_similarity(array))


def test_worked_by_hand():
    trees = [
        [{1, 2}, {7}, set()],
        [{2, 3}, set(), set()],
        [{1, 2}, {7}, set()],  # equal to the first
        [set(), set(), set()],  # no tree
    ]
    array = as_array(trees)
    third = 1 / 3
    np.testing.assert_allclose(
        view_similarities(array)[0], [[1, third, 1, 0], [third, 1, third, 0], [1, third, 1, 0], [0, 0, 0, 1]], rtol=1e-6
    )
    np.testing.assert_array_equal(view_similarities(array)[2], np.eye(4))
    # The last view is empty on both sides everywhere and does not count; the second one counts against the pair.
    sixth = 1 / 6
    np.testing.assert_allclose(
        combined_similarity(array), [[1, sixth, 1, 0], [sixth, 1, sixth, 0], [1, sixth, 1, 0], [0, 0, 0, 1]], rtol=1e-6
    )


def test_no_labelled_example_leaves_the_identity():
    empty = np.zeros((EXAMPLES, VIEWS, ELEMENTS), np.int32)
    np.testing.assert_array_equal(view_similarities(empty), np.tile(np.eye(EXAMPLES), (VIEWS, 1, 1)))
    np.testing.assert_array_equal(combined_similarity(empty), np.eye(EXAMPLES))


def test_one_example():
    np.testing.assert_array_equal(view_similarities(np.array([[[5, 0], [0, 0]]])), np.ones((2, 1, 1)))
    np.testing.assert_array_equal(combined_similarity(np.array([[[5, 0], [0, 0]]])), [[1]])


def test_permuting_and_padding():
    trees = as_array([[{1, 2}, {4}], [{2}, {4, 5}], [{1}, set()]])
    order = np.array([2, 0, 1])
    whole = view_similarities(trees)
    np.testing.assert_array_equal(view_similarities(trees[order]), whole[:, order][:, :, order])
    wider = np.pad(trees, ((0, 1), (0, 0), (0, 2)))
    np.testing.assert_array_equal(view_similarities(wider)[:, :3, :3], whole)
    np.testing.assert_array_equal(combined_similarity(wider)[:3, :3], combined_similarity(trees))


def test_hashes_are_compared_exactly():
    # Neighbouring large ids are one number in float32.
    close = np.array([[[2**31 - 1]], [[2**31 - 2]]], np.int32)
    np.testing.assert_array_equal(view_similarities(close)[0], np.eye(2))


def test_floats_are_refused():
    with pytest.raises(TypeError, match="trees is float32"):
        view_similarities(np.zeros((2, 2, 2), np.float32))


@pytest.mark.parametrize("crowded", [False, True])
def test_trees_that_fill_half_of_their_places_and_more(crowded):
    """The comparisons are cut to half of the places where no set needs more."""
    draw = np.random.default_rng(0)
    sizes = draw.integers(0, 9 if crowded else 5, (5, VIEWS))
    assert (sizes.max() > 4) == crowded
    trees = [[frozenset((1 + draw.permutation(12)[:size]).tolist()) for size in views] for views in sizes]
    array = as_array(trees, elements=8)
    np.testing.assert_allclose(view_similarities(array), reference_views(trees), rtol=1e-6)
    np.testing.assert_allclose(combined_similarity(array), reference_combined(trees), rtol=1e-6)
