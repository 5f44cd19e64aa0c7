"""VECO: plugged out it is the plain encoder; plugged in, each sequence sees the other's last layer and no more."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import VecoConfig
from space_jax.features.items import MakeItem
from space_jax.features.packing import pack
from space_jax.models.backbone import Backbone
from space_jax.models.registry import make_recipe
from tests.models.conftest import ALL, MODEL, UNPACKED, VOCABULARY, make_items, random_example


@pytest.fixture(scope="module")
def veco():
    recipe = make_recipe(MODEL, VecoConfig())
    batch = jax.tree.map(jnp.asarray, pack(make_items("veco"), UNPACKED))
    boxed = jax.jit(recipe.init)(jax.random.key(0), batch)
    params = jax.tree.map(lambda b: b.value, boxed, is_leaf=lambda b: hasattr(b, "names"))
    return recipe, params, batch


def test_plugged_out_it_is_the_plain_encoder_to_the_bit(veco):
    recipe, params, batch = veco
    ours = recipe.model.apply({"params": params}, batch.context, method="encode")
    plain = dict(params["backbone"])
    del plain["source"]
    plain["layers"] = {name: leaf for name, leaf in plain["layers"].items() if not name.startswith("cross")}

    def run(model, tokens):
        return model.encode(model.embed(tokens), tokens.segments)[0]

    theirs = Backbone(MODEL).apply({"params": plain}, batch.context, method=run)
    np.testing.assert_array_equal(ours, theirs)


def test_plug_out_has_no_cross_attention_and_two_terms(veco):
    _, _, batch = veco
    recipe = make_recipe(MODEL, VecoConfig(plug="out"))
    shapes = jax.eval_shape(recipe.init, jax.random.key(0), batch)
    assert "source" not in shapes["backbone"]
    assert not any(name.startswith("cross") for name in shapes["backbone"]["layers"])
    assert [name for name, factor in recipe.coefficients.items() if factor] == ["context", "response"]


def test_a_response_beside_its_context_depends_on_it_and_alone_does_not(veco):
    recipe, params, batch = veco
    forward = jax.jit(lambda batch: recipe.forward(params, batch, {}).terms)
    other = jnp.where(batch.context.segments > 0, (batch.masked_ids + 7) % 40 + 15, 0)
    before, after = (
        {name: float(term.total) for name, term in forward(one).items()}
        for one in (batch, dataclasses.replace(batch, masked_ids=other))
    )
    assert before["response"] == after["response"]
    assert abs(before["response_beside"] - after["response_beside"]) > 1e-5
    assert abs(before["context"] - after["context"]) > 1e-3


def test_the_order_of_the_other_sequence_does_not_matter(veco):
    """Source tokens that change places with their vectors."""
    recipe, params, batch = veco
    source = recipe.model.apply({"params": params}, batch.context, method="encode")
    order = np.random.default_rng(0).permutation(source.shape[1])
    beside = [
        recipe.model.apply({"params": params}, batch.response, x, segments, method="encode_beside")
        for x, segments in ((source, batch.context.segments), (source[:, order], batch.context.segments[:, order]))
    ]
    np.testing.assert_allclose(beside[1], beside[0], atol=1e-5)


def test_words_of_responses_are_masked_as_bert_does():
    rng = np.random.default_rng(0)
    make = MakeItem(VOCABULARY, VecoConfig(), 24)
    items = [make.random_map(random_example(rng, ALL, 3), rng) for _ in range(800)]
    text = sum(len(item.layout.response) - 2 for item in items)
    chosen = sum(int(item.predicted_response.sum()) for item in items)
    assert abs(chosen / text - 0.15) < 4 * np.sqrt(0.15 * 0.85 / text)
    for item in items:
        kept = ~item.predicted_response
        np.testing.assert_array_equal(item.masked_response[kept], item.layout.response[kept])
        assert not np.isin(item.layout.response[item.predicted_response], VOCABULARY.special).any()
    batch = pack(items[:5], UNPACKED)
    assert batch.response_masked_ids.shape == batch.response.ids.shape
    assert batch.response_masked_weights.sum() == sum(item.predicted_response.sum() for item in items[:5])
