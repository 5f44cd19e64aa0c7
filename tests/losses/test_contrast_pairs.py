import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.losses import contrast_weights, pool_groups

MASK = st.lists(st.booleans(), min_size=9, max_size=9)


def reference(labelled, valid, size):
    """Names a group by (stream, number) instead of by an id."""
    names, seen = [], {True: 0, False: 0}
    for is_labelled, is_valid in zip(labelled, valid, strict=True):
        names.append((is_labelled, seen[is_labelled] // size if size else 0) if is_valid else None)
        seen[is_labelled] += is_valid
    return names


@pytest.mark.parametrize("size", [0, 1, 3, 20])
@given(labelled=MASK, valid=MASK)
def test_equals_the_loop(labelled, valid, size):
    groups = np.asarray(pool_groups(np.array(labelled), np.array(valid), size=size))
    names = reference(labelled, valid, size)
    for i in range(9):
        assert (groups[i] == -1) == (names[i] is None)
        for j in range(9):
            if names[i] is not None and names[j] is not None:
                assert (groups[i] == groups[j]) == (names[i] == names[j])


def test_worked_by_hand():
    labelled, valid = np.array([1, 0, 1, 1, 0, 0], bool), np.array([1, 1, 1, 1, 0, 1], bool)
    np.testing.assert_array_equal(pool_groups(labelled, valid, size=2), [1, 0, 1, 3, -1, 0])
    np.testing.assert_array_equal(pool_groups(labelled, valid, size=0), [1, 0, 1, 1, -1, 0])


def test_groups_are_integers_whatever_the_size():
    for size in (0, 2):
        assert pool_groups(np.ones(3, bool), np.ones(3, bool), size=size).dtype == jnp.int32


@pytest.mark.parametrize("leading", [(), (10,)])
def test_weights_are_the_identity_for_unlabelled_examples(leading, rng):
    similarity = rng.uniform(size=(*leading, 4, 4)).astype(np.float32)
    labelled = np.array([True, False, True, False])
    weights = np.asarray(contrast_weights(similarity, labelled))
    for i in range(4):
        for j in range(4):
            expected = similarity[..., i, j] if labelled[i] and labelled[j] else float(i == j)
            np.testing.assert_array_equal(weights[..., i, j], expected)
    identity = np.broadcast_to(np.eye(4), (*leading, 4, 4))
    np.testing.assert_array_equal(contrast_weights(similarity, np.zeros(4, bool)), identity)
    np.testing.assert_array_equal(contrast_weights(similarity, np.ones(4, bool)), similarity)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="size is -1"):
        pool_groups(np.ones(2, bool), np.ones(2, bool), size=-1)
    with pytest.raises(TypeError, match="labelled is int"):
        pool_groups(np.ones(2, np.int32), np.ones(2, bool), size=0)
    with pytest.raises(ValueError, match="similarity has shape"):
        contrast_weights(jnp.ones((3, 3)), np.ones(2, bool))
