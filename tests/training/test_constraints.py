"""The sharding constraints on activations are in the traced training step, scan bodies and backward pass included."""

import collections
import functools

import jax
import jax.numpy as jnp
import optax
import pytest
from flax import linen as nn

from space_jax.config import MeshConfig
from space_jax.models.axis_names import constrain
from space_jax.training.mesh import make_mesh
from space_jax.training.sharding import flax_rules
from space_jax.training.state import abstract_state
from space_jax.training.step import train_step
from tests.training.tiny import tiny_batch, tiny_recipe
from tests.training.toy import micro

RULES = MeshConfig().rules
BATCH = ("data", "fsdp")
KINDS = {  # what the rules make of each list of logical names; the batch has taken "fsdp" when "embed" asks for it
    (BATCH, None, None): "embed",
    (BATCH, None, "tensor"): "mlp",
    (BATCH, "tensor", None, None): "heads",
    ("tensor", None): "token table",
    (None, None): "other tables",
}


def equations(jaxpr):
    """All equations of a jaxpr and of the jaxprs inside them."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for one in value if isinstance(value, tuple | list) else [value]:
                inner = getattr(one, "jaxpr", one)  # of a closed one
                if hasattr(inner, "eqns"):
                    yield from equations(inner)


def kind(equation):
    spec = tuple(equation.params["sharding"].spec)
    rank = equation.outvars[0].aval.ndim
    spec = (*spec, *[None] * (rank - len(spec)))
    # Two dropout views are a mapped axis in front, which no rule splits.
    return KINDS.get(spec) or KINDS[spec[1:]]


def constraints(rules):
    recipe, batch, optimiser = tiny_recipe("space3"), tiny_batch("space3"), optax.sgd(0.1)
    mesh = make_mesh(MeshConfig(data=2, fsdp=2, tensor=2))
    state = abstract_state(recipe, optimiser, micro(batch), RULES, mesh)
    step = functools.partial(train_step, recipe, optimiser, lambda _: jnp.float32(0.1), 0)
    with jax.set_mesh(mesh), nn.logical_axis_rules(flax_rules(rules)):
        traced = jax.make_jaxpr(step)(state, batch)
    found = [equation for equation in equations(traced.jaxpr) if equation.primitive.name == "sharding_constraint"]
    return collections.Counter(map(kind, found))


def test_every_kind_of_activation_is_constrained():
    counts = constraints(RULES)
    # Seven passes through the layers: context, prompts, context with response, its prompts, policy, response, masked.
    # Each traces one layer forward and one backward, and embeds its tokens once.
    passes = 7
    assert counts["heads"] >= 2 * 3 * passes
    assert counts["mlp"] >= 2 * passes
    assert counts["embed"] >= 2 * 2 * passes
    assert counts["token table"] >= passes
    assert counts["other tables"] >= 3 * (passes - 3)  # prompts have no positions, roles or turns
    assert set(counts) == set(KINDS.values())


def test_without_rules_there_is_no_constraint():
    assert not constraints(())


def test_a_misspelt_axis_is_an_error():
    with pytest.raises(ValueError, match="no sharding rule for the logical axis lenght"):
        constrain(jnp.zeros((2, 3)), "batch", "lenght")
