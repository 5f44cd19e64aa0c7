"""The whole way of an utterance through slot filling, on a model that learns three sentences by heart."""

import jax
import numpy as np
import optax
import pytest

from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from space_jax.models.recipe import total_loss
from space_jax.tasks.slots.config import SlotsConfig
from space_jax.tasks.slots.records import SlotRecord, of_dialogue, of_row
from space_jax.tasks.slots.task import SlotsTask

RECORDS = [
    SlotRecord("a", "table for two at 7", ("time",), (("people", 10, 13), ("time", 17, 18)), ("book", "ask")),
    SlotRecord("b", "seven people", (), (("people", 0, 5),), ("book",)),
    SlotRecord("c", "at the hotel", (), (), ()),
    SlotRecord("d", "now", (), (("time", 0, 3), ("date", 0, 3)), ("ask",)),
]
CONFIG = SlotsConfig(max_tokens=20, head_dropout=0.0)


@pytest.fixture(scope="module")
def task(tokenizer, tiny_model):
    return SlotsTask(CONFIG, SlotsTask.make_labels(CONFIG, RECORDS), tokenizer, tiny_model, None)


@pytest.fixture(scope="module")
def learnt(task):
    examples = [task.example(record) for record in RECORDS]
    batch = task.collate(examples, 6, None)
    params = jax.jit(task.init)(jax.random.key(0), batch)
    params = jax.tree.map(lambda leaf: leaf.value if hasattr(leaf, "value") else leaf, params, is_leaf=_boxed)
    optimiser = optax.adam(1e-2)

    def loss(params):
        return total_loss(task.forward(params, batch, {}).terms, task.coefficients)

    @jax.jit
    def learn(params):
        def step(carry, _):
            value, gradient = jax.value_and_grad(loss)(carry[0])
            updates, state = optimiser.update(gradient, carry[1])
            return (optax.apply_updates(carry[0], updates), state), value

        (params, _), values = jax.lax.scan(step, (params, optimiser.init(params)), None, 150)
        return params, values

    params, values = learn(params)
    infer = jax.jit(task.infer)

    def answer(records):
        examples = [task.example(record) for record in records]
        outputs = infer(params, task.collate(examples, 6, None))
        return task.predictions(
            {name: np.asarray(array)[: len(records)] for name, array in outputs.items()}, examples, {}
        )

    return np.asarray(values), answer


def _boxed(leaf):
    return hasattr(leaf, "unbox")


def test_it_learns(task, learnt):
    values, answer = learnt
    assert values[-1] < 0.05 * values[0]
    predictions = answer(RECORDS)
    score = task.score(RECORDS, predictions)
    assert score["macro_f1"] == score["exact"] == score["intent_f1"] == 1.0
    assert [span["slot"] for span in predictions[3]["spans"]] == ["date", "time"]
    assert all(0 < span["score"] <= 1 for prediction in predictions for span in prediction["spans"])


def test_any_text_has_an_answer_with_exact_places(learnt):
    texts = ["", " \u0007", "table " * 2000, "🚇 🚇", "столик на двоих", "[CLS] <sos_u>"]
    for text, prediction in zip(texts, learnt[1]([SlotRecord(text, text) for text in texts]), strict=True):
        for span in prediction["spans"]:
            assert span["text"] == text[span["start"] : span["end"]] != ""
        assert prediction.get("cut_to_tokens") == (CONFIG.max_tokens if len(text) > 1000 else None)


def test_what_is_not_annotated_is_not_scored(task):
    known = SlotRecord("a", "at 7", (), (("time", 3, 4),))
    unknown = SlotRecord("b", "at 7")
    right = {"spans": [{"slot": "time", "start": 3, "end": 4}], "intents": [{"intent": "ask"}]}
    score = task.score([known, unknown], [right, right])
    assert (score["macro_f1"], score["exact"], score["intent_f1"]) == (1.0, 1.0, 0.0)


def test_the_page_of_errors(task):
    wrong = {"spans": [{"slot": "date", "start": 0, "end": 2}], "intents": []}
    page = task.error_page([SlotRecord("a", "at 7", (), (("time", 3, 4),))], [wrong], "errors")
    assert "time [7]" in page
    assert "date [at]" in page


def test_labels(task):
    assert task.labels == {"slots": {"date": 1, "people": 2, "time": 2}, "intents": {"ask": 2, "book": 2}}
    with pytest.raises(UserError, match="spans"):
        SlotsTask.make_labels(CONFIG, [SlotRecord("c", "at", (), ())])


def test_what_was_asked_for_is_read(task):
    without = task.example(SlotRecord("a", "at 7"))
    asked = task.example(SlotRecord("a", "at 7", ("time",)))
    assert len(asked.encoded) == len(without.encoded) + 2


def test_a_slot_that_training_lacks_counts_as_missed(task):
    record = SlotRecord("x", "blue", (), (("colour", 0, 4),), ())
    assert task.example(record).tags.sum() == 0
    assert task.score([record], [{"spans": [], "intents": []}])["macro_f1"] == 0.0


def test_records_of_a_dialogue():
    asked = Turn("system", "", (Frame("restaurant", "request", (Slot("time"), Slot("date"))),), ("request",))
    said = (Frame("restaurant", "default_intent", (Slot("time", (Value(" 7", 2, 4), Value("19:00"))),)),)
    (record,) = of_dialogue(Dialogue("r-1", (asked, Turn("user", "at 7", said))))
    assert record == SlotRecord("r-1", "at 7", ("time", "date"), (("time", 3, 4),), ())


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"text": 3}, "field text"),
        ({"text": "at 7", "spans": [{"slot": "time", "start": 3, "end": 9}]}, "within 4 characters"),
        ({"text": "at 7", "spans": [{"slot": "time", "start": 2, "end": 3}]}, "field spans"),
        ({"text": "at 7", "spans": "time"}, "field spans"),
        ({"text": "at 7", "requested": "time"}, "field requested"),
    ],
)
def test_rows_that_cannot_be_used(row, problem):
    with pytest.raises(UserError, match=f"f:3.*{problem}"):
        of_row(row, "text", "f:3", 3)
