"""The schedule at known points, the clip and the decay mask."""

import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import OptimiserConfig
from space_jax.training.optimiser import decay_mask, learning_rate_schedule, make_optimiser


@pytest.mark.parametrize(
    ("step", "rate"), [(0, 0.0), (5, 0.5), (10, 1.0), (55, 0.5), (99, 1 / 90), (100, 0.0), (120, 0.0)]
)
def test_schedule_with_warm_up(step, rate):
    schedule = learning_rate_schedule(OptimiserConfig(learning_rate=1.0, warmup_share=0.1), 100)
    assert float(schedule(step)) == pytest.approx(rate, abs=1e-6)


@pytest.mark.parametrize(("step", "rate"), [(0, 1.0), (1, 0.75), (4, 0.0)])
def test_schedule_without_warm_up(step, rate):
    schedule = learning_rate_schedule(OptimiserConfig(learning_rate=1.0, warmup_share=0.0), 4)
    assert float(schedule(step)) == pytest.approx(rate, abs=1e-6)


def test_only_matrices_and_tables_decay():
    params = {
        "encoder": {"dense": {"kernel": 0, "bias": 0}, "norm": {"scale": 0, "bias": 0}},
        "embedding_norm": {"scale": 0},
        "mlm_bias": 0,
        "subspaces": {"kernels": 0, "biases": 0},
        "token": 0,
    }
    assert decay_mask(params) == {
        "encoder": {"dense": {"kernel": True, "bias": False}, "norm": {"scale": False, "bias": False}},
        "embedding_norm": {"scale": False},
        "mlm_bias": False,
        "subspaces": {"kernels": True, "biases": False},
        "token": True,
    }


def _adam_reference(config, params, grads, rates):
    m, v = np.zeros_like(params), np.zeros_like(params)
    for k, (grad, rate) in enumerate(zip(grads, rates, strict=True), start=1):
        clipped = grad * min(1.0, config.clip_norm / np.linalg.norm(grad))
        m = config.beta1 * m + (1 - config.beta1) * clipped
        v = config.beta2 * v + (1 - config.beta2) * clipped**2
        step = m / (1 - config.beta1**k) / (np.sqrt(v / (1 - config.beta2**k)) + config.epsilon)
        params = params - rate * (step + config.weight_decay * params)
    return params


def test_update_is_clipped_adamw():
    config = OptimiserConfig(learning_rate=0.1, warmup_share=0.0, weight_decay=0.1, clip_norm=1.0)
    optimiser = make_optimiser(config, 4)
    grads = [np.array([30.0, -40.0]), np.array([0.1, 0.2])]
    params = {"kernel": jnp.array([1.0, 2.0])}
    state = optimiser.init(params)
    for grad in grads:
        updates, state = optimiser.update({"kernel": jnp.asarray(grad, jnp.float32)}, state, params)
        params = {"kernel": params["kernel"] + updates["kernel"]}
    expected = _adam_reference(config, np.array([1.0, 2.0]), grads, [0.1, 0.075])
    np.testing.assert_allclose(params["kernel"], expected, rtol=1e-5)
