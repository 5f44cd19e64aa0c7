"""The dependency between turns against loops, and its limits; `test_star.py` has the recorded numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses import dependency_contrast, dependency_weights

TEMPERATURE, SHARPNESS = 0.05, 3.0


@pytest.fixture
def turns(rng):
    """Two views of seven turns: three of one conversation, two of another, one alone, one without a positive."""
    rows, columns = rng.normal(size=(2, 7, 5)).astype(np.float32)
    similarity = np.zeros((7, 7), np.float32)
    similarity[:3, :3] = [[1, 0.4, 0], [0.4, 1, 0.9], [0, 0.9, 1]]
    similarity[3:5, 3:5] = [[1, 0.2], [0.2, 1]]
    similarity[5, 5] = 1
    return rows, columns, similarity


def cosine(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


def reference(rows, columns, similarity, compared, temperature=TEMPERATURE, sharpness=SHARPNESS):
    losses = np.zeros(len(rows))
    for i, row in enumerate(rows.astype(np.float64)):
        positives = [j for j in range(len(columns)) if similarity[i, j] > 0]
        if not positives:
            continue
        scores = [cosine(row, column) / temperature for column in columns.astype(np.float64)]
        raised = np.exp([sharpness * similarity[i, j] for j in positives])
        normaliser = np.log(sum(np.exp(scores[k]) for k in range(len(columns)) if compared[i, k] or k in positives))
        losses[i] = -sum(w * (scores[j] - normaliser) for w, j in zip(raised / raised.sum(), positives, strict=True))
    return losses


@pytest.mark.parametrize("whole_batch", [False, True])
def test_equals_loops(turns, whole_batch):
    rows, columns, similarity = turns
    compared = np.full(similarity.shape, whole_batch)
    ours = dependency_contrast(rows, columns, similarity, compared, TEMPERATURE, SHARPNESS)
    np.testing.assert_allclose(ours, reference(rows, columns, similarity, compared), rtol=1e-5, atol=1e-5)
    assert ours[6] == 0
    if not whole_batch:
        assert abs(ours[5]) < 1e-6  # a turn alone in its conversation is compared with itself


def test_more_to_compare_with_is_never_easier(turns):
    rows, columns, similarity = turns
    few, many = (
        dependency_contrast(rows, columns, similarity, np.full(similarity.shape, whole), TEMPERATURE, SHARPNESS)
        for whole in (False, True)
    )
    assert (many[:6] > few[:6]).all()


def test_sharpness_0_weighs_all_alike_and_a_large_one_the_nearest(turns):
    similarity = turns[2]
    even = dependency_weights(similarity, 0.0)
    np.testing.assert_allclose(even[1], [1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0], rtol=1e-6)
    others = similarity * (1 - np.eye(7, dtype=np.float32))
    for sharpness in (1e4, np.inf):
        nearest = dependency_weights(others, sharpness)
        np.testing.assert_array_equal(nearest[1], np.eye(7)[2])
        np.testing.assert_array_equal(nearest[5], np.zeros(7))
    assert (dependency_weights(similarity, SHARPNESS)[:6].sum(1) - 1 < 1e-6).all()


def test_the_order_of_turns_and_the_rows_asked_for_do_not_matter(turns, rng):
    rows, columns, similarity = turns
    compared = np.zeros(similarity.shape, bool)
    whole = dependency_contrast(rows, columns, similarity, compared, TEMPERATURE, SHARPNESS)
    some, order = np.array([4, 1]), rng.permutation(7)
    part = dependency_contrast(rows[some], columns, similarity[some], compared[some], TEMPERATURE, SHARPNESS)
    np.testing.assert_allclose(part, whole[some], rtol=1e-6)
    moved = similarity[order][:, order]
    np.testing.assert_allclose(
        dependency_contrast(rows[order], columns[order], moved, compared, TEMPERATURE, SHARPNESS),
        whole[order],
        rtol=1e-5,
        atol=1e-6,
    )
    longer = dependency_contrast(2 * rows, 5 * columns, similarity, compared, TEMPERATURE, SHARPNESS)
    np.testing.assert_allclose(longer, whole, rtol=1e-5, atol=1e-5)


def test_gradients(turns, assert_numerical_gradients):
    rows, columns, similarity = turns
    compared = np.ones(similarity.shape, bool)
    assert_numerical_gradients(lambda r, c: dependency_contrast(r, c, similarity, compared, 1.0, 3.0), rows, columns)


def test_gradients_are_finite_where_nothing_is_known(finite_gradients):
    zeros = np.zeros((3, 3), np.float32)
    for similarity in (zeros, np.eye(3, dtype=np.float32)):
        value, gradients = finite_gradients(
            lambda r, c, s=similarity: dependency_contrast(r, c, s, s > 0, TEMPERATURE, SHARPNESS), zeros, zeros
        )
        assert value == 0
        assert all((gradient == 0).all() for gradient in gradients)
    assert dependency_contrast(zeros[:0], zeros[:0], zeros[:0, :0], zeros[:0, :0] > 0, 1.0, 1.0).shape == (0,)


def test_what_does_not_fit_is_refused(turns):
    rows, columns, similarity = turns
    with pytest.raises(ValueError, match="similarity has shape"):
        dependency_contrast(rows[:2], columns, similarity, similarity > 0, 1.0, 1.0)
    with pytest.raises(TypeError, match="compared is float32"):
        dependency_contrast(rows, columns, similarity, similarity, 1.0, 1.0)
    assert jax.eval_shape(dependency_weights, jnp.zeros((2, 3)), 1.0).shape == (2, 3)
