"""An agent that may copy words: packing changes nothing, and copying is learnt from all that is written."""

import dataclasses

import jax
import numpy as np
import pytest

from space_jax.models.recipe import total_loss
from space_jax.tasks.dialogue.task import DialogueTask
from space_jax.training.sharding import unbox
from tests.tasks.dialogue.test_task import PLACES, RECORDS, padded


@pytest.fixture(scope="module")
def copying(task):
    config = dataclasses.replace(task.config, copying=True)
    return DialogueTask(config, task.labels, task.tokenizer, task.model, task.recipe)


@pytest.fixture(scope="module")
def learning(copying):
    """Parameters, and loss, terms and gradients of records."""

    def batch(records):
        return padded(copying.collate([copying.example(one) for one in records], PLACES, None))

    def loss(params, batch):
        terms = copying.forward(params, batch, {}).terms
        return total_loss(terms, copying.coefficients), terms

    params = unbox(jax.jit(copying.init)(jax.random.key(0), batch(RECORDS)))
    run = jax.jit(jax.value_and_grad(loss, has_aux=True))
    return lambda records: run(params, batch(records))


def test_packed_records_are_learnt_as_if_alone(learning):
    (_, together), _ = learning(RECORDS)
    alone = [learning([one])[0][1] for one in RECORDS]
    for part in ("state", "acts", "response"):
        np.testing.assert_allclose(together[part].total, sum(terms[part].total for terms in alone), rtol=1e-4)


def test_gate_and_pointer_learn(learning):
    _, gradients = learning(RECORDS)
    assert all(np.abs(leaf).max() > 0 for leaf in jax.tree.leaves(gradients["copy_head"]))
