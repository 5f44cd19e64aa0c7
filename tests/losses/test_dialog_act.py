import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses import Sum, dialog_act, entropy_gate


def reference(logits, acts):
    losses = []
    for row, gold in zip(logits.astype(np.float64), acts, strict=True):
        p = 1 / (1 + np.exp(-row))
        losses.append(np.mean([-np.log(q) if y else -np.log(1 - q) for q, y in zip(p, gold, strict=True)]))
    return np.array(losses)


def reference_gate(logits):
    gates = []
    for row in logits.astype(np.float64):
        p = np.exp(row) / np.exp(row).sum()
        entropy, largest = -np.sum(p * np.log(p)), np.log(len(row))
        gates.append(min(1.0, max(0.0, (largest - entropy - np.log(entropy)) / largest)))
    return np.array(gates)


@pytest.fixture
def examples(rng):
    logits = rng.normal(scale=2, size=(5, 20)).astype(np.float32)
    acts = rng.integers(0, 2, size=(5, 20)).astype(np.float32)
    acts[0] = 0  # a response without any act
    return logits, acts


def test_equals_the_loop(examples):
    np.testing.assert_allclose(dialog_act(*examples), reference(*examples), rtol=1e-5)
    np.testing.assert_allclose(dialog_act(examples[0], examples[1] > 0), reference(*examples), rtol=1e-5)


def test_gradient(examples, assert_numerical_gradients):
    logits, acts = examples
    assert_numerical_gradients(lambda x: dialog_act(x, acts), logits)


def test_unlabelled_examples_are_left_out_by_the_sum(examples, finite_gradients):
    logits, acts = examples
    labelled = np.array([True, False, True, False, False])
    value, (gradient,) = finite_gradients(lambda x: Sum.of(dialog_act(x, acts), labelled).mean(), logits)
    np.testing.assert_allclose(value, reference(*examples)[labelled].mean(), rtol=1e-5)
    assert (gradient[~labelled] == 0).all()


def test_no_labelled_example_gives_zero(examples, finite_gradients):
    logits, acts = examples
    value, (gradient,) = finite_gradients(lambda x: Sum.of(dialog_act(x, acts), np.zeros(5, bool)).mean(), logits)
    assert value == 0
    assert (gradient == 0).all()


def test_each_example_stands_alone(examples):
    logits, acts = examples
    np.testing.assert_array_equal(dialog_act(logits[::-1], acts[::-1]), dialog_act(logits, acts)[::-1])
    np.testing.assert_allclose(dialog_act(logits[2:3], acts[2:3]), dialog_act(logits, acts)[2:3], rtol=1e-6)


def test_extreme_logits_are_exact(finite_gradients):
    logits, acts = np.array([[1e4, -1e4], [-1e4, 1e4]], np.float32), np.array([[1, 0], [1, 0]], np.float32)
    np.testing.assert_array_equal(dialog_act(logits, acts), [0, 1e4])
    _, (gradient,) = finite_gradients(lambda x: dialog_act(x, acts), logits)
    np.testing.assert_array_equal(gradient, [[0, 0], [-0.5, 0.5]])


def test_gate_equals_the_loop(examples):
    gates = entropy_gate(examples[0])
    np.testing.assert_allclose(gates, reference_gate(examples[0]), atol=1e-6)
    assert ((gates > 0) & (gates < 1)).any()


def test_gate_limits_are_finite():
    flat, sharp, extreme = np.zeros(20), np.eye(20)[0] * 30, np.eye(20)[0] * 1e4
    np.testing.assert_array_equal(entropy_gate(np.stack([flat, sharp, extreme]).astype(np.float32)), [0, 1, 1])
    # With two acts -log E lifts even a flat distribution off the floor.
    np.testing.assert_allclose(entropy_gate(np.zeros((1, 2), np.float32)), [-np.log(np.log(2)) / np.log(2)], rtol=1e-5)


def test_no_gradient_passes_the_gate(examples, finite_gradients):
    _, (gradient,) = finite_gradients(entropy_gate, examples[0])
    assert (gradient == 0).all()
    _, (gradient,) = finite_gradients(entropy_gate, np.array([[1e4, -1e4, 0]], np.float32))
    assert (gradient == 0).all()


def test_bfloat16_gives_float32(examples):
    rounded = jnp.asarray(examples[0], jnp.bfloat16)
    exact = np.asarray(rounded, np.float32)
    assert dialog_act(rounded, examples[1]).dtype == entropy_gate(rounded).dtype == jnp.float32
    np.testing.assert_allclose(dialog_act(rounded, examples[1]), reference(exact, examples[1]), rtol=1e-5)
    np.testing.assert_allclose(entropy_gate(rounded), reference_gate(exact), atol=1e-6)


def test_what_does_not_fit_is_refused(examples):
    logits, acts = examples
    with pytest.raises(TypeError, match="acts is int32"):
        dialog_act(logits, acts.astype(np.int32))
    with pytest.raises(ValueError, match="acts has shape"):
        dialog_act(logits, acts[:1])
    with pytest.raises(ValueError, match="at least 2"):
        jax.block_until_ready(entropy_gate(logits[:, :1]))
