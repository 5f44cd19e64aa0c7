"""Our heads in the parameters of a BERT, against the head itself, by a BERT in NumPy."""

import dataclasses

import numpy as np
import pytest

from space_jax.config import ModelConfig, Vocabulary
from space_jax.errors import UserError
from space_jax.exporting.exportable import one_slot_at_most
from space_jax.exporting.folding import Bert
from space_jax.exporting.heads import LinearHead, classifier_of_first, classifier_of_mean, encoder_state, tagger_state
from tests.convert.bert_folder import bert_state
from tests.exporting.numpy_bert import affine, outputs

HIDDEN, HEADS, LAYERS, CLASSES = 16, 2, 2, 13


def bert():
    state = {key: 0.5 * array for key, array in bert_state(hidden=HIDDEN, layers=LAYERS).items() if "pooler" not in key}
    model = ModelConfig(layers=LAYERS, hidden=HIDDEN, heads=HEADS, mlp=16, positions=12, vocabulary=Vocabulary(size=69))
    return Bert(state, model)


def head(classes, scale=1.0):
    rng = np.random.default_rng(1)
    kernel, bias = rng.normal(0, scale, (HIDDEN, classes)), rng.normal(0, scale, classes)
    return LinearHead(kernel.astype(np.float32), bias.astype(np.float32))


def classified(state, fields, ids):
    x = outputs(state, fields["num_hidden_layers"], HEADS, ids, "bert.")
    return affine(state, "classifier", np.tanh(affine(state, "bert.pooler.dense", x[0])))


def probabilities(logits):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


TEXTS = ([62, 65, 66, 63], [62, 63], [65, 66, 67, 68, 65, 66, 67, 68, 65, 66, 67, 68])


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
@pytest.mark.parametrize(("of", "make"), [("first", classifier_of_first), ("mean", classifier_of_mean)])
def test_a_classifier_is_the_linear_head(of, make, scale):
    model, linear = bert(), head(CLASSES, scale)
    state, fields = make(model, linear)
    assert fields["architectures"] == ["BertForSequenceClassification"]
    assert fields["num_hidden_layers"] == LAYERS + (of == "mean")
    for ids in TEXTS:
        x = outputs(model.state, LAYERS, HEADS, np.array(ids), dtype=np.float64)
        expected = (x[0] if of == "first" else x.mean(axis=0)) @ linear.kernel + linear.bias
        found = classified(state, fields, np.array(ids))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5 * max(1, np.abs(expected).max()))
        np.testing.assert_allclose(probabilities(found), probabilities(expected), atol=1e-4 if scale > 1 else 1e-5)


def test_an_encoder_and_a_tagger_keep_the_outputs():
    model, linear = bert(), head(5)
    state, fields = encoder_state(model)
    assert (fields["architectures"], fields["num_hidden_layers"]) == (["BertModel"], LAYERS)
    assert {key for key in state if "pooler" in key} == {"pooler.dense.weight", "pooler.dense.bias"}
    tags, fields = tagger_state(model, linear)
    ids = np.array(TEXTS[0])
    x = outputs(model.state, LAYERS, HEADS, ids)
    found = affine(tags, "classifier", outputs(tags, LAYERS, HEADS, ids, "bert."))
    np.testing.assert_allclose(found, x @ linear.kernel + linear.bias, atol=1e-5)
    assert fields["architectures"] == ["BertForTokenClassification"]
    assert not any("pooler" in key for key in tags)  # which a tagger lacks


def test_as_many_classes_as_there_is_room_for():
    state, _ = classifier_of_mean(bert(), head(HIDDEN - 3))
    assert state["classifier.weight"].shape == (HIDDEN - 3, HIDDEN)
    with pytest.raises(UserError, match="14 labels on the mean of the tokens: a BERT of 16 units has room for 13"):
        classifier_of_mean(bert(), head(HIDDEN - 2))


def test_no_number_is_too_large_for_float32():
    model = bert()
    wide = {key: 100 * array if "LayerNorm" in key else array for key, array in model.state.items()}
    for array in classifier_of_mean(dataclasses.replace(model, state=wide), head(CLASSES, 100.0))[0].values():
        assert array.dtype == np.float32
        assert np.isfinite(array.astype(np.float32) ** 2).all()


def test_tags_of_one_softmax_are_the_joint_ones_with_one_slot_at_most():
    """Against every joint tagging of two slots, counted out."""
    logits = np.random.default_rng(2).normal(size=(4, 2, 3))
    each = probabilities(logits)
    joint = each[:, 0, :, None] * each[:, 1, None, :]  # [N, tags of the first, tags of the second]
    kept = np.stack([joint[:, 0, 0], joint[:, 1, 0], joint[:, 2, 0], joint[:, 0, 1], joint[:, 0, 2]], axis=1)
    found = probabilities(one_slot_at_most(logits))
    np.testing.assert_allclose(found, kept / kept.sum(axis=1, keepdims=True), atol=1e-12)
