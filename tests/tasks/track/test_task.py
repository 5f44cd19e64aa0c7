"""Both trackers on a model that learns one dialogue by heart, and predicts it from its own decisions."""

import copy
import dataclasses

import jax
import numpy as np
import optax
import pytest

from space_jax.models.recipe import total_loss
from space_jax.tasks.track.config import TrackConfig, TrackTextConfig
from space_jax.tasks.track.gates import NONE_GATE, REFER, SPAN, UNREACHABLE
from space_jax.tasks.track.model import best_spans
from space_jax.tasks.track.records import TrackRecord
from space_jax.tasks.track.task import TrackTask
from space_jax.tasks.track.text_task import TrackTextTask

TURNS = (
    (1, "a hotel in the north"),
    (0, "how about the acorn ?"),
    (1, "yes , for two people"),
    (0, "done"),
    (1, "a taxi"),
)
RECORDS = [
    TrackRecord("d-0", "d", TURNS[:1], after={"hotel-area": ("north",)}),
    TrackRecord(
        "d-2",
        "d",
        TURNS[:3],
        (("hotel-name", "acorn", 1),),
        before={"hotel-area": ("north",)},
        after={"hotel-area": ("north",), "hotel-name": ("acorn",), "hotel-people": ("2",)},
    ),
]
RECORDS.append(
    TrackRecord(
        "d-4",
        "d",
        TURNS,
        (("hotel-name", "acorn", 2),),
        before=RECORDS[1].after,
        after={**RECORDS[1].after, "taxi-departure": ("acorn",)},
    )
)
CONFIG = TrackConfig(max_tokens=12, context=40, turns=5, head_dropout=0.0)
TEXT_CONFIG = TrackTextConfig(max_tokens=12, context=40, turns=5, written=40)


def _boxed(leaf):
    return hasattr(leaf, "unbox")


def learn(task, batch, steps):
    params = jax.jit(task.init)(jax.random.key(0), batch)
    params = jax.tree.map(lambda leaf: leaf.value if _boxed(leaf) else leaf, params, is_leaf=_boxed)
    optimiser = optax.adam(5e-3)

    def loss(params):
        return total_loss(task.forward(params, batch, {}).terms, task.coefficients)

    @jax.jit
    def step(params, state):
        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimiser.update(gradient, state)
        return value, gradient, optax.apply_updates(params, updates), state

    check_gradient(lambda params: step(params, optimiser.init(params))[:2], params)
    state, values = optimiser.init(params), []
    for _ in range(steps):
        value, _, params, state = step(params, state)
        values.append(float(value))
    return params, values


def check_gradient(value_and_gradient, params):
    """The gradient along itself against a central difference."""
    gradient = value_and_gradient(params)[1]
    norm = optax.tree.norm(gradient)
    moved = [jax.tree.map(lambda p, g, s=s: p + s * g / norm, params, gradient) for s in (1e-2, -1e-2)]
    ahead, behind = (value_and_gradient(one)[0] for one in moved)
    np.testing.assert_allclose((ahead - behind) / 2e-2, norm, rtol=0.02)


def answers(task, infer, params, records, size):
    examples = [task.example(record) for record in records]
    outputs = infer(params, task.collate(examples, size, None))
    return task.predictions({name: np.asarray(array)[: len(records)] for name, array in outputs.items()}, examples, {})


@pytest.fixture(scope="module")
def task(tokenizer, tiny_model):
    return TrackTask(CONFIG, TrackTask.make_labels(CONFIG, RECORDS), tokenizer, tiny_model, None)


@pytest.fixture(scope="module")
def learnt(task):
    params, values = learn(task, task.collate([task.example(record) for record in RECORDS], 4, None), 150)
    infer = jax.jit(task.infer)
    return values, lambda records: answers(task, infer, params, records, 4)


def test_it_learns(task, learnt):
    values, answer = learnt
    assert values[-1] < 0.05 * values[0]
    predictions = answer(RECORDS)
    score = task.score(RECORDS, predictions)
    assert score["joint_goal"] == score["joint_goal_trippy"] == score["slot_accuracy"] == 1.0
    assert {slot: one["gate"] for slot, one in predictions[1]["update"].items()} == {
        "hotel-name": "inform",
        "hotel-people": "span",
    }
    assert predictions[2]["update"]["taxi-departure"]["refer"] == "hotel-name"
    assert predictions[2]["state"]["taxi-departure"] == ["acorn"]


def test_states_come_from_the_models_own_updates_and_not_from_the_truth(task, learnt):
    predictions = learnt[1](RECORDS)
    predictions[0] = {**predictions[0], "update": {}}  # as if the first turn had been missed
    assert task.score(RECORDS, predictions)["joint_goal"] == 0.0


def test_any_text_has_an_answer(learnt):
    texts = ["", "north " * 3000, "🚇", "столик \u0007"]
    predictions = learnt[1]([TrackRecord(text, text, ((0, text), (1, text))) for text in texts])
    for text, prediction in zip(texts, predictions, strict=True):
        for one in prediction["update"].values():
            if one["gate"] == "span":
                assert one["value"] == text[one["start"] : one["end"]] != ""


def test_the_page_of_errors(task):
    page = task.error_page(RECORDS, [{"update": {}}] * 3, "errors").replace("<wbr>", "")
    assert "3 of 3 are not all right." in page
    assert "hotel-name acorn, hotel-people 2" in page


def test_what_is_to_be_learnt(task):
    example = task.example(RECORDS[2])
    assert dict(zip(task.slots, example.gates.tolist(), strict=True)) == {
        "hotel-area": NONE_GATE,
        "hotel-name": NONE_GATE,
        "hotel-people": NONE_GATE,
        "taxi-departure": REFER,
    }
    assert example.others.tolist() == [-1, -1, -1, 1]
    assert example.ages.tolist() == [0.0, 0.5, 0.0, 0.0]
    second = task.example(RECORDS[1])
    first, last = second.spans[2]
    assert RECORDS[1].turns[-1][1][second.located.starts[first] : second.located.ends[last]] == "two"


def test_a_span_beyond_the_cut_is_not_learnt(task):
    record = dataclasses.replace(RECORDS[0], turns=((1, "the " * 20 + "north"),))
    assert task.example(record).gates.tolist() == [UNREACHABLE, NONE_GATE, NONE_GATE, NONE_GATE]
    assert SPAN not in task.example(record).gates


def test_the_best_span_against_a_loop():
    rng = np.random.default_rng(0)
    starts, ends = rng.normal(size=(2, 2, 3, 7)).astype(np.float32)
    found = np.asarray(best_spans(starts, ends, 3))
    for place in np.ndindex(2, 3):
        spans = [(i, j) for i in range(7) for j in range(i, min(i + 3, 7))]
        best = max(spans, key=lambda span: starts[place][span[0]] + ends[place][span[1]])
        assert tuple(found[place]) == best


@pytest.fixture(
    scope="module",
    params=[pytest.param(False, id="writing"), pytest.param(True, id="copying", marks=pytest.mark.slow)],
)
def writer(request, tokenizer, tiny_model):
    config = dataclasses.replace(TEXT_CONFIG, copying=request.param)
    task = TrackTextTask(config, TrackTextTask.make_labels(config, RECORDS), tokenizer, tiny_model, "space3")
    batch = task.collate([task.example(record) for record in RECORDS], 4, np.random.default_rng(0))
    return task, *learn(task, batch, 250)


def test_the_writer_learns_and_reads_back(writer):
    task, params, values = writer
    assert values[-1] < 0.05 * values[0]
    predictions = answers(task, jax.jit(task.infer), params, RECORDS, 4)
    assert predictions[0]["text"] == "hotel area north"
    assert task.score(RECORDS, predictions)["joint_goal"] == 1.0


def test_a_state_that_was_cut_has_no_end_to_learn(writer):
    task = copy.copy(writer[0])
    whole = writer[0].example(RECORDS[0]).state
    for written, expected in ((len(whole), whole), (len(whole) - 1, whole[:-2])):
        task.config = dataclasses.replace(TEXT_CONFIG, written=written)
        assert task.example(RECORDS[0]).state.tolist() == expected.tolist()


def test_the_writers_loss_does_not_depend_on_packing(writer):
    task, params, _ = writer
    examples = [task.example(record) for record in (RECORDS[0], dataclasses.replace(RECORDS[0], after={}))]
    alone, packed = task.collate(examples, 4, None), task.collate(examples, 4, np.random.default_rng(0))
    assert alone.context.ids.shape[0] > packed.context.ids.shape[0]
    forward = jax.jit(lambda batch: task.forward(params, batch, {}).terms["state"])
    sums = [forward(batch) for batch in (alone, packed)]
    np.testing.assert_allclose(sums[0].total, sums[1].total, rtol=1e-4)
    assert sums[0].weight == sums[1].weight
