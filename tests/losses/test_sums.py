import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses import Sum


def test_sums_of_parts_have_the_mean_of_the_whole(rng):
    values, weights = rng.normal(size=(4, 6)).astype(np.float32), rng.uniform(size=(4, 6)).astype(np.float32)
    whole = Sum.of(values, weights)
    parts = Sum.of(values[:1], weights[:1]) + Sum.of(values[1:], weights[1:])
    np.testing.assert_allclose(whole.mean(), np.average(values, weights=weights), rtol=1e-5)
    np.testing.assert_allclose(parts.mean(), whole.mean(), rtol=1e-5)


def test_no_weight_has_mean_zero_and_zero_gradient():
    def mean(values, weights):
        return Sum.of(values, weights).mean()

    value, gradients = jax.value_and_grad(mean, argnums=(0, 1))(jnp.ones(3), jnp.zeros(3))
    assert value == 0
    np.testing.assert_array_equal(gradients[0], np.zeros(3))
    assert np.isfinite(gradients[1]).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_masked_values_reach_neither_value_nor_gradient(bad):
    values, weights = jnp.array([2.0, bad, 4.0]), jnp.array([1.0, 0.0, 1.0])
    value, gradients = jax.value_and_grad(lambda v, w: Sum.of(v, w).mean(), argnums=(0, 1))(values, weights)
    assert value == 3
    np.testing.assert_array_equal(gradients[0], [0.5, 0.0, 0.5])
    assert np.isfinite(gradients[1]).all()


def test_gradient(assert_numerical_gradients, rng):
    values, weights = rng.normal(size=5).astype(np.float32), rng.uniform(1, 2, size=5).astype(np.float32)
    assert_numerical_gradients(lambda v, w: Sum.of(v, w).mean(), values, weights)


def test_zero_is_neutral():
    some = Sum.of(jnp.array([1.0, 2.0]), jnp.array([True, True]))
    assert (some + Sum.zero()).mean() == some.mean() == 1.5
    assert Sum.zero().mean() == 0


def test_bfloat16_is_summed_in_float32():
    # 256 + 1 is 256 in bfloat16.
    total = Sum.of(jnp.ones(257, jnp.bfloat16), jnp.ones(257, bool)).total
    assert total.dtype == jnp.float32
    assert total == 257


def test_sums_pass_through_jit_and_scan():
    values = jnp.arange(6.0).reshape(3, 2)
    added, _ = jax.lax.scan(lambda s, v: (s + Sum.of(v, jnp.ones(2)), None), Sum.zero(), values)
    assert added.mean() == 2.5


def test_what_does_not_fit_is_refused():
    with pytest.raises(TypeError, match="values is int32"):
        Sum.of(jnp.arange(3), jnp.ones(3))
    with pytest.raises(TypeError, match="weights is int32"):
        Sum.of(jnp.ones(3), jnp.arange(3))
    with pytest.raises(ValueError, match="weights has shape"):
        Sum.of(jnp.ones(3), jnp.ones(1))
