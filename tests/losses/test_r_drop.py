import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses import Sum, r_drop, symmetric_kl


def reference(p_logits, q_logits):
    values = []
    for x, y in zip(p_logits.astype(np.float64), q_logits.astype(np.float64), strict=True):
        p, q = np.exp(x) / np.exp(x).sum(), np.exp(y) / np.exp(y).sum()
        values.append(0.5 * (np.sum(p * np.log(p / q)) + np.sum(q * np.log(q / p))))
    return np.array(values)


@pytest.fixture
def passes(rng):
    return rng.normal(size=(4, 6)).astype(np.float32), rng.normal(size=(4, 6)).astype(np.float32)


def test_equals_the_loop_and_is_symmetric(passes):
    p, q = passes
    np.testing.assert_allclose(symmetric_kl(p, q), reference(p, q), rtol=1e-5)
    np.testing.assert_array_equal(symmetric_kl(q, p), symmetric_kl(p, q))


def test_gradient(passes, assert_numerical_gradients):
    assert_numerical_gradients(symmetric_kl, *passes)


def test_equal_passes_cost_nothing(passes, finite_gradients):
    value, gradients = finite_gradients(symmetric_kl, passes[0], passes[0])
    assert value == 0
    for gradient in gradients:
        np.testing.assert_allclose(gradient, 0, atol=1e-7)


def test_logits_count_up_to_a_constant(passes):
    p, q = passes
    np.testing.assert_allclose(symmetric_kl(p + 3, q), symmetric_kl(p, q), rtol=1e-4)


def test_each_example_stands_alone(passes):
    p, q = passes
    np.testing.assert_array_equal(symmetric_kl(p[::-1], q[::-1]), symmetric_kl(p, q)[::-1])
    np.testing.assert_allclose(symmetric_kl(p[:1], q[:1]), symmetric_kl(p, q)[:1], rtol=1e-6)


def test_masked_and_empty_batches(passes, finite_gradients):
    p, q = passes
    keep = np.array([True, False, True, False])
    value, (gradient, _) = finite_gradients(lambda x, y: Sum.of(symmetric_kl(x, y), keep).mean(), p, q)
    np.testing.assert_allclose(value, reference(p, q)[keep].mean(), rtol=1e-5)
    assert (gradient[~keep] == 0).all()
    value, gradients = finite_gradients(lambda x, y: Sum.of(symmetric_kl(x, y), ~keep & keep).mean(), p, q)
    assert value == 0
    assert all((gradient == 0).all() for gradient in gradients)


def test_extreme_logits_are_finite(finite_gradients):
    value, _ = finite_gradients(symmetric_kl, np.array([[1e4, -1e4]], np.float32), np.array([[-1e4, 1e4]], np.float32))
    assert value == 2e4


def test_bfloat16_gives_float32(passes):
    p, q = (jnp.asarray(x, jnp.bfloat16) for x in passes)
    result = symmetric_kl(p, q)
    assert result.dtype == jnp.float32
    np.testing.assert_allclose(result, reference(np.asarray(p, np.float32), np.asarray(q, np.float32)), rtol=1e-4)


@pytest.mark.parametrize("make_key", [jax.random.key, jax.random.PRNGKey])
def test_r_drop_runs_the_forward_under_both_keys(make_key):
    keys = [make_key(1), make_key(2)]

    def logits_of(key):
        return jnp.where(jax.random.bernoulli(key, 0.5, (3, 8)), jnp.arange(24.0).reshape(3, 8), 0.0)

    kl, logits = r_drop(logits_of, *keys)
    for index, key in enumerate(keys):
        np.testing.assert_array_equal(logits[index], logits_of(key))
    np.testing.assert_allclose(kl, symmetric_kl(logits[0], logits[1]), rtol=1e-6)
    same, _ = r_drop(logits_of, keys[0], keys[0])
    np.testing.assert_array_equal(same, np.zeros(3))


def test_r_drop_lets_gradients_through_to_the_parameters(assert_numerical_gradients):
    keys = jax.random.split(jax.random.key(0))

    def loss(parameters):
        return r_drop(lambda key: parameters * (1 + jax.random.uniform(key, (2, 3))), keys[0], keys[1])[0]

    assert_numerical_gradients(loss, jnp.arange(6.0).reshape(2, 3) / 3)


def test_what_does_not_fit_is_refused(passes):
    with pytest.raises(ValueError, match="q_logits has shape"):
        symmetric_kl(passes[0], passes[1][:1])
    with pytest.raises(TypeError, match="p_logits is int32"):
        symmetric_kl(jnp.zeros((1, 2), int), jnp.zeros((1, 2)))
