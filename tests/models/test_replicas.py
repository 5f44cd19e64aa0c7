"""Layers on copies of their parameters: the same values and gradients, which are sent once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from jax.sharding import NamedSharding, PartitionSpec

from space_jax.config import MeshConfig
from space_jax.models.dropout import Dropout
from space_jax.models.replicas import REPLICA, on_copies, replicas, run_on_copies, with_copies
from space_jax.scale.collectives import collectives
from space_jax.training.mesh import make_mesh

ROWS = ((0,), (0, 1))
WIDTH, LAYERS, PASSES = 16, 3, 4


class Layer(nn.Module):
    """Returns its output twice, as the layers of the backbone return their keys and values beside it."""

    @nn.compact
    def __call__(self, x):
        x = Dropout(0.5)(jnp.tanh(nn.Dense(WIDTH, use_bias=False)(x)))
        return x, x


class Backbone(nn.Module):
    def setup(self):
        split = {"params": True, "dropout": True}
        stack = nn.scan(Layer, variable_axes={"params": 0}, split_rngs=split, length=LAYERS)
        self.layers = on_copies(stack, ROWS)()

    def __call__(self, x):
        return run_on_copies(self.layers, ROWS, x)


class Model(nn.Module):
    def setup(self):
        self.backbone = Backbone()

    def __call__(self, x):
        return self.backbone(x)


@pytest.fixture
def start():
    rows = jax.random.normal(jax.random.key(0), (16, WIDTH))
    return rows, Model().init(jax.random.key(1), rows)["params"]


def compiled(start, mesh, rules):
    """Value and gradient of a loss of several passes, those of a loop included, and the program."""
    rows, params = start

    def loss(params, rows):
        with nn.logical_axis_rules(rules):
            variables = {"params": with_copies(params)}

            def one(total, index):
                x, kept = Model().apply(variables, rows, rngs={"dropout": jax.random.fold_in(jax.random.key(2), index)})
                return total + jnp.sum(x**2) + jnp.sum(kept[1, :3] ** 3), None

            looped, _ = jax.lax.scan(one, jnp.zeros(()), jnp.arange(PASSES - 1))
            return one(looped, PASSES)[0]

    where = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("data"))
    with jax.set_mesh(mesh):
        program = jax.jit(jax.value_and_grad(loss), in_shardings=where, out_shardings=where[0])
        return jax.device_get(program(params, rows)), program.lower(params, rows).compile().as_text()


def test_one_sum_over_devices_for_all_passes(start):
    whole, apart = (("batch", ("data",)),), (("batch", ("data",)), (REPLICA, ("data",)))
    (expected, gradient), sent_by_each = compiled(start, make_mesh(MeshConfig()), whole)
    (value, ours), sent_once = compiled(start, make_mesh(MeshConfig()), apart)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), ours, gradient)
    size = 4 * LAYERS * WIDTH**2
    assert collectives(sent_by_each)["all-reduce"].bytes >= PASSES * size
    assert size <= collectives(sent_once)["all-reduce"].bytes < 1.2 * size


def test_nothing_is_copied_on_one_device_or_without_a_rule(start):
    _, params = start
    rules = ((REPLICA, ("data",)),)
    with jax.set_mesh(make_mesh(MeshConfig(), jax.devices()[:1])), nn.logical_axis_rules(rules):
        assert replicas() == 1
        assert with_copies(params) is params
    with jax.set_mesh(make_mesh(MeshConfig())):
        assert with_copies(params) is params
    with jax.set_mesh(make_mesh(MeshConfig(data=2, fsdp=4))), nn.logical_axis_rules(rules):
        assert replicas() == 2
        copies = jax.jit(with_copies)({"head": jnp.ones(3), **params})
    assert copies["head"].shape == (3,)
    kernel = copies["backbone"]["layers"]["Dense_0"]["kernel"]
    assert kernel.shape == (2, LAYERS, WIDTH, WIDTH)
    assert kernel.sharding.spec[0] == "data"
