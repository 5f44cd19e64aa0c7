"""The key map: every array there and back, and everything wrong with a file said at once."""

import dataclasses

import numpy as np
import pytest

from space_jax.config import Space1Config, Space2Config, Space3Config
from space_jax.convert.key_map import RECIPE_PARTS, TABLE, part_of
from space_jax.convert.mapping import bert_keys, model_of, space_keys, to_ours, to_theirs
from space_jax.errors import UserError
from space_jax.models.registry import make_recipe
from space_jax.models.weights import by_path
from space_jax.training.sharding import unbox
from space_jax.training.state import abstract_params
from tests.convert.bert_folder import HEADS, HIDDEN, bert_state

RECIPES = ("space1", "space2", "space3")


def assert_equal(left, right):
    assert set(left) == set(right)
    for key, array in left.items():
        assert array.dtype == right[key].dtype
        np.testing.assert_array_equal(array, right[key], err_msg=key)


@pytest.mark.parametrize("recipe", RECIPES)
def test_published_keys_there_and_back(published, recipe):
    state = published(recipe)
    mapped = to_ours(state, space_keys, RECIPE_PARTS[recipe], (), 3, "file")
    assert mapped.unused == ()
    assert_equal(to_theirs(mapped.arrays, space_keys, 3), state)


def test_bert_there_and_back():
    state = bert_state()
    mapped = to_ours(state, bert_keys, ("backbone",), ("masked_head", "pooler"), HEADS, "file")
    assert_equal(to_theirs(mapped.arrays, bert_keys, HEADS), state)


def test_a_layer_of_attention_is_laid_out_by_heads():
    state = bert_state()
    arrays = to_ours(state, bert_keys, ("backbone",), (), HEADS, "file").arrays
    kernel = arrays["backbone/layers/attention/qkv_kernel"]  # [layers, H, 3, N, D]
    width = HIDDEN // HEADS
    for index, part in enumerate(("query", "key", "value")):
        theirs = state[f"encoder.layer.1.attention.self.{part}.weight"]  # [out, in]
        for head in range(HEADS):
            rows = theirs[head * width : (head + 1) * width]
            np.testing.assert_array_equal(kernel[1, :, index, head], rows.T)
    out = arrays["backbone/layers/attention/out_kernel"][0]  # [N, D, H]
    theirs = state["encoder.layer.0.attention.output.dense.weight"]
    np.testing.assert_array_equal(out[1, 2], theirs[:, width + 2])


@pytest.mark.parametrize(
    ("recipe", "config"), [("space1", Space1Config()), ("space2", Space2Config(subspace=7)), ("space3", Space3Config())]
)
def test_the_map_knows_every_parameter_of_our_models(published, recording, recipe, config):
    mapped = to_ours(published(recipe), space_keys, RECIPE_PARTS[recipe], (), 3, "file")
    recorded = recording(recipe)
    model = dataclasses.replace(model_of(mapped, 3), vocabulary=recorded.config.vocabulary)
    ours = by_path(unbox(abstract_params(make_recipe(model, config), recorded.batch(labelled=True))))
    # The selection head of SPACE-1 is in the paper and not in the published code.
    assert {path for path in ours if part_of(path) != "selector"} == set(mapped.arrays)
    for path, array in mapped.arrays.items():
        padded = [model.vocabulary.padded_size if n == model.vocabulary.size else n for n in array.shape]
        assert tuple(padded) == ours[path].shape, path


def test_missing_misshapen_and_unexpected_keys_are_said_together(published):
    state = published("space3")
    del state["pooler.0.bias"], state["layers.1.attn_norm.weight"]
    state["layers.0.ff_norm.bias"] = np.zeros(7, np.float32)
    state["mlm_bias"] = np.zeros((3, 1), np.float32)
    state["intent_classifier.weight"] = np.zeros((2, 18), np.float32)
    with pytest.raises(UserError) as caught:
        to_ours(state, space_keys, RECIPE_PARTS["space3"], (), 3, "x.model")
    said = str(caught.value)
    assert said.startswith("x.model: ")
    assert "2 missing: layers.1.attn_norm.weight, pooler.0.bias" in said
    assert "layers.0.ff_norm.bias (7 instead of 18)" in said
    assert "mlm_bias (3 x 1" in said
    assert "1 unexpected: intent_classifier.weight" in said
    assert "\n" not in said


def test_keys_of_many_layers_are_all_named_in_few_words(published):
    state = {key: array for key, array in published("space3").items() if ".ff_norm." not in key}
    with pytest.raises(UserError) as caught:
        to_ours(state, space_keys, RECIPE_PARTS["space3"], (), 3, "x.model")
    assert "(4 missing: layers.{0,1}.ff_norm.weight, layers.{0,1}.ff_norm.bias)" in str(caught.value)


def test_a_layer_that_cannot_be_is_refused_at_once(published):
    state = published("space3") | {"layers.999999.ff_norm.bias": np.zeros(18, np.float32)}
    with pytest.raises(UserError, match="a key names layer 999999, but there are"):
        to_ours(state, space_keys, RECIPE_PARTS["space3"], (), 3, "x.model")


def test_a_key_too_many_is_not_an_error_but_is_named(published):
    state = published("space3") | {"intent_classifier.weight": np.zeros((2, 18), np.float32)}
    assert to_ours(state, space_keys, RECIPE_PARTS["space3"], (), 3, "file").unused == ("intent_classifier.weight",)


def test_half_of_an_optional_part_is_missing_the_other_half():
    state = bert_state()
    del state["pooler.dense.bias"]
    with pytest.raises(UserError, match=r"1 missing: pooler\.dense\.bias"):
        to_ours(state, bert_keys, ("backbone",), ("pooler",), HEADS, "file")
    del state["pooler.dense.weight"]
    arrays = to_ours(state, bert_keys, ("backbone",), ("pooler",), HEADS, "file").arrays
    assert not any(part_of(path) == "pooler" for path in arrays)


def test_heads_must_divide_the_hidden_size(published):
    with pytest.raises(UserError, match="4 attention heads do not divide its hidden size of 18"):
        to_ours(published("space3"), space_keys, RECIPE_PARTS["space3"], (), 4, "file")


def test_half_precision_becomes_float32():
    state = {key: array.astype(np.float16) for key, array in bert_state().items()}
    arrays = to_ours(state, bert_keys, ("backbone",), (), HEADS, "file").arrays
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}


def test_no_key_stands_twice_in_the_table():
    for keys_of in (space_keys, bert_keys):
        keys = [key for row in TABLE for key in keys_of(row)]
        assert len(keys) == len(set(keys))
    assert len({row.ours for row in TABLE}) == len(TABLE)
