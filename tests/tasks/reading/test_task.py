"""The whole way of a question through reading, on a model that learns a few passages by heart."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from space_jax.config import MeshConfig
from space_jax.errors import UserError
from space_jax.models.recipe import total_loss
from space_jax.tasks.inference import Inference
from space_jax.tasks.reading.config import ReadingConfig
from space_jax.tasks.reading.model import NO_TOKEN
from space_jax.tasks.reading.records import ReadingRecord
from space_jax.tasks.reading.task import ReadingTask
from space_jax.training.mesh import make_mesh
from space_jax.training.sharding import unbox

RECORDS = [
    ReadingRecord("a", "time", "a table for two at seven", ((19, 24),)),
    ReadingRecord("b", "people", "a table for two at seven", ((12, 15),)),
    ReadingRecord("c", "area", "a table for two at seven", ()),
    ReadingRecord("d", "area", "the north hotel", ((4, 9), (0, 9))),
    ReadingRecord("e", "time", "the north hotel", ()),
    ReadingRecord("f", "people", "seven people at 7", ((0, 5),), before="people for the table"),
]
CONFIG = ReadingConfig(max_tokens=30, window=30, overlap=4, max_question=6, head_dropout=0.0)
WINDOWED = dataclasses.replace(CONFIG, window=4, overlap=2)


def make(config, tokenizer, model, recipe=None, records=RECORDS):
    return ReadingTask(config, ReadingTask.make_labels(config, records), tokenizer, model, recipe)


@pytest.fixture(scope="module")
def task(tokenizer, tiny_model):
    return make(CONFIG, tokenizer, tiny_model)


@pytest.fixture(scope="module")
def params(task):
    """Learnt by heart."""
    batch = task.collate([task.example(record) for record in RECORDS], 8, None)
    params = unbox(jax.jit(task.init)(jax.random.key(0), batch))
    optimiser = optax.adam(1e-2)

    @jax.jit
    def learn(params):
        def step(carry, _):
            gradient = jax.grad(lambda p: total_loss(task.forward(p, batch, {}).terms, task.coefficients))(carry[0])
            updates, state = optimiser.update(gradient, carry[1])
            return (optax.apply_updates(carry[0], updates), state), None

        return jax.lax.scan(step, (params, optimiser.init(params)), None, 150)[0][0]

    return learn(params)


def outputs(task, params, records):
    batch = task.collate([task.example(record) for record in records], len(records), None)
    return {name: np.asarray(array) for name, array in jax.jit(task.infer)(params, batch).items()}


def predicted(task, params, records):
    examples = [task.example(record) for record in records]
    return task.predictions(outputs(task, params, records), examples, {})


def test_it_learns(task, params):
    raw = predicted(task, params, RECORDS)
    calibration = task.calibrate(RECORDS, raw)
    said = task.decide(raw, calibration)
    scores = task.score(RECORDS, said)
    assert scores == dict.fromkeys(
        ("exact_match", "f1", "answerable_exact_match", "answerable_f1", "unanswerable_accuracy"), 1.0
    )
    assert [one["answer"] for one in said] == ["seven", "two", "", "north", "", "seven"]
    for record, one, before in zip(RECORDS, said, raw, strict=True):
        assert len(one["best"]) == CONFIG.best
        assert (one["odds"] > calibration["threshold"]) == bool(record.answers)
        assert one["score"] == (before["score"] if record.answers else one["no_answer"]) > 0.5
        for answer in (one if record.answers else one["best"][0], *one["best"]):
            assert answer["answer"] == record.passage[answer["start"] : answer["end"]]
    assert ("start" in said[0], "start" in said[2]) == (True, False)


def test_the_gold_span_has_the_lowest_loss(task, params):
    record = RECORDS[0]
    example = task.example(record)
    count = len(example.windows.column)
    places = [(0, 0), *((i, j) for i in range(1, count + 1) for j in range(i, count + 1))]
    loss = jax.jit(lambda batch: total_loss(task.forward(params, batch, {}).terms, task.coefficients))
    batch = task.collate([example], 1, None)

    def with_target(start, end):
        sides = {"start": np.array([start], np.int32), "end": np.array([end], np.int32)}
        return dataclasses.replace(batch, examples={**batch.examples, **sides})

    losses = {place: float(loss(with_target(*place))) for place in places}
    assert min(losses, key=losses.get) == example.target
    # By hand: the mean of two cross-entropies over all places.
    scores = outputs(task, params, [record])["scores"][0].astype(np.float64)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    for (start, end), value in losses.items():
        assert value == pytest.approx(-(log_p[0, start] + log_p[1, end]) / 2, rel=1e-4, abs=1e-5)


def test_a_shifted_passage_shifts_the_span(task):
    """Characters that are no token move all places, and nothing else."""
    record = RECORDS[0]
    moved = dataclasses.replace(
        record, passage=f"  {record.passage}", answers=tuple((start + 2, end + 2) for start, end in record.answers)
    )
    here, there = task.example(record), task.example(moved)
    assert here.target == there.target
    np.testing.assert_array_equal(here.windows.encoded[0].ids, there.windows.encoded[0].ids)
    scores = np.zeros((1, 2, 1 + CONFIG.max_tokens), np.float32)
    scores[0, 0, here.target[0]] = scores[0, 1, here.target[1]] = 9.0
    before, after = (task.predictions({"scores": scores}, [one], {})[0] for one in (here, there))
    assert before["answer"] == after["answer"] == "seven"
    assert (after["start"], after["end"]) == (before["start"] + 2, before["end"] + 2) == moved.answers[0]


def local(params):
    """The parameters of a model in which no token sees another, nor its own place."""
    layers, embedding = params["backbone"]["layers"], params["backbone"]["embedding"]
    layers = {**layers, "attention": jax.tree.map(jnp.zeros_like, layers["attention"])}
    embedding = {
        name: jnp.zeros_like(table) if name in ("position", "role", "turn") else table
        for name, table in embedding.items()
    }
    return {**params, "backbone": {**params["backbone"], "layers": layers, "embedding": embedding}}


@pytest.mark.parametrize("recipe", [None, "space3", "structbert"])
def test_windows_agree_with_one_window(tokenizer, tiny_model, recipe):
    """Where context changes nothing, they are the same to rounding: odds, probabilities, answers, loss."""
    whole, parts = (make(config, tokenizer, tiny_model, recipe) for config in (CONFIG, WINDOWED))
    long = ReadingRecord("g", "time", "at two the table for seven people at the north hotel", ((20, 33),), "the time")
    records = [*RECORDS, long]
    assert len(parts.example(long).windows.encoded) > 3
    batches = [task.collate([task.example(one) for one in records], 8, None) for task in (whole, parts)]
    params = local(unbox(jax.jit(whole.init)(jax.random.key(1), batches[0])))
    params["head"] = jax.tree.map(lambda x: 40 * x, params["head"])
    scores = [jax.jit(task.infer)(params, batch)["scores"] for task, batch in zip((whole, parts), batches, strict=True)]
    assert np.ptp(scores[0][6, 0, 1:5]) > 0.1
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)
    losses = [
        total_loss(task.forward(params, batch, {}).terms, task.coefficients)
        for task, batch in zip((whole, parts), batches, strict=True)
    ]
    assert losses[0] == pytest.approx(float(losses[1]), rel=1e-6)
    one, several = predicted(whole, params, records), predicted(parts, params, records)
    assert [answer["answer"] for answer in one] == [answer["answer"] for answer in several]


def test_windows_of_a_learnt_model_find_what_one_window_finds(tokenizer, tiny_model, task, params):
    parts = make(dataclasses.replace(CONFIG, window=6, overlap=4), tokenizer, tiny_model)
    short = [record for record in RECORDS if len(task.example(record).windows.column) <= 6]
    assert [one["best"] for one in predicted(parts, params, short)] == [
        one["best"] for one in predicted(task, params, short)
    ]


@pytest.mark.parametrize("config", [CONFIG, WINDOWED])
def test_the_batch_and_its_padding_change_nothing(tokenizer, tiny_model, params, config):
    task = make(config, tokenizer, tiny_model)
    together = outputs(task, params, RECORDS)["scores"]
    batch = task.collate([task.example(one) for one in RECORDS[::-1]], 9, None)
    grown = batch.grown(batch.shape._replace(rows=batch.shape.rows + 3))
    np.testing.assert_allclose(jax.jit(task.infer)(params, grown)["scores"][:6][::-1], together, atol=1e-5)
    empty = task.collate([], 2, None)
    terms = task.forward(params, empty, {}).terms
    assert {name: float(term.weight) for name, term in terms.items()} == {"start": 0, "end": 0}


def test_a_server_that_has_prepared_fewer_rows_than_the_windows_need(tokenizer, tiny_model, params):
    task = make(dataclasses.replace(WINDOWED, window=3), tokenizer, tiny_model)
    long = [ReadingRecord("g", "time", "at two the table for seven people at the north hotel " * 2)] * 12
    examples = [task.example(record) for record in long]
    mesh = make_mesh(MeshConfig(), jax.devices()[:1])
    prepared = Inference(task, MeshConfig().rules, mesh, 12, rows=(1, 2))(params, examples)
    np.testing.assert_allclose(prepared["scores"], outputs(task, params, long)["scores"], atol=1e-5)


def test_gradients_against_differences(tokenizer, tiny_model, params):
    """Of the head and of what it reads, along random directions, of passages in windows."""
    task = make(WINDOWED, tokenizer, tiny_model)
    batch = task.collate([task.example(one) for one in RECORDS], 6, None)

    @jax.jit
    def loss(params):
        return total_loss(task.forward(params, batch, {}).terms, task.coefficients)

    rng = np.random.default_rng(0)
    gradient = jax.grad(loss)(params)
    for path in (
        ("head", "sides", "kernel"),
        ("backbone", "layers", "inner", "kernel"),
        ("backbone", "layers", "attention", "out_kernel"),
    ):
        leaf, slope = params, gradient
        for name in path:
            leaf, slope = leaf[name], slope[name]
        direction = rng.normal(size=leaf.shape).astype(np.float32)
        direction /= np.linalg.norm(direction)

        def moved(step, path=path, direction=direction):
            return loss(
                jax.tree_util.tree_map_with_path(
                    lambda where, x: x + step * direction if tuple(k.key for k in where) == path else x, params
                )
            )

        difference = (float(moved(1e-2)) - float(moved(-1e-2))) / 2e-2
        assert float((slope * direction).sum()) == pytest.approx(difference, rel=0.03, abs=2e-4)


def test_what_is_not_known_is_neither_learnt_nor_scored(task, params):
    unknown = dataclasses.replace(RECORDS[0], answers=None)
    beyond = ReadingRecord("z", "time", "at " * 60 + "seven", ((180, 185),))
    assert task.example(unknown).target is task.example(beyond).target is None
    batch = task.collate([task.example(unknown), task.example(beyond)], 2, None)
    assert not batch.examples["known"].any()
    assert task.score([unknown], predicted(task, params, [unknown]))["f1"] == 0
    assert predicted(task, params, [beyond])[0]["cut_to_tokens"] == CONFIG.max_tokens
    assert ReadingTask.strata(unknown) == ()


def test_any_passage_has_an_answer(task, params):
    passages = ["\u0007", "table " * 500, "🚇 🚇", "столик на двоих", "[CLS] <sos_u>"]
    records = [ReadingRecord(text, "time " * 30, text) for text in passages]
    for text, one in zip(passages, task.decide(predicted(task, params, records), {}), strict=True):
        assert one["answer"] == (text[one["start"] : one["end"]] if "start" in one else "")
    nothing = predicted(task, params, records[:1])[0]
    assert nothing == {"answer": "", "score": 1.0, "best": [], "no_answer": 1.0}


def test_without_unanswerable_questions_in_training_all_are_answered(tokenizer, tiny_model, params):
    answerable = [record for record in RECORDS if record.answers]
    task = make(CONFIG, tokenizer, tiny_model, records=answerable)
    raw = predicted(task, params, RECORDS)
    assert task.calibrate(RECORDS, raw) == {"threshold": 0.0}
    assert all(one["answer"] for one in task.decide(raw, {"threshold": 99.0}))
    with pytest.raises(UserError, match="training records: expected some with an answer, found none"):
        make(CONFIG, tokenizer, tiny_model, records=[RECORDS[2]])


def test_the_threshold_is_chosen_on_validation(task):
    records = [RECORDS[0], RECORDS[2], RECORDS[3]]
    raw = [
        {"answer": "seven", "start": 19, "end": 24, "score": 0.4, "best": [], "no_answer": 0.6, "odds": -1.0},
        {"answer": "two", "start": 12, "end": 15, "score": 0.1, "best": [], "no_answer": 0.9, "odds": -3.0},
        {"answer": "hotel", "start": 10, "end": 15, "score": 0.9, "best": [], "no_answer": 0.1, "odds": 2.0},
    ]
    assert task.calibrate(records, raw) == {"threshold": -2.0}
    said = task.decide(raw, {"threshold": -2.0})
    assert [(one["answer"], one["score"]) for one in said] == [("seven", 0.4), ("", 0.9), ("hotel", 0.9)]
    assert task.calibrate(records[:1], raw[:1]) == {"threshold": 0.0}
    scores = task.score(records, said)
    assert (scores["exact_match"], scores["answerable_exact_match"], scores["unanswerable_accuracy"]) == (2 / 3, 0.5, 1)


def test_scores_of_slots(tokenizer, tiny_model):
    def of(name, slot, answers):
        return ReadingRecord(f"{name}:{slot}", "?", "at 7", answers, slot=slot, asked_of=name)

    records = [
        of("a", "S.time", ((3, 4),)),
        of("a", "S.date", ()),
        of("b", "S.time", ((0, 2),)),
        of("b", "S.date", ((3, 4),)),
    ]
    task = make(CONFIG, tokenizer, tiny_model, records=[of("t", "R.time", ((3, 4),)), of("t", "R.time", ())])
    assert task.labels["slots"] == {"time": 2}
    right = {"answer": "7", "start": 3, "end": 4}
    scores = task.score(records, [right, {"answer": ""}, right, right])
    assert scores["f1/S.time"] == 0.5
    assert scores["f1/S.date"] == scores["new_slot_f1"] == 1.0
    assert (scores["slot_macro_f1"], scores["slot_exact"]) == (0.75, 0.5)
    assert ReadingTask.strata(records[1]) == ("S.date no answer",)


def test_the_page_of_errors_and_a_record_for_reading(task):
    page = task.error_page(RECORDS[:2], [{"answer": ""}, {"answer": "two"}], "errors")
    assert "1 of 2 are not all right" in page
    assert "time | a table for two at seven" in page
    assert task.side_by_side(RECORDS[2], {"answer": ""}) == (
        "area | a table for two at seven",
        "no answer",
        "no answer",
    )


def test_windows_beyond_the_positions_are_refused(tokenizer, tiny_model):
    with pytest.raises(UserError, match=r"task\.window: 320 tokens, .* are 454 positions, and the weights have 160"):
        make(ReadingConfig(), tokenizer, tiny_model)


def test_padding_is_finite_and_never_chosen(task, params):
    scores = outputs(task, params, RECORDS[3:4])["scores"][0]
    count = len(task.example(RECORDS[3]).windows.column)
    assert (scores[:, 1 + count :] == NO_TOKEN).all()
    assert (scores[:, 0] == 0).all()
