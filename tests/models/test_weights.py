"""Starting from weights: what is copied, what stays as initialised, what is refused before anything is changed."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import MeshConfig, ModelConfig, Vocabulary
from space_jax.errors import UserError
from space_jax.models.weights import (
    Weights,
    by_path,
    graft,
    nested,
    pad_vocabulary,
    require_fit,
    without_vocabulary_padding,
)
from space_jax.training.mesh import make_mesh

VOCABULARY, HIDDEN = 130, 8
MODEL = ModelConfig(layers=1, hidden=HIDDEN, heads=2, mlp=16, vocabulary=Vocabulary(size=VOCABULARY))
PADDED = MODEL.vocabulary.padded_size
SHAPES = {
    "backbone/embedding/token": (PADDED, HIDDEN),
    "backbone/embedding/position": (6, HIDDEN),
    "backbone/embedding/turn": (5, HIDDEN),
    "backbone/layers/inner/kernel": (1, HIDDEN, 16),
    "bag_of_words/kernel": (HIDDEN, PADDED),
    "pooler/dense/bias": (HIDDEN,),
}


def draw(shapes, seed):
    rng = np.random.default_rng(seed)
    return {path: rng.normal(size=shape).astype(np.float32) for path, shape in shapes.items()}


def weights(arrays, size=VOCABULARY):
    model = dataclasses.replace(MODEL, vocabulary=Vocabulary(size=size))
    return Weights(arrays, model, None, None, "there")


@pytest.fixture
def params():
    """Parameters on a mesh of eight, the token table in two halves."""
    mesh = make_mesh(MeshConfig(fsdp=2, tensor=2))
    split = {"backbone/embedding/token": ("tensor", "fsdp")}
    put = {
        path: jax.device_put(array, jax.NamedSharding(mesh, jax.P(*split.get(path, ()))))
        for path, array in draw(SHAPES, 0).items()
    }
    return nested(put)


def test_everything_there_is_copied_and_the_rest_stays(params):
    before = {path: np.asarray(leaf) for path, leaf in by_path(params).items()}
    shardings = jax.tree.map(lambda leaf: leaf.sharding, params)
    theirs = without_vocabulary_padding(draw(SHAPES, 1), VOCABULARY)
    del theirs["pooler/dense/bias"]
    theirs["backbone/embedding/position"] = theirs["backbone/embedding/position"][:4]
    theirs["backbone/embedding/turn"] = np.ones((9, HIDDEN), np.float32)
    theirs["act_classifier/bias"] = np.ones(20, np.float32)
    after, grafted = graft(params, weights(theirs), MODEL)

    assert jax.tree.map(lambda leaf: leaf.sharding, after) == shardings
    after = {path: np.asarray(leaf) for path, leaf in by_path(after).items()}
    token, position = "backbone/embedding/token", "backbone/embedding/position"
    np.testing.assert_array_equal(after[token][:VOCABULARY], theirs[token])
    np.testing.assert_array_equal(after[token][VOCABULARY:], before[token][VOCABULARY:])
    np.testing.assert_array_equal(after["bag_of_words/kernel"][:, :VOCABULARY], theirs["bag_of_words/kernel"])
    np.testing.assert_array_equal(after[position], np.concatenate([theirs[position], before[position][4:]]))
    np.testing.assert_array_equal(after["backbone/embedding/turn"], np.ones((5, HIDDEN)))
    np.testing.assert_array_equal(after["pooler/dense/bias"], before["pooler/dense/bias"])
    assert grafted.new == ("pooler/dense/bias",)
    assert grafted.partial == (
        "backbone/embedding/position (4 rows, the weights have 4 and the model 6)",
        "backbone/embedding/turn (5 rows, the weights have 9 and the model 5)",
    )
    assert grafted.unused == ("act_classifier/bias",)
    assert str(grafted).startswith("newly initialised: pooler/dense/bias; copied in part: backbone/embedding/position")


def test_shapes_that_differ_are_said_together():
    ours = {path: jnp.zeros(shape) for path, shape in SHAPES.items()}
    theirs = without_vocabulary_padding(draw(SHAPES, 1), VOCABULARY)
    theirs["backbone/layers/inner/kernel"] = np.zeros((2, HIDDEN, 16), np.float32)
    theirs["pooler/dense/bias"] = np.zeros((1, HIDDEN), np.float32)
    theirs["backbone/embedding/turn"] = np.zeros((5, 3), np.float32)
    with pytest.raises(UserError) as caught:
        require_fit(ours, weights(theirs), MODEL)
    assert str(caught.value) == (
        "--init there: does not fit the model: backbone/embedding/turn is 5 x 3 but must be 5 x 8; "
        "backbone/layers/inner/kernel is 2 x 8 x 16 but must be 1 x 8 x 16; pooler/dense/bias is 1 x 8 but must be 8"
    )


def test_another_vocabulary_and_nothing_in_common_are_refused():
    ours = {path: jnp.zeros(shape) for path, shape in SHAPES.items()}
    with pytest.raises(UserError, match="has a vocabulary of 129 tokens, but the corpora were prepared with 130"):
        require_fit(ours, weights(draw(SHAPES, 1), size=129), MODEL)
    with pytest.raises(UserError, match="has none of this model's parameters"):
        require_fit(ours, weights({"other": np.zeros(3)}), MODEL)
    with pytest.raises(UserError, match="was trained with LayerNorm epsilon 1e-12; set config field"):
        require_fit(ours, weights(draw(SHAPES, 1)), dataclasses.replace(MODEL, layer_norm_epsilon=1e-5))


def test_padding_of_the_vocabulary_there_and_back():
    theirs = without_vocabulary_padding(draw(SHAPES, 1), VOCABULARY)
    padded = pad_vocabulary(theirs, PADDED)
    assert {path: array.shape for path, array in padded.items()} == SHAPES
    assert not padded["bag_of_words/kernel"][:, VOCABULARY:].any()
    for path, array in without_vocabulary_padding(padded, VOCABULARY).items():
        np.testing.assert_array_equal(array, theirs[path])


def test_paths_there_and_back():
    tree = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    assert by_path(tree) == {"a/b": 1, "a/c/d": 2, "e": 3}
    assert nested(by_path(tree)) == tree
