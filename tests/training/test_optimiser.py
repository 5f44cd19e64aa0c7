"""The schedule at known points, the clip and the decay mask."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from space_jax.config import OptimiserConfig
from space_jax.errors import UserError
from space_jax.models.weights import by_path
from space_jax.training.optimiser import decay_mask, learning_rate_schedule, make_optimiser, require_frozen


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
        "task_weights": 0,
    }
    assert decay_mask(params) == {
        "encoder": {"dense": {"kernel": True, "bias": False}, "norm": {"scale": False, "bias": False}},
        "embedding_norm": {"scale": False},
        "mlm_bias": False,
        "subspaces": {"kernels": True, "biases": False},
        "token": True,
        "task_weights": False,
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


PARAMS = {
    "backbone": {"layers": {"inner": {"kernel": jnp.ones((2, 3))}, "inner_adapter": {"up_kernel": jnp.ones((2, 3))}}},
    "pooler": {"kernel": jnp.ones((2, 2))},
    "pooler_2": {"kernel": jnp.ones((2, 2))},
}


def updates_of(freeze, gradient=1.0, **fields):
    """The updates of the second step, after which moments and weight decay show."""
    optimiser = make_optimiser(OptimiserConfig(learning_rate=0.1, warmup_share=0.0, freeze=freeze, **fields), 10)
    state, gradients = optimiser.init(PARAMS), jax.tree.map(lambda leaf: leaf * gradient, PARAMS)
    for _ in range(2):
        updates, state = optimiser.update(gradients, state, PARAMS)
    return by_path(updates)


def test_what_is_frozen_has_no_update_at_all():
    updates = updates_of(("backbone", "pooler"), weight_decay=0.1)
    held = {path for path, update in updates.items() if (np.asarray(update) == 0).all()}
    assert held == {"backbone/layers/inner/kernel", "pooler/kernel"}  # adapters train, and so do other names
    named = updates_of(("backbone", "backbone/layers/inner_adapter"))
    assert (np.asarray(named["backbone/layers/inner_adapter/up_kernel"]) == 0).all()


def test_what_is_frozen_is_no_part_of_the_norm():
    """Adam forgets the size of a gradient, so it is read from its moments."""
    clipped = make_optimiser(OptimiserConfig(clip_norm=1.0, freeze=("backbone",)), 10)
    _, state = clipped.update(PARAMS, clipped.init(PARAMS), PARAMS)
    moments = [leaf for leaf in jax.tree.leaves(state) if leaf.shape == (2, 2)]
    norm = np.sqrt(6 + 4 + 4)  # the adapter, and both poolers
    np.testing.assert_allclose(moments[0], 0.1 / norm, rtol=1e-5)


def test_a_module_that_is_not_there_is_refused():
    require_frozen(OptimiserConfig(freeze=("pooler", "backbone/layers/inner")), PARAMS)
    with pytest.raises(UserError, match=r"optimiser\.freeze: has no module 'head'; modules are backbone/layers, "):
        require_frozen(OptimiserConfig(freeze=("head",)), PARAMS)


def test_the_state_of_a_frozen_optimiser_has_its_places_on_a_mesh():
    """The moments lie where their parameters do: optax finds them by an `init` on a stand-in."""
    optimiser = make_optimiser(OptimiserConfig(freeze=("pooler",)), 10)
    state = optimiser.init(PARAMS)
    marked = optax.tree_utils.tree_map_params(optimiser, lambda leaf: -1.0, state)
    assert sum(leaf is not None and np.ndim(leaf) == 0 and leaf == -1.0 for leaf in jax.tree.leaves(marked)) == 8


def test_without_frozen_modules_the_state_is_as_it_was():
    plain, frozen = (make_optimiser(OptimiserConfig(freeze=f), 10).init(PARAMS) for f in ((), ("pooler",)))
    assert len(plain) == 2 < len(frozen)
