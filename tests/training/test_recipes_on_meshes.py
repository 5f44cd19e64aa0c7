"""The real training step of every recipe on meshes of eight devices, with dropout, against one device."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from space_jax.config import MeshConfig
from space_jax.training.feed import to_mesh
from space_jax.training.mesh import make_mesh
from space_jax.training.state import abstract_state, init_state, shardings_of
from space_jax.training.step import make_train_step, metric_names
from tests.training.tiny import RECIPES, tiny_batch, tiny_recipe
from tests.training.toy import micro

RULES = MeshConfig().rules
KEEPS_GRADIENTS = optax.trace(decay=0.0)  # its state after a step is the gradient of that step
# SPACE-3 has the parts of the others, and every axis at once says most; the rest takes as long again.
UNION_FIRST = ["space3", *(pytest.param(name, marks=pytest.mark.slow) for name in RECIPES if name != "space3")]
MESHES = [(2, 2, 2), *(pytest.param(shape, marks=pytest.mark.slow) for shape in ((8, 1, 1), (1, 4, 2)))]


def one_step(recipe, batch, mesh, start):
    """A step from the host state `start`; returns the state before and after it, on the mesh, and its metrics."""
    abstract = abstract_state(recipe, KEEPS_GRADIENTS, micro(batch), RULES, mesh)
    step = make_train_step(recipe, KEEPS_GRADIENTS, lambda _: jnp.float32(0.1), 0, abstract, RULES, mesh)
    state, placed = jax.device_put(start, shardings_of(abstract)), to_mesh(batch, mesh)
    where = jax.tree.map(lambda array: array.sharding, state.params)
    assert placed.context.ids.sharding == NamedSharding(mesh, PartitionSpec(None, ("data", "fsdp")))
    after, metrics = step(state, placed)
    assert jax.tree.map(lambda array: array.sharding, after.params) == where
    return after, dict(zip(metric_names(recipe), jax.device_get(metrics), strict=True))


def started(recipe, batch, mesh):
    """A fresh state on the host."""
    return jax.device_get(init_state(recipe, KEEPS_GRADIENTS, micro(batch), 0, RULES, mesh))


@pytest.fixture(scope="module", params=UNION_FIRST)
def on_one_device(request):
    recipe, batch = tiny_recipe(request.param), tiny_batch(request.param)
    mesh = make_mesh(MeshConfig(), jax.devices()[:1])
    start = started(recipe, batch, mesh)
    return recipe, batch, start, jax.device_get(one_step(recipe, batch, mesh, start))


def share(array):
    """Which part of an array one device holds."""
    return np.prod(array.addressable_shards[0].data.shape) / array.size


@pytest.mark.parametrize("shape", MESHES, ids=str)
def test_loss_and_gradients_equal_those_of_one_device(shape, on_one_device, capfd):
    recipe, batch, start, (expected, numbers) = on_one_device
    mesh = make_mesh(MeshConfig(data=shape[0], fsdp=shape[1], tensor=shape[2]))
    after, metrics = one_step(recipe, batch, mesh, start)
    assert metrics.keys() == numbers.keys()
    for name, value in numbers.items():
        np.testing.assert_allclose(metrics[name], value, rtol=1e-5, atol=1e-6, err_msg=name)

    def assert_equal(path, ours, theirs):
        # Relative to the largest gradient of the parameter: its small elements are differences of large numbers.
        worst = np.abs(ours - theirs).max() / np.abs(theirs).max()
        assert worst < 1e-5, f"{jax.tree_util.keystr(path)}: {worst}"

    gradients = jax.device_get(after.opt_state.trace)
    jax.tree_util.tree_map_with_path(assert_equal, gradients, expected.opt_state.trace)

    _, fsdp, tensor = shape
    backbone = after.params["backbone"]
    assert share(backbone["embedding"]["token"]) == 1 / (fsdp * tensor)
    assert share(backbone["layers"]["attention"]["qkv_kernel"]) == 1 / (fsdp * tensor)
    assert share(backbone["layers"]["inner"]["bias"]) == 1 / tensor
    # What the partitioner says when it can move an activation only by copying all of it to every device.
    assert "Involuntary full rematerialization" not in capfd.readouterr().err
