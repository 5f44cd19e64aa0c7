"""STAR's other losses: by hand, against NumPy, and all of them against the recorded numbers of its code."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses import (
    Sum,
    class_cross_entropy,
    dependency_contrast,
    dependency_weights,
    replaced_tokens,
    slot_state,
    task_penalty,
    task_weighted,
)

RELATIVE = 2e-6


@pytest.fixture(scope="module")
def recorded(shared_data):
    folder = shared_data / "parity" / "family"
    if not folder.is_dir():
        pytest.skip(f"no recorded numbers at {folder}")
    arrays = [np.load(folder / f"star_tiny_{part}.npz") for part in ("inputs", "outputs", "weights")]
    return json.loads((folder / "star_tiny.json").read_text()), *arrays


def test_the_dependency_is_the_published_one(recorded):
    spec, inputs, outputs, _ = recorded
    similarity, sharpness = inputs["similarity_labels"], spec["similarity_sharpness"]
    np.testing.assert_allclose(dependency_weights(similarity, sharpness), outputs["contrast_weights"], atol=5e-6)
    losses = dependency_contrast(
        outputs["utterance_uncorrupted"],
        outputs["utterance"],
        similarity,
        similarity > 0,
        spec["temperature"],
        sharpness,
    )
    np.testing.assert_allclose(losses.mean(), outputs["loss_dependency"], rtol=RELATIVE)


def test_the_replaced_tokens_are_the_published_ones(recorded):
    spec, inputs, outputs, _ = recorded
    losses = replaced_tokens(outputs["replaced_logits"], inputs["replaced"])
    term = Sum.of(losses, inputs["attention_mask"])
    np.testing.assert_allclose(term.mean(), outputs["loss_replaced"], rtol=RELATIVE)
    electra = outputs["loss_generator"] + spec["replaced_token_factor"] * term.mean()
    np.testing.assert_allclose(electra, outputs["loss_electra"], rtol=RELATIVE)


def test_the_slot_state_is_the_published_one(recorded):
    spec, inputs, outputs, _ = recorded
    labels = inputs["column_labels"].astype(np.int32)
    passes = [
        slot_state(outputs[name], labels, np.ones(len(labels), bool), spec["class_weight_of_unused_columns"]).mean()
        for name in ("column_logits", "column_logits_uncorrupted")
    ]
    np.testing.assert_allclose(sum(passes) / 2, outputs["loss_state"], rtol=RELATIVE)


def test_the_total_is_the_published_one(recorded):
    _, _, outputs, weights = recorded
    one = jnp.ones(())
    losses = [Sum(jnp.asarray(outputs[f"loss_{name}"]), one) for name in ("electra", "state", "dependency")]
    a = jnp.asarray(weights["task_weights"])
    total = sum(task_weighted(loss, weight).mean() for loss, weight in zip(losses, a, strict=True)) + task_penalty(a)
    np.testing.assert_allclose(total, outputs["loss_total"], rtol=RELATIVE)


def test_the_gradient_of_the_task_weights_is_the_published_one(recorded):
    _, _, outputs, weights = recorded

    def total(a):
        losses = [Sum(jnp.asarray(outputs[f"loss_{n}"]), jnp.ones(())) for n in ("electra", "state", "dependency")]
        return sum(task_weighted(loss, w).mean() for loss, w in zip(losses, a, strict=True)) + task_penalty(a)

    expected = outputs["grad:task_weights"]
    found = jax.grad(total)(jnp.asarray(weights["task_weights"]))
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_weights_of_1_are_half_the_sum_and_three_times_log_2(rng):
    losses = rng.uniform(0.5, 3, 3)
    total = sum(float(task_weighted(Sum(jnp.float32(loss), jnp.ones(())), jnp.ones(())).mean()) for loss in losses)
    np.testing.assert_allclose(total + task_penalty(jnp.ones(3)), losses.sum() / 2 + 3 * np.log(2), rtol=1e-6)


def test_the_best_weight_of_a_constant_loss_is_where_its_derivative_says():
    """0.5 L / a^2 + log(1 + a^2) is least where 2 a^4 = L (1 + a^2)."""
    loss = 3.0

    def objective(a):
        return task_weighted(Sum(jnp.float32(loss), jnp.ones(())), a).mean() + task_penalty(a[None])

    a = jnp.float32(1.0)
    for _ in range(300):
        a = a - 0.1 * jax.grad(objective)(a)
    assert 2 * float(a) ** 4 == pytest.approx(loss * (1 + float(a) ** 2), rel=1e-4)


def test_replaced_tokens_equal_numpy_and_stand_extremes(rng, assert_numerical_gradients, finite_gradients):
    logits, replaced = rng.normal(size=(3, 4)).astype(np.float32), rng.random((3, 4)) < 0.5
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    expected = -np.where(replaced, np.log(p), np.log(1 - p))
    np.testing.assert_allclose(replaced_tokens(logits, replaced), expected, rtol=1e-5)
    assert_numerical_gradients(lambda x: replaced_tokens(x, replaced), logits)
    extreme = np.array([1e4, -1e4], np.float32)
    value, (gradient,) = finite_gradients(lambda x: replaced_tokens(x, np.array([True, True])), extreme)
    assert value == 1e4
    np.testing.assert_array_equal(gradient, [0, -1])
    with pytest.raises(TypeError, match="replaced is int"):
        replaced_tokens(logits, replaced.astype(np.int32))


def test_unused_slots_weigh_what_is_said(rng, assert_numerical_gradients):
    logits = rng.normal(size=(2, 5, 6)).astype(np.float32)
    roles, counts = rng.integers(0, 6, (2, 5)).astype(np.int32), rng.random((2, 5)) < 0.7
    roles[0, :2], counts[0, :2] = 0, True
    plain = Sum.of(class_cross_entropy(logits, roles), counts)
    same = slot_state(logits, roles, counts, 1.0)
    np.testing.assert_array_equal([same.total, same.weight], [plain.total, plain.weight])
    losses, weights = np.asarray(class_cross_entropy(logits, roles)), np.where(roles == 0, 0.025, 1.0) * counts
    np.testing.assert_allclose(
        slot_state(logits, roles, counts, 0.025).mean(), (losses * weights).sum() / weights.sum(), rtol=1e-5
    )
    assert_numerical_gradients(lambda x: slot_state(x, roles, counts, 0.025).mean(), logits)
    assert slot_state(logits, roles, np.zeros_like(counts), 0.025).mean() == 0
