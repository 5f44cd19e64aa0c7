"""Names to mesh axes: the specs, the optimiser's moments, and the messages of what cannot be sharded."""

import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn
from jax.sharding import PartitionSpec

from space_jax.config import MeshConfig, OptimiserConfig
from space_jax.errors import UserError
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import make_optimiser
from space_jax.training.sharding import describe_shardings, parameter_specs, partition_spec
from space_jax.training.state import abstract_state
from tests.training.toy import ToyRecipe, micro, toy_batch

RULES = MeshConfig().rules
SHAPE = {"data": 2, "fsdp": 2, "tensor": 2}


def test_each_dimension_takes_the_axes_of_its_rule():
    assert partition_spec("p", ("embed", "heads", "kv"), (8, 4, 3), RULES, SHAPE) == PartitionSpec(
        "fsdp", "tensor", None
    )
    assert partition_spec("p", ("batch", None), (8, 3), RULES, SHAPE) == PartitionSpec(("data", "fsdp"), None)


def test_a_mesh_axis_splits_one_dimension_only():
    assert partition_spec("p", ("embed", "embed"), (4, 4), RULES, SHAPE) == PartitionSpec("fsdp", None)


def test_an_unknown_name_is_an_error_that_lists_the_known():
    with pytest.raises(UserError, match=r"enc/kernel: the axis name 'embde' has no rule.*batch, length, embed"):
        partition_spec("enc/kernel", ("embde",), (4,), RULES, SHAPE)


def test_an_indivisible_dimension_says_the_arithmetic():
    with pytest.raises(UserError, match=r"enc/kernel: axis 'embed' of size 7 .* \(fsdp 2 = 2, remainder 1\)"):
        partition_spec("enc/kernel", ("embed",), (7,), RULES, SHAPE)


def test_names_must_fit_the_shape_and_exist():
    with pytest.raises(UserError, match="do not fit its shape"):
        partition_spec("p", ("embed",), (4, 4), RULES, SHAPE)
    with pytest.raises(UserError, match=r"layer/kernel: shape \(4,\) has no logical axis names"):
        parameter_specs({"layer": {"kernel": jnp.zeros(4)}}, RULES, SHAPE)


def test_scalars_are_replicated():
    boxed = {"scale": jnp.zeros(()), "bias": nn.LogicallyPartitioned(jnp.zeros(4), ("mlp",))}
    assert parameter_specs(boxed, RULES, SHAPE) == {"scale": PartitionSpec(), "bias": PartitionSpec(("tensor",))}


def test_moments_lie_where_their_parameters_lie():
    mesh = make_mesh(MeshConfig(fsdp=2, tensor=2))
    state = abstract_state(ToyRecipe(), make_optimiser(OptimiserConfig(), 4), micro(toy_batch(0)), RULES, mesh)
    expected = jax.tree.map(lambda leaf: leaf.sharding, state.params)
    moments = [
        part for part in jax.tree.leaves(state.opt_state, is_leaf=lambda x: hasattr(x, "mu")) if hasattr(part, "mu")
    ]
    assert len(moments) == 1
    for tree in (moments[0].mu, moments[0].nu):
        assert jax.tree.map(lambda leaf: leaf.sharding, tree) == expected
    assert moments[0].count.sharding.spec == PartitionSpec()
    assert state.step.sharding.spec == PartitionSpec()


def test_the_table_of_shardings():
    mesh = make_mesh(MeshConfig(fsdp=2, tensor=2))
    state = abstract_state(ToyRecipe(), make_optimiser(OptimiserConfig(), 4), micro(toy_batch(0)), RULES, mesh)
    assert describe_shardings(state.params).splitlines() == [
        "bias        8       float32  tensor",
        "kernel      8 x 8   float32  fsdp tensor",
        "norm_scale  8       float32  tensor",
        "table       16 x 8  float32  tensor fsdp",
    ]
