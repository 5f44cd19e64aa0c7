"""The mixture of generating and copying against loops, its limits and its gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses.copy_mixture import (
    as_released_log_probs,
    as_released_of_targets,
    mixture_log_probs,
    mixture_of_targets,
)

VOCABULARY = 7


@pytest.fixture
def batch(rng):
    """log_p `[R, T, V]`, gate, share, source with a place that is none, targets of which one is in no source."""
    log_p = jax.nn.log_softmax(jnp.asarray(rng.normal(size=(2, 3, VOCABULARY)), jnp.float32))
    gate = jnp.asarray(rng.uniform(0.1, 0.9, (2, 3)), jnp.float32)
    source = jnp.asarray([[1, 2, 2, 5], [3, -1, 3, 0]])
    share = jax.nn.softmax(jnp.asarray(rng.normal(size=(2, 3, 4)), jnp.float32))
    share = jnp.where((source >= 0)[:, None], share, 0.0)
    return log_p, gate, share / share.sum(-1, keepdims=True), source, jnp.asarray([[2, 6, 5], [3, 0, 4]])


def reference(log_p, gate, share, source, released):
    """`[R, T, V]` probabilities, a loop over everything."""
    R, T, V = log_p.shape
    out = np.zeros((R, T, V))
    for r in range(R):
        for t in range(T):
            copied = np.zeros(V)
            for s, token in enumerate(source[r]):
                if token >= 0:
                    copied[token] += share[r, t, s]
            if released:
                copied = np.exp(copied) / np.exp(copied).sum()
            out[r, t] = gate[r, t] * np.exp(log_p[r, t]) + (1 - gate[r, t]) * copied
    return out


def of_targets(table, targets):
    return np.take_along_axis(np.asarray(table), np.asarray(targets)[..., None], axis=-1)[..., 0]


@pytest.mark.parametrize("released", [False, True])
def test_equal_to_loops_and_sum_to_one(batch, released):
    log_p, gate, share, source, targets = batch
    expected = reference(*(np.asarray(a, np.float64) for a in (log_p, gate, share)), np.asarray(source), released)
    whole = (as_released_log_probs if released else mixture_log_probs)(log_p, gate, share, source)
    np.testing.assert_allclose(jnp.exp(whole), expected, atol=1e-6)
    np.testing.assert_allclose(jnp.exp(whole).sum(-1), 1, atol=1e-5)
    own = jnp.asarray(of_targets(log_p, targets))
    if released:
        alone = as_released_of_targets(own, gate, share, source, targets, VOCABULARY)
    else:
        alone = mixture_of_targets(own, gate, share, source, targets)
    np.testing.assert_allclose(jnp.exp(alone), of_targets(expected, targets), atol=1e-6)


def test_limits(batch):
    log_p, gate, share, source, targets = batch
    own = jnp.asarray(of_targets(log_p, targets))
    np.testing.assert_allclose(mixture_of_targets(own, jnp.ones_like(gate), share, source, targets), own, rtol=1e-6)
    copied = mixture_of_targets(own, jnp.zeros_like(gate), share, source, targets)
    assert copied[0, 1] == -jnp.inf  # 6 is nowhere in the source
    np.testing.assert_allclose(jnp.exp(copied[0, 0]), share[0, 0, 1] + share[0, 0, 2], rtol=1e-5)
    nothing = mixture_of_targets(own, gate, jnp.zeros_like(share), source, targets)
    np.testing.assert_array_equal(nothing, own)


def test_the_order_of_the_source_does_not_matter(batch):
    log_p, gate, share, source, targets = batch
    order = jnp.asarray([3, 1, 0, 2])
    own = jnp.asarray(of_targets(log_p, targets))
    mixed = mixture_of_targets(own, gate, share[..., order], source[:, order], targets)
    np.testing.assert_allclose(mixed, mixture_of_targets(own, gate, share, source, targets), rtol=1e-6)


@pytest.mark.parametrize("released", [False, True])
def test_gradients(batch, assert_numerical_gradients, released):
    log_p, gate, share, source, targets = batch
    own = jnp.asarray(of_targets(log_p, targets))

    def loss(own, gate, share):
        if released:
            return as_released_of_targets(own, gate, share, source, targets, VOCABULARY).sum()
        return mixture_of_targets(own, gate, share, source, targets).sum()

    assert_numerical_gradients(loss, own, gate, share)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_gradients_are_finite_at_a_closed_gate(batch, finite_gradients, value):
    log_p, gate, share, source, _ = batch
    targets = jnp.asarray([[2, 2, 2], [3, 3, 3]])
    own = jnp.asarray(of_targets(log_p, targets))
    finite_gradients(
        lambda own, gate, share: mixture_of_targets(own, gate, share, source, targets),
        own,
        jnp.full_like(gate, value),
        share,
    )
