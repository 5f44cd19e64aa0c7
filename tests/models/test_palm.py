"""PALM: what the decoder sees, what can be copied, and that a token at a time gives what all at once do."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import PalmConfig, Space1Config, Space3Config, StructBertConfig
from space_jax.decoding.cache import response_tokens, with_room, written
from space_jax.features.packing import pack
from space_jax.models.registry import make_recipe
from space_jax.models.weights import Weights, by_path, graft, pad_vocabulary, without_vocabulary_padding
from tests.models.conftest import MODEL, UNPACKED, VOCABULARY, make_items


def params_of(recipe, batch):
    boxed = jax.jit(recipe.init)(jax.random.key(0), batch)
    return jax.tree.map(lambda b: b.value, boxed, is_leaf=lambda b: hasattr(b, "names"))


@pytest.fixture(scope="module")
def palm():
    recipe = make_recipe(MODEL, PalmConfig())
    batch = jax.tree.map(jnp.asarray, pack(make_items("palm"), UNPACKED))
    params = params_of(recipe, batch)
    params["copy_head"]["gate"]["bias"] -= 1.0  # copies more than it generates
    predict = jax.jit(lambda batch: recipe.model.apply({"params": params}, batch, method="predict"))
    return recipe, params, batch, predict


def test_the_decoder_reads_the_masked_context(palm):
    """What a mask hides changes nothing of the response, and what it shows does."""
    _, _, batch, predict = palm
    before = predict(batch)
    hidden = batch.masked_ids == VOCABULARY.mask
    other = dataclasses.replace(batch.context, ids=jnp.where(hidden, 20, batch.context.ids))
    np.testing.assert_array_equal(predict(dataclasses.replace(batch, context=other)).response, before.response)
    shown = dataclasses.replace(batch, masked_ids=jnp.where(hidden, 20, batch.masked_ids))
    assert np.abs(predict(shown).response - before.response).max() > 1e-4


def test_only_words_of_the_own_context_are_copied(palm):
    recipe, params, batch, _ = palm
    model = recipe.model
    _, memory = model.apply(
        {"params": params}, dataclasses.replace(batch.context, ids=batch.masked_ids), method="encode"
    )
    assert (np.asarray(memory.ids) == -1)[np.asarray(batch.masked_ids) == VOCABULARY.mask].all()

    def look(model, response, memory):
        x, grown = model.backbone.decode(model.backbone.embed(response), response.segments, memory)
        return model.copy_head.look(x, response.segments, memory), model.copy_head.look(x, response.segments, grown)

    (share, gate), (later, _) = model.apply({"params": params}, batch.response, memory, method=look)
    real = np.asarray(batch.response.segments) > 0
    can = (np.asarray(memory.segments) > 0) & (np.asarray(memory.ids) >= 0)
    np.testing.assert_allclose(np.asarray(share).sum(-1)[real & can.any(1)[:, None]], 1, atol=1e-5)
    assert (np.asarray(share)[np.broadcast_to(~can[:, None], share.shape)] == 0).all()
    assert ((np.asarray(gate) > 0) & (np.asarray(gate) < 1)).all()
    np.testing.assert_allclose(later[..., : share.shape[-1]], share, atol=1e-6)  # what was written is not copied
    assert (np.asarray(later)[..., share.shape[-1] :] == 0).all()


RECIPES = {
    "palm": PalmConfig(),
    "palm_released": PalmConfig(as_released=True),
    "space1": Space1Config(copying=True),
    "space3": Space3Config(copying=True),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name != "palm" else name for name in RECIPES]
)
def test_losses_scores_and_cached_scores_agree(name):
    recipe = make_recipe(MODEL, RECIPES[name])
    batch = jax.tree.map(jnp.asarray, pack(make_items(name.removesuffix("_released")), UNPACKED))
    params = params_of(recipe, batch)

    @jax.jit
    def run(batch):
        memory = recipe.prompt(params, batch)
        at_once, _ = recipe.next_token(params, batch.response, memory)
        room, each = with_room(memory, 3), []
        for step in range(3):
            tokens = response_tokens(batch.response.ids[:, step], jnp.asarray(step))
            scores, grown = recipe.next_token(params, tokens, room)
            room = written(room, grown, memory.segments.shape[1] + step)
            each.append(scores)
        return at_once, jnp.concatenate(each, axis=1)

    at_once, each = run(batch)
    real = np.asarray(batch.response.segments)[:, :3] > 0
    size = VOCABULARY.size
    np.testing.assert_allclose(
        np.exp(np.asarray(each)[real][:, :size]), np.exp(np.asarray(at_once)[:, :3][real][:, :size]), atol=1e-5
    )
    np.testing.assert_allclose(np.exp(np.asarray(each)[real]).sum(-1), 1, atol=1e-4)  # log-probabilities already


def test_without_copying_it_has_no_pointer_and_both_perplexities_are_one(palm):
    _, _, batch, _ = palm
    recipe = make_recipe(MODEL, PalmConfig(copying=False))
    params = params_of(recipe, batch)
    assert "copy_head" not in params
    assert "response_generated" not in recipe.coefficients
    found = recipe.model.apply({"params": params}, batch, method="predict")
    np.testing.assert_array_equal(found.response, found.generated)


def test_the_second_stage_of_plug_reads_as_the_first_ended(palm):
    """The same backbone under both recipes: a context's tokens get the same vectors."""
    _, _, batch, _ = palm
    first = make_recipe(MODEL, StructBertConfig(shuffled_share=0.0))
    trained = params_of(first, jax.tree.map(jnp.asarray, pack(make_items("structbert"), UNPACKED)))
    arrays = without_vocabulary_padding(by_path(trained), VOCABULARY.size)
    second = make_recipe(MODEL, PalmConfig(copying=False))
    weights = Weights(pad_vocabulary(arrays, VOCABULARY.padded_size), MODEL, "structbert", None, "first")
    params, report = graft(params_of(second, batch), weights, MODEL)
    assert not report.new
    assert {path.split("/")[0] for path in report.unused} == {"pooler", "order_head"}

    def read(model, tokens):
        return model.backbone.encode(model.backbone.embed(tokens), tokens.segments)[0]

    ours, theirs = (
        recipe.model.apply({"params": leaves}, batch.context, method=read)
        for recipe, leaves in ((second, params), (first, trained))
    )
    np.testing.assert_array_equal(ours, theirs)
