"""Under bfloat16 every head of a task hands float32 sums to its loss, not sums that were rounded on the way."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from space_jax.models.backbone import Dense
from space_jax.tasks.dialogue.model import DialogueModel
from space_jax.tasks.intent.model import IntentModel
from space_jax.tasks.parse.model import SpanHead
from space_jax.tasks.reading.model import ReadingHead
from space_jax.tasks.slots.model import TaggingHead
from space_jax.tasks.track.model import SlotHead
from tests.models.conftest import MODEL, assert_float32_logits

KEY = jax.random.key(1)
VECTORS = jax.random.normal(KEY, (2, 3, MODEL.hidden))
THERE = jnp.ones((2, 3), bool)


def of(dtype):
    return dataclasses.replace(MODEL, dtype=dtype)


@pytest.mark.parametrize("output", [0, 1], ids=["tags", "intents"])
def test_slots(output):
    def run(dtype, variables, x):
        return TaggingHead(of(dtype), 2, 3, 0.0).apply(variables, x, THERE)[output]

    variables = TaggingHead(MODEL, 2, 3, 0.0).init(KEY, VECTORS, THERE)
    # The mean over one token alone is a number that bfloat16 has.
    assert_float32_logits(run, variables, VECTORS if output == 0 else jnp.broadcast_to(VECTORS[:, :1], VECTORS.shape))


def test_parse():
    def run(dtype, variables, first, last):
        return SpanHead(of(dtype), 3, 4, 0.0).apply(variables, first, last)

    variables = SpanHead(MODEL, 3, 4, 0.0).init(KEY, VECTORS, VECTORS)
    assert_float32_logits(run, jax.tree.map(lambda x: 8 * x, variables), VECTORS, jnp.round(4 * VECTORS[::-1]) / 4)


def test_reading():
    def run(dtype, variables, x):
        return ReadingHead(of(dtype), 0.0).apply(variables, x)

    assert_float32_logits(run, ReadingHead(MODEL, 0.0).init(KEY, VECTORS), VECTORS)


@pytest.mark.parametrize(
    ("make", "head"),
    [
        (lambda config: IntentModel(config, "mean", None, classes=3, head_dropout=0.0), lambda model, x: model.head(x)),
        (lambda config: DialogueModel(config, "space3"), lambda model, x: model.act_classifier(x)),
    ],
    ids=["intent", "acts of a dialogue"],
)
def test_linear_heads(make, head):
    def run(dtype, variables, x):
        return make(of(dtype)).apply(variables, x, method=head)

    assert_float32_logits(run, make(MODEL).init(KEY, VECTORS, method=head), VECTORS)


def test_track():
    """Gates and pointers against products in float64 of what their layers were given."""
    head = SlotHead(of("bfloat16"), 0.0)
    inputs = (VECTORS[0], jnp.ones((2, 3)), VECTORS, THERE, VECTORS, THERE)
    variables = head.init(KEY, *(x.astype(jnp.bfloat16) if x.dtype == jnp.float32 else x for x in inputs))
    large = jax.tree_util.tree_map_with_path(
        lambda path, leaf: leaf * (4 if "_" in path[1].key else 12), nn.unbox(variables)
    )
    given, products = {}, {}

    def keep(call, args, kwargs, context):
        if isinstance(context.module, Dense):
            given[context.module.name] = np.asarray(args[0], np.float64)
        return call(*args, **kwargs)

    with nn.intercept_methods(keep):
        found = head.apply(large, *inputs)
    for name, x in given.items():
        kernel = np.asarray(large["params"][name]["kernel"].astype(jnp.bfloat16), np.float64)
        products[name] = x.astype(jnp.bfloat16).astype(np.float64) @ kernel  # the biases are 0
    assert 20 < np.abs(products["gates"]).max() < 200
    np.testing.assert_allclose(found.gates, products["gates"], atol=1e-4)
    for name, scores in (("start", found.starts), ("end", found.ends)):
        expected = np.einsum("BSH,BTH->BST", products[f"{name}_query"], products[f"{name}_key"]) / MODEL.hidden**0.5
        assert 20 < np.abs(expected).max() < 400
        np.testing.assert_allclose(scores, expected, atol=1e-4)
