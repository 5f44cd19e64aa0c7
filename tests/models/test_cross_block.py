"""The layer with a source in or out, and the share of attention."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from space_jax.config import ModelConfig, Vocabulary
from space_jax.models.backbone import Block
from space_jax.models.cross_block import CrossBlock, CrossSource, attention_share

CONFIG = ModelConfig(layers=2, hidden=12, heads=3, mlp=20, positions=24, dropout=0.0, vocabulary=Vocabulary(size=31))


def drawn(rng, *shape):
    return jnp.asarray(rng.normal(size=shape), jnp.float32)


def unboxed(tree):
    return nn.meta.unbox(tree)


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture(scope="module")
def layer():
    """A layer with its parameters, a source and masks."""
    rng = np.random.default_rng(3)
    x, source = drawn(rng, 2, 4, 12), drawn(rng, 2, 5, 12)
    keys = unboxed(CrossSource(CONFIG).init(jax.random.key(1), source))
    _, projected = CrossSource(CONFIG).apply(keys, source)
    empty = jnp.zeros((2, 3, 0, 4))
    mask, seen = jnp.ones((2, 4, 4), bool), jnp.asarray(rng.random((2, 4, 5)) < 0.6)
    block = CrossBlock(CONFIG)
    params = unboxed(block.init(jax.random.key(0), x, (empty, empty), mask, projected, seen))
    return block, params, x, (empty, empty), mask, projected, seen


def test_plugged_out_is_the_encoders_layer_to_the_bit(layer):
    block, params, x, memory, mask, *_ = layer
    without = {name: leaf for name, leaf in params["params"].items() if not name.startswith("cross")}
    theirs, _ = Block(CONFIG).apply({"params": without}, x, memory, mask)
    ours, (_, queries) = block.apply(params, x, memory, mask)
    np.testing.assert_array_equal(ours, theirs)
    assert queries is None


def test_an_empty_source_leaves_the_residual_and_the_norm(layer):
    """With no token to look at, the sublayer adds its bias, which is 0 at first, and normalises once more."""
    block, params, x, memory, mask, source, seen = layer
    nothing = jnp.zeros_like(seen)
    inside = block.apply(params, x, memory, mask, source, nothing)[0]
    none_at_all = tuple(part[:, :, :0] for part in source)
    np.testing.assert_array_equal(inside, block.apply(params, x, memory, mask, none_at_all, nothing[..., :0])[0])
    np.testing.assert_allclose(
        inside, block.apply(params, x, memory, mask)[0], atol=1e-5
    )  # LN of LN, scale 1 and bias 0


def test_the_order_of_the_source_does_not_matter(layer):
    block, params, x, memory, mask, source, seen = layer
    order = np.random.default_rng(0).permutation(5)
    mixed = block.apply(params, x, memory, mask, tuple(part[:, :, order] for part in source), seen[..., order])[0]
    np.testing.assert_allclose(mixed, block.apply(params, x, memory, mask, source, seen)[0], atol=1e-6)


def test_a_masked_place_of_the_source_changes_nothing_and_a_seen_one_does(layer):
    block, params, x, memory, mask, (keys, values), seen = layer
    one = jnp.asarray(np.array([True, True, False, True, True]))
    seen = jnp.broadcast_to(one, seen.shape)

    def run(place):
        return block.apply(params, x, memory, mask, (keys, values.at[:, :, place].add(1.0)), seen)[0]

    before = block.apply(params, x, memory, mask, (keys, values), seen)[0]
    np.testing.assert_array_equal(run(2), before)
    assert np.abs(run(3) - before).max() > 1e-3


def test_shares_are_the_mean_of_softmaxes(rng):
    query, keys = drawn(rng, 1, 2, 3, 4), drawn(rng, 1, 2, 5, 4)
    mask = jnp.asarray([[[1, 1, 0, 1, 1], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]]], bool)
    expected = np.zeros((3, 5))
    for head in range(2):
        for q in range(3):
            places = np.flatnonzero(mask[0, q])
            scores = np.array([np.dot(query[0, head, q], keys[0, head, k]) / 2 for k in places])
            if len(places):
                expected[q, places] += np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum() / 2
    np.testing.assert_allclose(attention_share(query, keys, mask)[0], expected, atol=1e-6)
