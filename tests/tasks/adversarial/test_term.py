"""The adversarial term of every task that classifies: limits, gradients, packing."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.errors import UserError
from space_jax.losses import Sum, divergence_by_classes
from space_jax.models.recipe import total_loss
from space_jax.tasks.adversarial.config import AdversarialConfig
from space_jax.tasks.adversarial.term import Scored, adversarial_terms, noisy
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.registry import task_class
from space_jax.training.random_keys import step_keys
from space_jax.training.sharding import unbox
from tests.tasks.test_every_task import TASKS

LARGE = AdversarialConfig(weight=1.0, sigma=0.02, step=0.05, bound=0.06)
KEYS = step_keys(0, 0, 0)


def made(name, tokenizer, model, adversarial):
    config, record = TASKS[name]
    kind = task_class(name)
    config = dataclasses.replace(config, adversarial=adversarial)
    records = [record, dataclasses.replace(record, label="another")] if name == "intent" else [record]  # two classes
    task = kind(config, kind.make_labels(config, records), tokenizer, model, "space2")
    batch = task.collate([task.example(record)], 2, np.random.default_rng(0))
    return task, batch, unbox(jax.jit(task.init)(jax.random.key(0), batch))


@pytest.mark.parametrize(
    "name", ["intent", *(pytest.param(n, marks=pytest.mark.slow) for n in ("slots", "parse", "reading", "track"))]
)
def test_every_task_has_the_term(tokenizer, tiny_model, name):
    task, batch, params = made(name, tokenizer, tiny_model, LARGE)
    run = jax.jit(jax.value_and_grad(lambda p, keys: _only_adversarial(task, p, batch, keys)))
    value, gradient = run(params, KEYS)
    assert value > 0
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
    assert np.abs(gradient["backbone"]["layers"]["inner"]["kernel"]).max() > 0
    assert jax.jit(lambda p: _only_adversarial(task, p, batch, {}))(params) == 0  # no noise, no gradient, no step


def _only_adversarial(task, params, batch, keys):
    terms = task.forward(params, batch, keys).terms
    assert set(terms) == set(task.coefficients) - {"contrast"}
    return total_loss({n: t for n, t in terms.items() if n.startswith("adversarial/")}, task.coefficients)


def test_without_a_weight_there_is_no_term(tokenizer, tiny_model):
    task, batch, params = made("slots", tokenizer, tiny_model, AdversarialConfig())
    assert not any(name.startswith("adversarial") for name in task.coefficients)
    assert set(task.forward(params, batch, {}).terms) == {"tags", "intents"}


@pytest.mark.parametrize("head", ["knn", "frozen"])
def test_a_head_without_predictions_in_training_is_refused(head):
    with pytest.raises(UserError, match=r"task\.adversarial\.weight: says how predictions change"):
        IntentConfig(head=head, adversarial=LARGE)
    with pytest.raises(UserError, match=r"task\.adversarial\.sigma: -1\.0 is negative"):
        AdversarialConfig(sigma=-1.0)


# A linear model of the noise, for which everything is known.
WEIGHTS = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
SEGMENTS = np.array([[1, 1, 2], [1, 0, 0]])
WORDS = np.random.default_rng(1).normal(size=(2, 3, 3)).astype(np.float32)


def linear(params, noise):
    there = (SEGMENTS > 0)[..., None]
    return {"words": Scored((WORDS * params["scale"] + noise * there) @ WEIGHTS, SEGMENTS > 0)}


def term(config, params, keys=KEYS):
    clean = linear(params, jnp.zeros_like(WORDS))
    return adversarial_terms(config, linear, params, clean, jnp.asarray(SEGMENTS), 3, keys)["adversarial/words"].mean()


def test_the_step_goes_uphill():
    """Against random steps of the same length: one uphill changes predictions more."""
    params = {"scale": jnp.ones(())}
    noise_alone = term(dataclasses.replace(LARGE, step=0.0), params)
    assert term(LARGE, params) > noise_alone > 0
    assert term(dataclasses.replace(LARGE, sigma=0.0, step=0.0), params) == 0


def test_the_gradient_flows_through_the_last_two_passes_only():
    """Against differences with the step held: where it goes to is no part of what is differentiated."""
    params = {"scale": jnp.ones(())}
    seen = []

    def remembering(params, noise):
        seen.append(noise)
        return linear(params, noise)

    clean = linear(params, jnp.zeros_like(WORDS))
    adversarial_terms(LARGE, remembering, params, clean, jnp.asarray(SEGMENTS), 3, KEYS)
    moved = jax.lax.stop_gradient(seen[-1])

    def held(scale):
        ours, theirs = (
            linear({"scale": scale}, jnp.zeros_like(WORDS))["words"],
            linear({"scale": scale}, moved)["words"],
        )
        return Sum.of(divergence_by_classes(ours.logits, theirs.logits), ours.weights).mean()

    gradient = jax.grad(lambda scale: term(LARGE, {"scale": scale}))(jnp.ones(()))
    np.testing.assert_allclose(gradient, jax.grad(held)(jnp.ones(())), rtol=1e-5)


def test_noise_reaches_the_words_of_the_context(tokenizer, tiny_model):
    task, batch, params = made("slots", tokenizer, tiny_model, LARGE)
    none = jnp.zeros((*batch.context.ids.shape, tiny_model.hidden))
    plain, still = task.net.apply({"params": params}, batch), task.net.apply(noisy(params, none), batch)
    np.testing.assert_array_equal(plain[0], still[0])
    moved = task.net.apply(noisy(params, none.at[0, 1, 0].set(0.5)), batch)
    assert np.abs(np.asarray(moved[0] - plain[0])).max() > 1e-4
