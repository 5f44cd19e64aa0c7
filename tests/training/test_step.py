"""One step: accumulation equals the big batch, every mesh equals one device, and a bad step changes nothing."""

import functools

import jax
import numpy as np
import pytest

from space_jax.config import MeshConfig
from space_jax.features.packing import pack
from space_jax.models.recipe import KEY_PURPOSES, total_loss
from space_jax.models.registry import make_recipe
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import learning_rate_schedule, make_optimiser
from space_jax.training.random_keys import purpose_number, step_keys
from space_jax.training.sharding import batch_sharding, unbox
from space_jax.training.state import abstract_state, init_state, shardings_of
from space_jax.training.step import accumulate, make_train_step, metric_names
from tests.models.conftest import MODEL, PACKED, RECIPES, make_items
from tests.training.toy import ToyRecipe, micro, split_batch, toy_batch, toy_config

RULES = MeshConfig().rules


class Runner:
    """The training step of the toy on one mesh; its programs are compiled once."""

    def __init__(self, mesh_config, devices=None):
        config, recipe, micro_batch = toy_config(), ToyRecipe(dropout=True), micro(toy_batch(0))
        self.mesh = make_mesh(mesh_config, devices)
        optimiser, schedule = make_optimiser(config.optimiser, 10), learning_rate_schedule(config.optimiser, 10)
        abstract = abstract_state(recipe, optimiser, micro_batch, RULES, self.mesh)
        start = init_state(recipe, optimiser, micro_batch, 0, RULES, self.mesh)
        self.start, self.where = jax.device_get(start), shardings_of(abstract)
        self.step = make_train_step(recipe, optimiser, schedule, 0, abstract, RULES, self.mesh)

    def __call__(self, batches):
        """Steps from the start; returns the final state on the host and the metrics of each step."""
        state, history = jax.device_put(self.start, self.where), []
        for batch in batches:
            state, metrics = self.step(state, jax.device_put(batch, batch_sharding(self.mesh)))
            history.append(dict(zip(metric_names(ToyRecipe()), jax.device_get(metrics), strict=True)))
        return jax.device_get(state), history


def assert_close(left, right, tolerance=1e-5):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance), left, right)


@pytest.fixture(scope="module")
def runner():
    return Runner(MeshConfig(), jax.devices()[:1])


@pytest.fixture(scope="module")
def one_device(runner):
    return runner([toy_batch(0), toy_batch(1)])


@pytest.mark.parametrize(("data", "fsdp", "tensor"), [(8, 1, 1), (2, 2, 2), (1, 4, 2)])
def test_every_mesh_equals_one_device(data, fsdp, tensor, one_device):
    state, history = Runner(MeshConfig(data=data, fsdp=fsdp, tensor=tensor))([toy_batch(0), toy_batch(1)])
    assert_close(state, one_device[0])
    assert_close(history, one_device[1])


def test_accumulation_equals_the_big_batch():
    recipe, batch = ToyRecipe(dropout=False), toy_batch(3, examples=8)
    params = jax.tree.map(np.asarray, _fresh(recipe, batch))

    @jax.jit
    def loss(params, batch):
        terms, features = accumulate(recipe, params, batch, lambda index: {})
        return total_loss(recipe.finish(terms, features), recipe.coefficients)

    big, split = batch, split_batch(batch, 4)
    assert_close(jax.value_and_grad(loss)(params, big), jax.value_and_grad(loss)(params, split), 1e-6)


def _fresh(recipe, batch):
    mesh = make_mesh(MeshConfig(), jax.devices()[:1])
    return init_state(recipe, make_optimiser(toy_config().optimiser, 10), micro(batch), 0, RULES, mesh).params


def test_a_step_that_is_not_finite_changes_nothing(runner):
    good = toy_batch(0)
    bad = toy_batch(1).replace(acts=np.full_like(good.acts, np.nan))
    after_one, _ = runner([good])
    state, history = runner([good, bad])
    assert [bool(metrics["finite"]) for metrics in history] == [True, False]
    assert int(state.step) == 1
    jax.tree.map(np.testing.assert_array_equal, state, after_one)


def test_metrics_hold_every_term(one_device):
    metrics = one_device[1][0]
    terms = {name.split("/")[0] for name in metrics if "/" in name}
    assert terms == {"response", "acts", "contrast"}
    mean = {name: metrics[f"{name}/total"] / metrics[f"{name}/weight"] for name in terms}
    expected = sum(factor * mean[name] for name, factor in ToyRecipe.coefficients.items())
    assert metrics["loss"] == pytest.approx(expected, rel=1e-5)
    assert metrics["learning_rate"] == pytest.approx(0.05)


def test_keys_differ_by_step_purpose_and_micro_batch_only():
    def words(step, micro_batch):
        return {name: tuple(jax.random.key_data(key).tolist()) for name, key in step_keys(7, step, micro_batch).items()}

    seen = [key for step in range(2) for micro in range(2) for key in words(step, micro).values()]
    assert len(set(seen)) == 4 * len(KEY_PURPOSES)
    assert words(1, 1) == words(1, 1)


# Of two micro-batches, each pass has a mask where it embeds tokens and four in each of the two layers; SPACE-2 embeds
# its summary tokens apart in both views.
@pytest.mark.parametrize(
    ("name", "masks"), [("space1", 2 * 5 * 9), ("space2", 2 * (3 * 9 + 2)), ("space3", 2 * 14 * 9)]
)
def test_no_two_masks_of_a_step_share_a_key(drawn_keys, name, masks):
    recipe, batch = make_recipe(MODEL, RECIPES[name]), pack(make_items(name), PACKED)
    params = unbox(jax.jit(recipe.init)(jax.random.key(0), batch))
    micro_batches = jax.tree.map(lambda array: np.stack([array, array]), batch)
    keys_of = functools.partial(step_keys, 0, 0)
    jax.block_until_ready(jax.jit(lambda *given: accumulate(recipe, *given, keys_of))(params, micro_batches))
    jax.effects_barrier()
    assert len(drawn_keys) == masks
    assert len(set(drawn_keys)) == masks


def test_the_number_of_a_purpose_is_its_crc_32():
    assert purpose_number("123456789") == 0xCBF43926  # the check value that the definition of CRC-32 gives
