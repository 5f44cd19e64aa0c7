"""Vectors of a pre-trained model: those that training compares, each input for itself."""

import dataclasses

import jax
import numpy as np
import pytest

from space_jax.api.maps import VIEWS, WHOLE, map_dialogues
from space_jax.api.pretrained import Pretrained, _grid
from space_jax.config import DataConfig, PretrainConfig, Space1Config, Space2Config, Space3Config
from space_jax.dialogue import SYSTEM, USER, Dialogue, Turn, dialogue_to_json
from space_jax.dialogue.trees import VIEWS as TREE_VIEWS
from space_jax.errors import UserError
from space_jax.features.example import Limits, dialogue_examples
from space_jax.features.grid import make_grid
from space_jax.features.layout import assemble
from space_jax.features.packing import NOTHING, Item, pack
from space_jax.models.registry import make_recipe
from space_jax.serving.engines import Asked, PretrainedEngine
from space_jax.training.sharding import unbox
from tests.tasks.conftest import tiny_model, tokenizer  # noqa: F401

LIMITS = Limits(max_turns=3, max_turn_tokens=8)
TALK = Dialogue(
    "d",
    (
        Turn(USER, "a table for two"),
        Turn(SYSTEM, "the time ?"),
        Turn(USER, "at seven"),
        Turn(SYSTEM, "the area ?"),
        Turn(USER, "the north"),
        Turn(SYSTEM, "none"),
    ),
)
TEXTS = ["a hotel", "the north", "seven people at the table at the time", "two"]


@pytest.fixture(scope="module", params=[Space1Config(), Space2Config(subspace=8), Space3Config()], ids=lambda r: r.name)
def model(request, tokenizer, tiny_model):  # noqa: F811
    """Random weights; batches of three, in a grid of another shape than that of training."""
    data = DataConfig(batch_size=4, context_length=40, response_length=12, examples_per_row=2, masked_per_row=4)
    config = PretrainConfig(request.param, tiny_model, data)
    grid = make_grid(dataclasses.replace(data, row_ladder=(0.4, 1.0)), config.recipe, 3, LIMITS.max_turn_tokens)
    params = unbox(jax.jit(make_recipe(config.model, config.recipe).init)(jax.random.key(0), pack([], grid)))
    return Pretrained(config, 7, params, tokenizer, LIMITS, grid)


def of_training(model, dialogue):
    """The understanding vectors of the dialogue's training examples, each packed as training does."""
    config = model.config
    recipe = make_recipe(config.model, config.recipe)
    grid = make_grid(config.data, config.recipe, 4, LIMITS.max_turn_tokens)
    layouts = [
        assemble(example, config.model.vocabulary, config.recipe.name, config.data.context_length)
        for example in dialogue_examples(dialogue, model._tokenizer, LIMITS)
    ]
    items = [Item(layout, layout.ids, NOTHING, layout.response if grid.negatives else NOTHING) for layout in layouts]
    return np.asarray(jax.jit(recipe.represent)(model._params, pack(items, grid))["understanding"])[: len(items)]


def test_a_dialogue_has_the_vector_of_its_training_example(model):
    """Cut to three turns of eight tokens, and the system's last turn is the response, which is not looked at."""
    prefixes = [dataclasses.replace(TALK, turns=TALK.turns[:length]) for length in (2, 3, 5)]
    expected = of_training(model, TALK)
    vectors = model.embed([*prefixes[:2], TALK, prefixes[2]])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected[[0, 1, 2, 2]], atol=1e-5)
    assert np.abs(expected[0] - expected[1]).max() > 1e-3


def test_every_turn_of_a_dialogue_in_its_context(model):
    silent = dataclasses.replace(TALK, turns=(*TALK.turns, Turn(USER, " ")))
    vectors = model.embed_turns([TALK, silent])
    assert vectors.shape == (12, 16)
    np.testing.assert_allclose(vectors[:6], vectors[6:], atol=1e-5)
    np.testing.assert_allclose(vectors[[0, 2, 4]], of_training(model, TALK), atol=1e-5)
    assert np.abs(vectors[1] - vectors[0]).max() > 1e-3


def test_texts_alone_take_short_rows_and_are_compiled_ahead(model):
    """As the server embeds them."""
    grid = _grid(model.config, LIMITS, 2, texts_only=True)
    assert [tuple(rung) for rung in grid.rungs] == [(1, 10, 10), (2, 10, 10)]
    short = Pretrained(model.config, 7, model._params, model._tokenizer, LIMITS, grid)
    engine = PretrainedEngine(short)
    assert list(engine.warm_up()) == [(1, 2), (2, 2)]
    compiled = short._represent._cache_size()
    for texts in (TEXTS[:1], TEXTS):
        answers = engine.answer([Asked("/v1/embeddings", text, "", 1) for text in texts])
        np.testing.assert_allclose([one.values for one in answers], model.embed(texts), atol=1e-5)
    assert [one.tokens for one in answers[:2]] == [len(layout.ids) for layout in model.layouts(TEXTS[:2])]
    assert short._represent._cache_size() == compiled


def test_subspaces_group_a_map_by_their_views(model):
    pytest.importorskip("sklearn", reason="scikit-learn comes with the extra map")
    found = map_dialogues(model, [TALK], groups=2)
    if model.config.recipe.name != "space2":
        assert (model.views, list(found.views)) == ((), [WHOLE])
        return
    assert model.views == TREE_VIEWS
    assert list(found.views) == [WHOLE, *VIEWS]
    assert "what it is about" in found.html("x")
    vectors = model.embed_turns([TALK])
    kernels = np.asarray(model._params["subspaces"]["kernels"])[TREE_VIEWS.index("S")]
    expected = np.tanh(vectors @ kernels)  # biases begin as 0
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(model.in_view(vectors, "S"), expected, atol=1e-5)


def test_each_input_for_itself(model):
    together = model.embed(TEXTS)
    alone = np.concatenate([model.embed([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(model.embed(TEXTS[::-1])[::-1], together, atol=1e-5)
    assert len({tuple(row.round(3)) for row in together}) == len(TEXTS)


def test_a_text_is_a_turn_of_a_user(model):
    turn = {"role": "user", "text": "the north"}
    before = {"role": "system", "text": "the area ?"}
    vectors = model.embed(
        [
            "the north",
            {"turns": [turn]},
            Dialogue("x", (Turn(USER, "the north"),)),
            {"id": "x", "turns": [before, turn]},
            dialogue_to_json(Dialogue("y", (Turn(SYSTEM, "the area ?"), Turn(USER, "the north"), Turn(USER, " ")))),
        ]
    )
    np.testing.assert_allclose(vectors[1:3], vectors[[0, 0]], atol=1e-5)
    np.testing.assert_allclose(vectors[4], vectors[3], atol=1e-5)
    assert np.abs(vectors[3] - vectors[0]).max() > 1e-3  # what was said before counts


def test_a_long_text_is_read_from_its_end(model):
    end = "people at the table in the north ?"
    long, other, short = model.embed([f"{'hotel ' * 100}{end}", f"{'seven ' * 100}{end}", end])
    np.testing.assert_allclose(long, other, atol=1e-5)
    assert np.isfinite(short).all()


def test_none_and_what_cannot_be_embedded(model):
    assert model.embed([]).shape == (0, 16)
    for one in ("a text", TALK, {"turns": []}):
        with pytest.raises(UserError, match=f"expected a list of texts or dialogues, found one {type(one).__name__}"):
            model.embed(one)
    for one in ("", " \n", Dialogue("d", (Turn(SYSTEM, "hello"),))):
        with pytest.raises(UserError, match="input 2: expected words of a user, found none"):
            model.embed(["fine", one])
    with pytest.raises(UserError, match=r"input 1: field turns\[0\]"):
        model.embed([{"turns": [{"role": "customer", "text": "hello"}]}])
