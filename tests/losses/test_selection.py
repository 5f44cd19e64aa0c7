import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses import Sum, response_selection


def reference(true_logits, negative_logits):
    values = []
    for x, y in zip(true_logits.astype(np.float64), negative_logits.astype(np.float64), strict=True):
        values.append(np.log(1 + np.exp(-x)) + np.log(1 + np.exp(y)))
    return np.array(values)


@pytest.fixture
def pairs(rng):
    return rng.normal(size=5).astype(np.float32), rng.normal(size=5).astype(np.float32)


def test_equals_the_loop(pairs):
    np.testing.assert_allclose(response_selection(*pairs), reference(*pairs), rtol=1e-5)


def test_the_two_terms_are_added():
    """A head that knows nothing pays log 2 for each of the two responses; one that is sure and wrong of one, for it."""
    values = response_selection(jnp.array([0.0, -9.0, 30.0]), jnp.array([0.0, -30.0, 9.0]))
    np.testing.assert_allclose(values, [1.386294, 9.000123, 9.000123], rtol=1e-6)


def test_gradient(pairs, assert_numerical_gradients):
    assert_numerical_gradients(response_selection, *pairs)


def test_each_example_stands_alone(pairs):
    true, negative = pairs
    np.testing.assert_array_equal(response_selection(true[::-1], negative[::-1]), response_selection(*pairs)[::-1])
    np.testing.assert_allclose(response_selection(true[:1], negative[:1]), response_selection(*pairs)[:1], rtol=1e-6)


def test_masked_and_empty_batches(pairs, finite_gradients):
    keep = np.array([True, False, False, True, False])
    value, gradients = finite_gradients(lambda *x: Sum.of(response_selection(*x), keep).mean(), *pairs)
    np.testing.assert_allclose(value, reference(*pairs)[keep].mean(), rtol=1e-5)
    assert all((gradient[~keep] == 0).all() for gradient in gradients)
    value, gradients = finite_gradients(lambda *x: Sum.of(response_selection(*x), np.zeros(5, bool)).mean(), *pairs)
    assert value == 0
    assert all((gradient == 0).all() for gradient in gradients)


def test_extreme_logits_are_exact(finite_gradients):
    large = np.array([1e4], np.float32)
    assert finite_gradients(response_selection, large, -large)[0] == 0
    assert finite_gradients(response_selection, -large, large)[0] == 2e4


def test_bfloat16_gives_float32(pairs):
    true, negative = (jnp.asarray(x, jnp.bfloat16) for x in pairs)
    result = response_selection(true, negative)
    assert result.dtype == jnp.float32
    np.testing.assert_allclose(
        result, reference(np.asarray(true, np.float32), np.asarray(negative, np.float32)), rtol=1e-5
    )


def test_what_does_not_fit_is_refused(pairs):
    with pytest.raises(ValueError, match="negative_logits has shape"):
        response_selection(pairs[0], pairs[1][:1])
    with pytest.raises(TypeError, match="true_logits is int32"):
        response_selection(jnp.zeros(2, int), jnp.zeros(2))
