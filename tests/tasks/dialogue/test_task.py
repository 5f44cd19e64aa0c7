"""The task on a tiny model: packing changes nothing, and losses fall on what is to be written only."""

import copy
import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.dialogue.record import SYSTEM, USER
from space_jax.errors import UserError
from space_jax.losses.sums import Sum
from space_jax.models.recipe import total_loss
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.tasks.dialogue.records import ContextTurn, DialogueRecord, SystemTurn
from space_jax.tasks.dialogue.sequence import PARTS
from space_jax.tasks.dialogue.task import DialogueTask

PLACES = 4


def record(number, words, state, acts, response, act_names=("inform",)):
    plan = None if acts is None else tuple(PlannedAct("hotel", act) for act in acts)
    return DialogueRecord(
        f"r{number}", (ContextTurn(USER, words),), SystemTurn(state, ("[db_1]",), plan, response), act_names
    )


RECORDS = [
    record(0, "a hotel in the north", {"hotel": {"area": ("north",)}}, ("propose",), "good hotel"),
    record(1, "cheap", {"hotel": {"price": ("cheap",)}}, ("inform", "request"), "[hotel_name] is good ."),
    record(2, "bye", None, None, "bye !", None),
]


def test_a_state_in_which_a_value_changes_weighs_more(task, params):
    """A token's weight falls on the loss of foretelling it, and on no other part."""
    context = (
        *RECORDS[0].context,
        ContextTurn(SYSTEM, "?", {"hotel": {"area": ("south",)}}),
        ContextTurn(USER, "north"),
    )
    changed = dataclasses.replace(RECORDS[0], context=context)
    eager = copy.copy(task)
    eager.config = dataclasses.replace(task.config, change_weight=3.0)
    assert [eager.example(one).state_weight for one in (changed, RECORDS[0])] == [3.0, 1.0]

    def sums(weight):
        examples = [dataclasses.replace(task.example(changed), state_weight=weight), task.example(RECORDS[1])]
        return jitted(params, padded(task.collate(examples, PLACES, None)))

    jitted = jax.jit(lambda params, batch: task.forward(params, batch, {}).terms)
    alone = jitted(params, padded(task.collate([task.example(RECORDS[1])], PLACES, None)))
    once, thrice = sums(1.0), sums(3.0)
    assert [float(term.weight) for term in (alone["state"], once["state"], thrice["state"])] == [5, 10, 20]
    steps = [float(two["state"].total - one["state"].total) for one, two in ((alone, once), (once, thrice))]
    assert steps[1] == pytest.approx(2 * steps[0], rel=1e-4)
    for part in ("acts", "response"):
        np.testing.assert_allclose(thrice[part].total, once[part].total, rtol=1e-5)


@pytest.fixture(scope="module")
def infer(task, params):
    jitted = jax.jit(task.infer)
    return lambda records: jax.device_get(
        jitted(params, padded(task.collate([task.example(one) for one in records], PLACES, None)))
    )


def padded(batch):
    """Batches of one shape, for one program."""
    return batch.grown(batch.shape._replace(rows=PLACES))


def test_packed_records_score_as_if_alone(infer):
    together = infer(RECORDS)
    for number, one in enumerate(RECORDS):
        alone = infer([one])
        for name, values in together.items():
            np.testing.assert_allclose(values[number], alone[name][0], rtol=1e-4, atol=1e-4, err_msg=name)


def test_only_what_is_written_counts(infer):
    # state: hotel area : north <eos_b>; acts: hotel propose <eos_a>; response: good hotel <eos_r>
    assert infer(RECORDS)["tokens"].tolist() == [[5, 3, 3], [5, 6, 9], [0, 0, 3], [0, 0, 0]]


def test_terms_and_gradients(task, params):
    batch = padded(task.collate([task.example(one) for one in RECORDS], PLACES, None))

    @jax.jit
    def run(params):
        def loss(params):
            terms = task.forward(params, batch, {}).terms
            return total_loss(terms, task.coefficients), terms

        return jax.value_and_grad(loss, has_aux=True)(params)

    (loss, terms), grads = run(params)
    assert set(terms) == {*PARTS, "dialog_act"}
    assert [float(terms[part].weight) for part in PARTS] == [10, 9, 15]
    assert float(terms["dialog_act"].weight) == 2
    assert np.isfinite(loss)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))


def test_the_weights_of_the_parts(task):
    config = dataclasses.replace(task.config, state_weight=3.0, act_weight=0.5)
    weighed = DialogueTask(config, task.labels, task.tokenizer, task.model, task.recipe)
    terms = {name: Sum(jnp.float32(4 * mean), jnp.float32(4)) for mean, name in enumerate((*PARTS, "dialog_act"), 1)}
    assert total_loss(terms, task.coefficients) == 1 + 2 + 3 + 4
    assert total_loss(terms, weighed.coefficients) == 3 * 1 + 2 + 3 + 0.5 * 4
    with pytest.raises(UserError, match=r"task\.state_weight: -1 is negative"):
        dataclasses.replace(task.config, state_weight=-1)


def test_scores(task):
    predictions = [
        {"tokens": 4.0, "loss": 0.0, "state_right": True, "response_right": False},
        {"tokens": 4.0, "loss": 8.0, "response_right": True},
    ]
    assert task.score(RECORDS, predictions) == pytest.approx(
        {"token_likelihood": np.exp(-1), "state_exact": 1.0, "response_exact": 0.5}
    )


def test_labels_and_the_tables_that_do_not_meet_them(task, tmp_path):
    slots = {"hotel": ["area", "name", "price"]}
    assert task.make_labels(task.config, RECORDS) == {"slots": slots, "state": True, "acts": True}
    (hotels := tmp_path / "hotels.csv").write_text("name\nIvy\n")
    config = dataclasses.replace(task.config, database=str(hotels))
    assert [one.split(" (nearest")[0] for one in task.remarks(config, {"slots": slots})] == [
        "table hotels belongs to no domain of the agent",
        "domain hotel has no table",
    ]
    assert task.remarks(task.config, {"slots": slots}) == []
    assert task.make_labels(task.config, RECORDS[2:]) == {"slots": {}, "state": False, "acts": False}


def test_more_turns_than_the_model_tells_apart_are_refused(task):
    config = dataclasses.replace(task.config, max_turns=task.model.turns)
    with pytest.raises(UserError, match=r"task\.max_turns: the model tells 16 turns apart"):
        DialogueTask(config, task.labels, task.tokenizer, task.model, "space3")
