import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses import shifted_targets, token_cross_entropy


def reference(logits, targets, weights):
    total = weight = 0.0
    for row, target, w in zip(logits.reshape(-1, logits.shape[-1]), targets.ravel(), weights.ravel(), strict=True):
        if w and 0 <= target < len(row):
            row = row.astype(np.float64)
            total += w * (np.log(np.sum(np.exp(row - row.max()))) + row.max() - row[target])
            weight += w
    return total, weight


@pytest.fixture
def grid(rng):
    logits = rng.normal(size=(2, 5, 7)).astype(np.float32)
    targets = rng.integers(0, 7, size=(2, 5)).astype(np.int32)
    weights = np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0]], np.float32)  # a row without any target
    return logits, targets, weights


def test_shifted_targets_stay_within_a_segment():
    ids = np.array([[11, 12, 13, 21, 22, 0], [31, 32, 33, 34, 35, 36], [0, 0, 0, 0, 0, 0]])
    segments = np.array([[1, 1, 1, 2, 2, 0], [3, 3, 3, 3, 3, 3], [0, 0, 0, 0, 0, 0]])
    targets, weights = shifted_targets(ids, segments)
    np.testing.assert_array_equal(targets, [[12, 13, 0, 22, 0, 0], [32, 33, 34, 35, 36, 0], [0, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(weights, [[1, 1, 0, 1, 0, 0], [1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]])
    assert weights.dtype == jnp.float32


def test_one_token_has_nothing_to_predict():
    targets, weights = shifted_targets(np.array([[4]]), np.array([[1]]))
    np.testing.assert_array_equal(targets, [[0]])
    np.testing.assert_array_equal(weights, [[0]])


def test_cross_entropy_equals_the_loop(grid):
    total, weight = reference(*grid)
    result = token_cross_entropy(*grid)
    np.testing.assert_allclose(result.total, total, rtol=1e-5)
    assert result.weight == weight == 3


def test_cross_entropy_gradient(grid, assert_numerical_gradients):
    logits, targets, weights = grid
    assert_numerical_gradients(lambda x: token_cross_entropy(x, targets, weights).mean(), logits)


def test_masked_tokens_equal_the_subset_and_leak_nothing(grid, finite_gradients):
    logits, targets, weights = grid
    subset = token_cross_entropy(logits[weights > 0], targets[weights > 0], np.ones(3, np.float32))
    broken = np.where(weights[..., None] > 0, logits, np.nan)
    value, (gradient,) = finite_gradients(lambda x: token_cross_entropy(x, targets, weights).mean(), broken)
    np.testing.assert_allclose(value, subset.mean(), rtol=1e-5)
    assert (gradient[weights == 0] == 0).all()
    assert (gradient[weights > 0] != 0).all()


@pytest.mark.parametrize("ignored", [-100, -1, 7, 1000])
def test_targets_outside_the_vocabulary_do_not_count(grid, ignored, finite_gradients):
    logits, targets, weights = grid
    outside = np.where(weights > 0, targets, ignored)
    value, (gradient,) = finite_gradients(
        lambda x: token_cross_entropy(x, outside, np.ones((2, 5), np.float32)).mean(), logits
    )
    np.testing.assert_allclose(value, token_cross_entropy(logits, targets, weights).mean(), rtol=1e-5)
    assert (gradient[weights == 0] == 0).all()


def test_no_masked_token_gives_zero(grid, finite_gradients):
    logits, targets, _ = grid
    value, (gradient,) = finite_gradients(
        lambda x: token_cross_entropy(x, targets, np.zeros((2, 5), bool)).mean(), logits
    )
    assert value == 0
    assert (gradient == 0).all()


def test_more_padding_and_another_order_change_nothing(grid):
    logits, targets, weights = grid

    def loss(x, t, w):
        return token_cross_entropy(x, t, w).mean()

    value, gradient = jax.value_and_grad(loss)(logits, targets, weights)
    padded = [np.pad(a, [(0, 1), (0, 2)] + [(0, 0)] * (a.ndim - 2)) for a in grid]
    value_padded, gradient_padded = jax.value_and_grad(loss)(*padded)
    np.testing.assert_allclose(value_padded, value, rtol=1e-6)
    np.testing.assert_allclose(gradient_padded[:2, :5], gradient, rtol=1e-6)
    value_swapped, gradient_swapped = jax.value_and_grad(loss)(*[a[::-1] for a in grid])
    np.testing.assert_allclose(value_swapped, value, rtol=1e-6)
    np.testing.assert_allclose(gradient_swapped, gradient[::-1], rtol=1e-6)


def test_extreme_logits_are_exact(finite_gradients):
    logits = np.array([[1e4, -1e4, 0.0], [1e4, -1e4, 0.0]], np.float32)
    targets = np.array([0, 1], np.int32)
    value, (gradient,) = finite_gradients(lambda x: token_cross_entropy(x, targets, np.ones(2, bool)).total, logits)
    assert value == 2e4
    np.testing.assert_array_equal(gradient, [[0, 0, 0], [1, -1, 0]])


def test_rows_of_the_table_without_a_token_may_be_minus_infinity(finite_gradients):
    logits = np.array([[0.0, 0.0, -np.inf]], np.float32)
    value, (gradient,) = finite_gradients(
        lambda x: token_cross_entropy(x, np.array([1]), np.ones(1, bool)).total, logits
    )
    np.testing.assert_allclose(value, np.log(2), rtol=1e-6)
    np.testing.assert_allclose(gradient, [[0.5, -0.5, 0]], rtol=1e-6)


def test_bfloat16_logits_give_a_float32_loss(grid):
    logits, targets, weights = grid
    rounded = jnp.asarray(logits, jnp.bfloat16)
    result = token_cross_entropy(rounded, targets, weights)
    assert result.total.dtype == result.weight.dtype == jnp.float32
    np.testing.assert_allclose(result.total, reference(np.asarray(rounded, np.float32), targets, weights)[0], rtol=1e-5)


def test_what_does_not_fit_is_refused(grid):
    logits, targets, weights = grid
    with pytest.raises(TypeError, match="logits is int32"):
        token_cross_entropy(targets, targets, weights)
    with pytest.raises(TypeError, match="targets is float32"):
        token_cross_entropy(logits, weights, weights)
    with pytest.raises(ValueError, match="weights has shape"):
        token_cross_entropy(logits, targets, weights[:1])
    with pytest.raises(TypeError, match="ids is float32"):
        shifted_targets(weights, targets)
    with pytest.raises(ValueError, match="segments has shape"):
        shifted_targets(targets, targets[:1])
