import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses import Sum, policy_distance


@pytest.fixture
def vectors(rng):
    return rng.normal(size=(3, 4)).astype(np.float32), rng.normal(size=(3, 4)).astype(np.float32)


def test_equals_the_loop(vectors):
    loop = [sum((a - b) ** 2 for a, b in zip(p, t, strict=True)) for p, t in zip(*vectors, strict=True)]
    np.testing.assert_allclose(policy_distance(*vectors), loop, rtol=1e-5)


def test_gradient_reaches_both_sides(vectors, assert_numerical_gradients, finite_gradients):
    assert_numerical_gradients(policy_distance, *vectors)
    _, (policy, target) = finite_gradients(policy_distance, *vectors)
    np.testing.assert_array_equal(policy, -target)
    assert (policy != 0).all()


def test_equal_vectors_cost_nothing(vectors, finite_gradients):
    value, gradients = finite_gradients(policy_distance, vectors[0], vectors[0])
    assert value == 0
    assert all((gradient == 0).all() for gradient in gradients)


def test_masked_empty_single_and_permuted(vectors, finite_gradients):
    distances = policy_distance(*vectors)
    np.testing.assert_array_equal(policy_distance(vectors[0][::-1], vectors[1][::-1]), distances[::-1])
    np.testing.assert_allclose(policy_distance(vectors[0][:1], vectors[1][:1]), distances[:1], rtol=1e-6)
    keep = np.array([False, True, False])
    value, gradients = finite_gradients(lambda *v: Sum.of(policy_distance(*v), keep).mean(), *vectors)
    np.testing.assert_allclose(value, distances[1], rtol=1e-6)
    assert all((gradient[~keep] == 0).all() for gradient in gradients)
    value, gradients = finite_gradients(lambda *v: Sum.of(policy_distance(*v), ~keep & keep).mean(), *vectors)
    assert value == 0
    assert all((gradient == 0).all() for gradient in gradients)


def test_extreme_values_are_finite(finite_gradients):
    value, _ = finite_gradients(policy_distance, np.full((1, 2), 1e4, np.float32), np.full((1, 2), -1e4, np.float32))
    assert value == 8e8


def test_bfloat16_gives_float32(vectors):
    policy, target = (jnp.asarray(v, jnp.bfloat16) for v in vectors)
    result = policy_distance(policy, target)
    assert result.dtype == jnp.float32
    exact = np.sum((np.asarray(policy, np.float32) - np.asarray(target, np.float32)) ** 2, axis=1)
    np.testing.assert_allclose(result, exact, rtol=1e-6)


def test_what_does_not_fit_is_refused(vectors):
    with pytest.raises(ValueError, match="target has shape"):
        policy_distance(vectors[0], vectors[1][:1])
    with pytest.raises(TypeError, match="policy is int32"):
        policy_distance(jnp.zeros((1, 2), int), jnp.zeros((1, 2)))
