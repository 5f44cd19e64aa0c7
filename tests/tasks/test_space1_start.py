"""Weights of SPACE-1 as a start: a task reads a dialogue as SPACE-1's pre-training did."""

import dataclasses

import jax
import numpy as np
import pytest

from space_jax.config import Space1Config
from space_jax.dialogue.record import ROLES, SYSTEM, USER, Dialogue, Turn
from space_jax.features import packing
from space_jax.features.example import Limits, dialogue_examples
from space_jax.features.grid import Grid, GridShape
from space_jax.features.layout import assemble
from space_jax.models.registry import make_recipe
from space_jax.models.weights import Weights, by_path, graft
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.records import ContextTurn, DialogueRecord, SystemTurn
from space_jax.tasks.dialogue.task import DialogueTask
from space_jax.tasks.encoder import Encoder, resolve_vector
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.intent.task import IntentTask
from space_jax.tasks.text_packing import Shape, pack
from space_jax.tasks.token_offsets import locate
from space_jax.training.sharding import unbox
from tests.tasks.test_every_task import make_task

DIALOGUES = [
    ("a table for two",),
    ("the hotel", "north ?", "the area at the north"),
    ("people", "seven", "time", "two", "none"),
]
LENGTH = 40


@pytest.fixture(scope="module")
def space1(tokenizer, tiny_model):
    """The weights, and what SPACE-1 makes of the dialogues."""
    recipe = make_recipe(tiny_model, Space1Config())
    grid = Grid(3, (GridShape(3, LENGTH, 8),), slots=2, masked=1, words=20, tree_elements=4, negatives=True)
    items = []
    for number, texts in enumerate(DIALOGUES):
        turns = [Turn((USER, SYSTEM)[n % 2], text) for n, text in enumerate((*texts, "done"))]
        example = list(dialogue_examples(Dialogue(str(number), tuple(turns)), tokenizer, Limits(tree_elements=4)))[-1]
        layout = assemble(example, tokenizer.vocabulary(), "space1", LENGTH)
        items.append(packing.Item(layout, layout.ids, packing.NOTHING, packing.NOTHING))
    batch = packing.pack(items, grid)
    params = unbox(jax.jit(recipe.init)(jax.random.key(5), batch))
    arrays = {path: np.asarray(array) for path, array in by_path(params).items()}
    weights = Weights(arrays, tiny_model, "space1", tokenizer, "a test")
    return weights, {name: np.asarray(array) for name, array in recipe.represent(params, batch).items()}


def started(init, weights, model):
    """Parameters from these weights, and what is new in them."""
    params, grafted = graft(unbox(jax.jit(init)()), weights, model)
    return params, grafted.new


@pytest.mark.parametrize("placed", [[[0, 1, 2]], [[2, 0], [1]], [[0], [1], [2]]])
def test_the_vector_of_a_dialogue_is_that_of_its_pre_training(tokenizer, tiny_model, space1, placed):
    weights, expected = space1
    encoded = []
    for texts in DIALOGUES:
        turns = [(ROLES.index((USER, SYSTEM)[n % 2]), text) for n, text in enumerate(texts)]
        encoded.append(locate(tokenizer, turns, 20, LENGTH, "space1").encoded)
    batch = pack(encoded, 3, Shape(3 * LENGTH, 3), placed)
    encoder = Encoder(tiny_model, resolve_vector("auto", "space1"), "space1")
    params, new = started(
        lambda: encoder.init(jax.random.key(0), batch, method="vectors")["params"], weights, tiny_model
    )
    assert new == ()
    vectors = jax.jit(lambda: encoder.apply({"params": params}, batch, method="vectors"))()
    np.testing.assert_allclose(vectors, expected["understanding"], atol=1e-5)


def test_an_utterances_vector_in_the_intent_task(tokenizer, tiny_model, space1):
    weights, expected = space1
    config = IntentConfig(max_tokens=10)
    records = [IntentRecord(str(n), text, "book") for n, text in enumerate((*DIALOGUES[0], "the north", "time"))]
    task = IntentTask(config, IntentTask.make_labels(config, records), tokenizer, tiny_model, "space1")
    batch = task.collate([task.example(record) for record in records], 4, np.random.default_rng(0))
    assert batch.slot.max() < len(records)  # all share the first row
    params, new = started(lambda: task.init(jax.random.key(0), batch), weights, tiny_model)
    assert {path.split("/")[0] for path in new} == {"head", "masked_head"}
    vectors = jax.jit(task.infer)(params, batch)["vector"]
    np.testing.assert_allclose(vectors[0], expected["understanding"][0], atol=1e-5)


def test_the_acts_of_a_dialogue(tokenizer, tiny_model, space1):
    weights, expected = space1
    config = DialogueConfig(
        context_length=LENGTH,
        target_length=80,
        max_turns=8,
        max_state_tokens=20,
        max_act_tokens=20,
        max_response_tokens=20,
    )
    task = DialogueTask(config, {"state": False, "acts": False}, tokenizer, tiny_model, "space1")
    records = []
    for texts in DIALOGUES:
        said = tuple(ContextTurn((USER, SYSTEM)[n % 2], text) for n, text in enumerate(texts))
        records.append(DialogueRecord("d", said, SystemTurn(None, (), None, "done"), ()))
    batch = task.collate([task.example(record) for record in records], 3, None)
    assert batch.occupied.sum(axis=1).max() > 1
    params, new = started(lambda: task.init(jax.random.key(0), batch), weights, tiny_model)
    assert new == ()
    acts = jax.jit(task.infer)(params, batch)["acts"]
    np.testing.assert_allclose(acts, jax.nn.sigmoid(expected["act_logits"]), atol=1e-5)


@pytest.mark.parametrize("name", ["slots", "parse", "reading", "track", "track_text"])
def test_the_summary_stands_before_the_tokens_that_other_tasks_read(tokenizer, tiny_model, space1, name):
    """Without it they would be outputs that pre-training never had: it changes the loss, so it is learnt."""
    task, record = make_task(name, tokenizer, dataclasses.replace(tiny_model, dropout=0.0), "space1")
    batch = task.collate([task.example(record)], 2, np.random.default_rng(0))
    assert tokenizer.vocabulary().sos_u not in batch.context.ids
    params, new = started(lambda: task.init(jax.random.key(0), batch), space1[0], tiny_model)
    assert all(path.startswith("head/") for path in new)

    def loss(params):
        return sum(term.mean() for term in task.forward(params, batch, {}).terms.values())

    assert np.abs(jax.jit(jax.grad(loss))(params)["summary"]).max() > 0
