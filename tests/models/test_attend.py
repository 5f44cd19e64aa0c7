"""Attention with its written-out backward pass against the plain form, value and gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.models.attend import attend
from space_jax.models.backbone import masked_softmax
from space_jax.models.dropout import dropout

RNG = np.random.default_rng(0)
SEGMENTS = jnp.array([[1, 1, 1, 2, 2, 0], [1, 1, 0, 0, 0, 0]])
MASK = (SEGMENTS[:, :, None] == SEGMENTS[:, None, :]) & (SEGMENTS[:, :, None] > 0)
KEY = jax.random.key(1)


def plain(query, keys, values, mask, drop, rate, generator="hash"):
    """Softmax of the scaled scores, dropout of the weights, mean of the values, one step after the other."""
    scores = jnp.einsum("RNQD,RNKD->RNQK", query * query.shape[-1] ** -0.5, keys)
    weights = masked_softmax(scores, mask)
    if drop is not None:
        weights = dropout(drop, weights, rate, generator)
    return jnp.einsum("RNQK,RNKD->RNQD", weights, values)


def parts(scale=1.0):
    return tuple(jnp.asarray(scale * RNG.normal(size=(2, 2, 6, 8)), jnp.float32) for _ in range(3))


def value_and_gradients(function, parts, mask, drop):
    def loss(*parts):
        out = function(*parts, mask, drop, 0.3)
        return (jnp.sin(out) * jnp.arange(out.size).reshape(out.shape)).sum(), out

    (_, out), gradients = jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)(*parts)
    return out, *gradients


@pytest.mark.parametrize("drop", [None, KEY])
@pytest.mark.parametrize("mask", [MASK, jnp.ones((2, 6, 6), bool), jnp.zeros((2, 6, 6), bool)])
def test_equals_the_plain_form(mask, drop):
    inputs = parts()
    for ours, theirs in zip(
        value_and_gradients(attend, inputs, mask, drop), value_and_gradients(plain, inputs, mask, drop), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)


def test_a_query_that_sees_nothing_gets_nothing_and_passes_nothing_on():
    for array in value_and_gradients(attend, parts(), jnp.zeros((2, 6, 6), bool), KEY):
        np.testing.assert_array_equal(array, 0)


def test_extreme_scores_stay_finite():
    inputs = parts(scale=1e4)
    ours, theirs = (value_and_gradients(function, inputs, MASK, None) for function in (attend, plain))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    assert all(np.isfinite(array).all() for array in ours)


def test_two_keys_at_once_are_two_calls():
    inputs, keys = parts(), jax.random.split(KEY)
    both = jax.vmap(lambda key: attend(*inputs, MASK, key, 0.3))(keys)
    for out, key in zip(both, keys, strict=True):
        np.testing.assert_allclose(out, attend(*inputs, MASK, key, 0.3), rtol=1e-6)


@pytest.mark.parametrize("generator", ["rbg", "threefry"])
def test_the_backward_pass_has_the_mask_of_the_forward_pass(generator):
    """Against the plain form with dropout by the same generator."""
    inputs = parts()
    ours, theirs = (
        value_and_gradients(lambda *a, f=function: f(*a, generator), inputs, MASK, KEY) for function in (attend, plain)
    )
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)
