"""What goes into the loss of intents: terms, weights, masking, trees of labels; by hand and by shape."""

import dataclasses

import jax
import numpy as np
import pytest
from flax import linen as nn

from space_jax.dialogue.jsonl import write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Turn
from space_jax.errors import UserError
from space_jax.models.recipe import KEY_PURPOSES
from space_jax.tasks.config import DataSource
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.records import IntentRecord, from_label, from_row
from space_jax.tasks.intent.task import UNKNOWN, UNLABELLED, IntentTask, label_similarity
from space_jax.tasks.slots.task import SlotsTask

RECORDS = [IntentRecord("0", "table", "book"), IntentRecord("1", "hotel north", "book"), IntentRecord("2", "at", "ask")]


@pytest.fixture
def make_task(tiny_model, tokenizer):
    def make(**fields):
        config = IntentConfig(max_tokens=10, **fields)
        labels = IntentTask.make_labels(config, [*RECORDS, IntentRecord("3", "none", "oos")])
        return IntentTask(config, labels, tokenizer, dataclasses.replace(tiny_model, dropout=0.1), "space3")

    return make


def terms_of(task, records):
    batch = task.collate([task.example(record) for record in records], 4, np.random.default_rng(0))

    def run():
        params = task.init(jax.random.key(0), batch)
        params = jax.tree.map(lambda leaf: leaf.value, params, is_leaf=lambda leaf: hasattr(leaf, "names"))
        keys = {name: jax.random.key(n) for n, name in enumerate(KEY_PURPOSES)}
        partial = task.forward(params, batch, keys)
        stacked = jax.tree.map(lambda array: array[None], partial.features)
        return task.finish(partial.terms, stacked)

    return jax.eval_shape(run)


@pytest.mark.parametrize(
    ("fields", "terms"),
    [
        ({}, {"intent", "consistency", "masked"}),
        ({"r_drop_weight": 0.0, "mlm_weight": 0.0}, {"intent"}),
        ({"r_drop_weight": 0.0, "mlm_weight": 0.0, "contrast_weight": 0.5}, {"intent", "contrast"}),
        ({"head": "frozen", "contrast_weight": 0.5}, {"intent"}),
        ({"head": "knn"}, {"contrast", "masked"}),
        ({"head": "knn", "mlm_weight": 0.0, "vector": "mean", "contrast": "hard"}, {"contrast"}),
    ],
)
def test_the_terms_are_those_with_a_coefficient(make_task, fields, terms):
    task = make_task(**fields)
    assert set(terms_of(task, RECORDS)) == terms == set(task.coefficients)


def test_the_contrast_beside_the_cross_entropy_is_that_of_equal_labels(make_task):
    """Supervised contrast (Khosla et al., NeurIPS 2020, equation 2), with two equal views since nothing is dropped."""
    task = make_task(contrast_weight=0.5, contrast="hard", mlm_weight=0.0, head_dropout=0.0)
    task.module = task.module.clone(config=dataclasses.replace(task.module.config, dropout=0.0))
    records = [*RECORDS, IntentRecord("4", "time", "never seen")]
    batch = task.collate([task.example(record) for record in records], 4, None)
    params = nn.meta.unbox(task.init(jax.random.key(0), batch))
    partial = task.forward(params, batch, {name: jax.random.key(n) for n, name in enumerate(KEY_PURPOSES)})
    found = task.finish(partial.terms, jax.tree.map(lambda array: array[None], partial.features))["contrast"]
    vectors = np.asarray(task.infer(params, batch)["vector"], np.float64)[:3]  # the last has no class
    z = np.tile(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), (2, 1))
    labels, losses = np.tile([1, 1, 0], 2), []
    for i in range(6):
        others = [k for k in range(6) if k != i]
        scores = {k: z[i] @ z[k] / task.config.temperature for k in others}
        normaliser = np.logaddexp.reduce(list(scores.values()))
        losses.append(np.mean([normaliser - scores[k] for k in others if labels[k] == labels[i]]))
    np.testing.assert_allclose(found.mean(), np.mean(losses), rtol=1e-4)


def test_labels_and_weights_of_a_batch(make_task):
    task = make_task(balance=True)
    assert task.classes == ["ask", "book", "oos"]
    unseen = IntentRecord("9", "time", "never seen")
    batch = task.collate([task.example(record) for record in [*RECORDS, unseen]], 8, None)
    assert batch.examples["label"].tolist() == [1, 1, 0, UNKNOWN] + [UNKNOWN] * 4
    # 4 utterances, 3 classes: 4 / (3 * 2) for the class of two, 4 / 3 for a class of one.
    np.testing.assert_allclose(batch.examples["weight"], [2 / 3, 2 / 3, 4 / 3, 0, 0, 0, 0, 0], rtol=1e-6)
    assert not batch.rows["masked_weights"].any()  # nothing is masked in prediction


def test_a_threshold_leaves_out_of_scope_out_of_the_classes(make_task):
    task = make_task(out_of_scope="threshold", head="knn")
    assert task.classes == ["ask", "book"]
    decided = task.decide([{"label": "ask", "score": 0.4}, {"label": "book", "score": 0.6}], {"threshold": 0.5})
    assert decided == [{"label": "oos", "score": 0.4, "nearest": "ask"}, {"label": "book", "score": 0.6}]


@pytest.mark.parametrize(
    ("fields", "way", "classes"),
    [
        ({}, "distance", 3),  # training has the label
        ({"out_of_scope_label": "none of these"}, "class", 3),
        ({"head": "knn"}, "class", 3),
        ({"out_of_scope": "distance", "out_of_scope_label": "none of these"}, "distance", 3),
        ({"out_of_scope": "threshold"}, "threshold", 2),
    ],
)
def test_the_way_to_find_what_is_out_of_scope(make_task, fields, way, classes):
    task = make_task(**fields)
    assert (task.decision.way, len(task.classes)) == (way, classes)
    assert task.needs_support == (way == "distance" or "head" in fields)


def test_the_distance_is_to_training_utterances_in_scope(make_task):
    task = make_task()
    records = [*RECORDS, IntentRecord("3", "none", "oos"), IntentRecord("4", "two")]
    vectors = np.diag([2.0, 3.0, 4.0, 5.0, 6.0]).astype(np.float32)
    support = task.support({"vector": vectors}, [task.example(record) for record in records])
    np.testing.assert_array_equal(support["vectors"], np.eye(5)[:3])
    with pytest.raises(UserError, match=r"task.out_of_scope: 'distance' needs probabilities"):
        IntentConfig(head="knn", out_of_scope="distance")


def test_masked_places_hold_what_was_there(make_task):
    task = make_task()
    long = IntentRecord("8", "table time people north hotel area two seven none for", "book")
    batch = task.collate([task.example(long)] * 4, 4, np.random.default_rng(1))
    rows = batch.rows
    assert rows["masked_weights"].sum() > 0
    for r, c in np.argwhere(rows["masked_weights"] > 0):
        assert rows["masked_targets"][r, c] == batch.context.ids[r, rows["masked_positions"][r, c]]
    changed = np.argwhere(rows["masked_ids"] != batch.context.ids)
    assert {(r, c) for r, c in changed.tolist()} <= {
        (r, int(rows["masked_positions"][r, m])) for r, m in np.argwhere(rows["masked_weights"] > 0).tolist()
    }


def test_intents_of_a_domain_are_a_third_alike():
    soft = label_similarity(["pay", "lose", "pay2"], ["bank", "bank", "shop"], soft=True)
    np.testing.assert_allclose(soft, [[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 1]], rtol=1e-6)
    np.testing.assert_array_equal(label_similarity(["a", "b"], ["x", "x"], soft=False), np.eye(2))


def test_rows_of_files():
    config = IntentConfig(text_field="utterance", label_field="category")
    assert from_row(config, {"utterance": "hi", "category": " greet "}, "f:2", 1) == IntentRecord("1", "hi", "greet")
    assert from_row(config, {"utterance": "hi", "id": 7}, "f:2", 1) == IntentRecord("7", "hi")
    with pytest.raises(UserError, match="f:2: field utterance: expected an utterance, found the fields text"):
        from_row(config, {"text": "hi"}, "f:2", 1)
    with pytest.raises(UserError, match="field category: expected the name of an intent, found 3"):
        from_row(config, {"utterance": "hi", "category": 3}, "f:2", 1)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("card_arrival", "card arrival"),
        ("Refund-not_showing/up?", "Refund not showing up"),
        ("BookRestaurant", "Book Restaurant"),
        ("über_uns", "über uns"),
        ("42", None),
        ("_", None),
    ],
)
def test_the_name_of_an_intent_is_an_utterance_of_it(name, words):
    named = from_label(name, "bank")
    assert (named and (named.text, named.label, named.domain)) == (words and (words, name, "bank"))


def test_names_are_trained_on_but_for_that_of_what_is_out_of_scope(make_task):
    assert [one.label for one in make_task().training_examples(RECORDS)] == [1, 1, 0, 0, 1]
    assert len(make_task(label_words=False).training_examples(RECORDS)) == 3
    assert make_task().example(IntentRecord("9", "time")).label == UNLABELLED


@pytest.mark.parametrize("head_start", ["regression", "means"])
def test_a_fitted_head_knows_its_utterances_before_the_first_step(make_task, head_start):
    task = make_task(head_start=head_start)
    examples = [task.example(record) for record in RECORDS]
    vectors = np.eye(3, task.model.hidden, dtype=np.float32) + 4.0
    head = {"kernel": jax.numpy.zeros((task.model.hidden, 3)), "bias": jax.numpy.zeros(3)}
    found = task.initialise_head({"head": head, "other": 1}, lambda: {"vector": vectors}, examples)
    logits = vectors @ np.asarray(found["head"]["kernel"]) + np.asarray(found["head"]["bias"])
    assert (logits.argmax(axis=1).tolist(), found["other"]) == ([1, 1, 0], 1)


def test_a_frozen_head_cannot_be_random():
    with pytest.raises(UserError, match=r"task\.head_start"):
        IntentConfig(head="frozen", head_start="random")


def test_turns_and_lines_without_a_label_are_read_where_self_training_uses_them(tmp_path):
    turns = (
        Turn(USER, "book it", frames=(Frame("bank", "book"),)),
        Turn(SYSTEM, "done"),
        Turn(USER, "thanks"),
        Turn(USER, " "),
    )
    write_jsonl(tmp_path / "train.jsonl", [Dialogue("d", turns), Dialogue("e", (Turn(USER, "bye", frames=()),))])
    (tmp_path / "more.csv").write_text("text,label\nhello,greet\nso what,\n", encoding="utf-8")
    source = DataSource("jsonl", str(tmp_path), unlabelled=str(tmp_path / "more.csv"))
    found = IntentTask.read_unlabelled(IntentConfig(self_training=0.2), source, RECORDS[:1])
    assert [(one.text, one.label) for one in found] == [(t, None) for t in ("table", "thanks", "hello", "so what")]
    assert IntentTask.read_unlabelled(IntentConfig(), DataSource("jsonl", str(tmp_path)), RECORDS) == []


@pytest.mark.parametrize("kind", [IntentTask, SlotsTask])
def test_a_file_that_would_not_be_read_is_refused(kind):
    with pytest.raises(UserError, match=r"config field data\.unlabelled: "):
        kind.read_unlabelled(IntentConfig(), DataSource(unlabelled="logs.csv"), [])


@pytest.mark.parametrize(("head", "counts", "said"), [("linear", [5, 20], 1), ("linear", [20], 0), ("frozen", [1], 0)])
def test_with_few_utterances_a_frozen_head_is_named(head, counts, said):
    remarks = IntentTask.remarks(IntentConfig(head=head), {"counts": counts})
    assert [one for one in remarks if one.startswith("12 training") and "task.head=frozen" in one] == remarks
    assert len(remarks) == said
