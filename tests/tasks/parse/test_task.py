"""The whole way of an utterance through parsing, on a model that learns three trees by heart."""

import jax
import numpy as np
import optax
import pytest

from space_jax.dialogue import parse_tree
from space_jax.errors import UserError
from space_jax.models.recipe import total_loss
from space_jax.tasks.parse.config import ParseConfig
from space_jax.tasks.parse.model import best_of_kinds
from space_jax.tasks.parse.records import ParseRecord, of_row, of_tree, words_of
from space_jax.tasks.parse.task import ParseTask, word_columns
from space_jax.tasks.token_offsets import locate

PARSES = {
    "the hotel at seven": "[IN:BOOK the [SL:PLACE hotel ] at [SL:TIME seven ] ]",
    "time for two": "[IN:GET [SL:OF [IN:ASK time ] ] for [SL:TO two ] ]",
    "north": "[IN:GET [SL:AREA north ] ]",
}
RECORDS = [of_tree(text, text, parse_tree.parse(tree)) for text, tree in PARSES.items()]
CONFIG = ParseConfig(max_words=6, width=8, head_dropout=0.0)


def _boxed(leaf):
    return hasattr(leaf, "unbox")


@pytest.fixture(scope="module")
def task(tokenizer, tiny_model):
    return ParseTask(CONFIG, ParseTask.make_labels(CONFIG, RECORDS), tokenizer, tiny_model, "space3")


@pytest.fixture(scope="module")
def learnt(task):
    batch = task.collate([task.example(record) for record in RECORDS], 6, None)
    params = jax.jit(task.init)(jax.random.key(0), batch)
    params = jax.tree.map(lambda leaf: leaf.value if _boxed(leaf) else leaf, params, is_leaf=_boxed)
    optimiser = optax.adam(1e-2)

    def loss(params):
        return total_loss(task.forward(params, batch, {}).terms, task.coefficients)

    @jax.jit
    def step(params, state):
        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimiser.update(gradient, state)
        return value, gradient, optax.apply_updates(params, updates), state

    # The gradient along itself against a central difference.
    gradient = step(params, optimiser.init(params))[1]
    norm = optax.tree.norm(gradient)
    moved = [jax.tree.map(lambda p, g, s=s: p + s * g / norm, params, gradient) for s in (1e-2, -1e-2)]
    ahead, behind = (step(one, optimiser.init(params))[0] for one in moved)
    np.testing.assert_allclose((ahead - behind) / 2e-2, norm, rtol=0.02)
    state, values = optimiser.init(params), []
    for _ in range(200):
        value, _, params, state = step(params, state)
        values.append(float(value))

    infer = jax.jit(task.infer)

    def answer(records):
        examples = [task.example(record) for record in records]
        outputs = infer(params, task.collate(examples, 6, None))
        return task.predictions(
            {name: np.asarray(array)[: len(records)] for name, array in outputs.items()}, examples, {}
        )

    return values, answer


def test_it_learns(task, learnt):
    values, answer = learnt
    assert values[-1] < 0.05 * values[0]
    predictions = answer(RECORDS)
    assert [one["parse"] for one in predictions] == list(PARSES.values())
    assert task.score(RECORDS, predictions) == {"exact_match": 1.0, "bracket_f1": 1.0, "validity": 1.0}


def test_the_loss_by_hand(task):
    """On a batch with one utterance of one word, the loss is the cross-entropy of one span."""
    batch = task.collate([task.example(RECORDS[2])], 2, None)
    assert batch.examples["weights"].sum() == 1.0
    assert batch.examples["labels"][0, 0, 0] == task.numbers["IN:GET SL:AREA"]
    whole = task.collate([task.example(RECORDS[0])], 2, None)
    assert whole.examples["weights"].sum() == 4 * 5 / 2
    assert (whole.examples["labels"] > 0).sum() == 3


def test_any_text_has_a_tree_over_all_its_words(learnt):
    texts = ["time " * 2000, "🚇 🚇", "столик на двоих", "\u0007 at", "-" * 500, "[CLS] <sos_u>"]
    predictions = learnt[1]([ParseRecord(text, text, words_of(text)) for text in texts])
    for text, prediction in zip(texts, predictions, strict=True):
        assert tuple(parse_tree.words(parse_tree.parse(prediction["parse"]))) == words_of(text)
        assert ("cut_to_words" in prediction) == (len(words_of(text)) > CONFIG.max_words)


def test_a_label_that_training_lacks_is_not_trained_against(task):
    record = of_row({"text": "north at", "parse": "[IN:NEW north at ]"}, "text", "f:1", 1)
    batch = task.collate([task.example(record)], 1, None)
    assert batch.examples["weights"][0, 0, 1] == 0.0
    assert batch.examples["weights"].sum() == 2.0


def test_spans_that_are_cut_off_are_left_out(task):
    record = of_row({"text": "x", "parse": "[IN:GET at at at at [SL:AREA at at at ] ]"}, "text", "f:1", 1)
    assert task.example(record).labels == ()


def test_what_is_not_annotated_is_not_scored(task):
    right, other = {"parse": PARSES["north"]}, {"parse": "[IN:GET at ]"}
    records = [RECORDS[2], ParseRecord("x", "at", ("at",))]
    assert task.score(records, [right, other])["exact_match"] == 1.0
    page = task.error_page(records, [other, other], "errors")
    assert "1 of 1 are not all right." in page
    assert "[IN:GET at ]" in page


def test_labels_need_an_intent(task):
    with pytest.raises(UserError, match="parse"):
        ParseTask.make_labels(CONFIG, [ParseRecord("a", "at", ("at",))])
    assert ParseTask.strata(RECORDS[1]) == ("IN:GET", "SL:OF", "IN:ASK", "SL:TO")


def test_best_of_kinds_against_a_loop():
    labels = ["IN:A", "SL:B", "IN:C", "IN:A SL:B"]
    scores = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)
    best, choice = (np.asarray(array) for array in best_of_kinds(scores, labels))
    odds = scores[..., 1:] - scores[..., :1]
    for place in np.ndindex(2, 3):
        assert best[place][1, 1] == max(odds[place][0], odds[place][2])
        assert choice[place][1, 1] == (2 if odds[place][2] > odds[place][0] else 0)
        assert best[place][0, 0] == odds[place][1]
        assert choice[place][1, 0] == 3
        assert best[place][0, 1] == -np.inf


@pytest.mark.parametrize(("recipe", "expected"), [("space3", [0, 1, 1]), ("space1", [0, 0, 0])])
def test_words_without_a_piece_take_one_of_their_own_example(tokenizer, recipe, expected):
    """`<sos_u> north <eos_u>` and `north [EOS]`: what stands before them in the row is another's."""
    words = ("\u0007", "north", "\u0007")
    columns = word_columns(words, locate(tokenizer, [(1, " ".join(words))], 8, 10, recipe))
    assert [column.tolist() for column in columns] == [expected, expected]
