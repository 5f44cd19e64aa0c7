"""Cross-entropy of one class with smoothing, against NumPy and optax."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.test_util import check_grads

from space_jax.losses import class_cross_entropy

LOGITS = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32) * 3
LABELS = np.array([[0, 4, 2], [1, 1, 3]])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_it_is_that_of_loops_and_of_optax(smoothing):
    ours = np.asarray(class_cross_entropy(LOGITS, LABELS, smoothing))
    for place in np.ndindex(2, 3):
        p = np.exp(LOGITS[place]) / np.exp(LOGITS[place]).sum()
        target = np.full(5, smoothing / 5)
        target[LABELS[place]] += 1 - smoothing
        np.testing.assert_allclose(ours[place], -(target * np.log(p)).sum(), rtol=1e-5)
    targets = optax.smooth_labels(jax.nn.one_hot(LABELS, 5), smoothing)
    np.testing.assert_allclose(ours, optax.softmax_cross_entropy(LOGITS, targets), rtol=1e-5)


def test_a_label_outside_is_finite_and_so_are_gradients():
    run = lambda logits: class_cross_entropy(logits, jnp.array([-1, 7]), 0.1).sum()  # noqa: E731
    assert np.isfinite(jax.grad(run)(jnp.array([[1e4, -1e4], [0.0, 0.0]]))).all()
    check_grads(lambda x: class_cross_entropy(x, LABELS, 0.1), (LOGITS,), order=1, modes=["rev"], atol=1e-2, rtol=1e-2)


def test_other_numbers_are_refused():
    with pytest.raises(TypeError, match="labels"):
        class_cross_entropy(LOGITS, LABELS.astype(np.float32))
    with pytest.raises(ValueError, match="labels"):
        class_cross_entropy(LOGITS, LABELS[0])
