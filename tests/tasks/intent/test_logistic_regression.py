"""The fitted head: against scikit-learn, its own optimality conditions and invariances; and a run of it."""

import dataclasses

import jax
import numpy as np
import pytest
import scipy.special

from space_jax.tasks.finetune import finetune
from space_jax.tasks.intent.logistic_regression import logistic_regression, one_hot
from space_jax.tasks.predictor import Predictor
from tests.tasks.intent.conftest import config_of

RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 3
VECTORS = (np.eye(3, 5)[LABELS] * 2 + RNG.normal(size=(60, 5)) + 4.0).astype(np.float32)

TARGETS = one_hot(LABELS, 3)

ONES, WEIGHTS = np.ones(60, np.float32), np.where(LABELS == 1, 4.0, 0.5).astype(np.float32)


def logits(head, vectors):
    return vectors @ head["kernel"] + head["bias"]


def standardised(vectors):
    centred = vectors - vectors.mean(axis=0)
    return centred / np.mean([np.linalg.norm(one) for one in centred])


@pytest.mark.parametrize("weights", [ONES, WEIGHTS])
@pytest.mark.parametrize("strength", [0.5, 30.0])
def test_the_gradient_of_the_objective_is_zero(strength, weights):
    head = logistic_regression(VECTORS, TARGETS, weights, strength)
    x, scale = standardised(VECTORS), np.mean([np.linalg.norm(v) for v in VECTORS - VECTORS.mean(axis=0)])
    error = weights[:, None] * (scipy.special.softmax(logits(head, VECTORS), axis=1) - np.eye(3)[LABELS])
    np.testing.assert_allclose(x.T @ error + head["kernel"] * scale / strength, 0, atol=1e-2)
    np.testing.assert_allclose(error.sum(axis=0), 0, atol=1e-2)


@pytest.mark.parametrize("weights", [ONES, WEIGHTS])
def test_the_probabilities_are_those_of_scikit_learn(weights):
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn comes with the extra minilm")
    theirs = linear_model.LogisticRegression(C=3.0, max_iter=1000, tol=1e-8)
    theirs.fit(standardised(VECTORS), LABELS, sample_weight=weights)
    ours = scipy.special.softmax(logits(logistic_regression(VECTORS, TARGETS, weights, 3.0), VECTORS), axis=1)
    np.testing.assert_allclose(ours, theirs.predict_proba(standardised(VECTORS)), atol=2e-3)


def test_shifted_and_scaled_vectors_get_the_same_logits():
    shifted = VECTORS * 7 - 100
    found = logits(logistic_regression(shifted, TARGETS, ONES, 10.0), shifted)
    expected = logits(logistic_regression(VECTORS, TARGETS, ONES, 10.0), VECTORS)
    np.testing.assert_allclose(found, expected, atol=2e-2)


def test_utterances_without_a_class_are_left_out():
    labels = np.where(np.arange(60) < 30, LABELS, -1)
    with_strangers = logistic_regression(VECTORS, one_hot(labels, 3), ONES, 10.0)
    without = logistic_regression(VECTORS[:30], TARGETS[:30], ONES[:30], 10.0)
    for name in ("kernel", "bias"):
        np.testing.assert_array_equal(with_strangers[name], without[name])


@pytest.mark.parametrize("vectors", [np.zeros((0, 5), np.float32), np.ones((4, 5), np.float32)])
def test_without_anything_to_tell_classes_apart_the_head_is_finite(vectors):
    head = logistic_regression(vectors, one_hot(np.arange(len(vectors)) % 2, 3), np.ones(len(vectors)), 10.0)
    assert head["kernel"].shape == (5, 3)
    assert all(np.isfinite(array).all() for array in head.values())


def test_a_frozen_run_fits_the_head_and_leaves_the_encoder_as_it_was(world, tmp_path):
    config = config_of(world)
    config = dataclasses.replace(config, task=dataclasses.replace(config.task, head="frozen", head_start="regression"))
    results = finetune(config, tmp_path / "run", str(world / "bert"))
    assert results["step"] == 0  # whatever train.epochs says
    trained = Predictor(tmp_path / "run")
    records = trained.task.read_split(config.task, config.data, "train")
    examples = [trained.task.example(record) for record in records]
    vectors, labels = trained.outputs(examples)["vector"], np.array([one.label for one in examples])
    head = logistic_regression(vectors, one_hot(labels, 3), np.ones(len(labels)), config.task.strength)
    np.testing.assert_allclose(trained.params["head"]["kernel"], head["kernel"], atol=1e-3)
    untrained = dataclasses.replace(config, task=dataclasses.replace(config.task, head="knn"))
    untrained = dataclasses.replace(untrained, train=dataclasses.replace(untrained.train, epochs=0))
    finetune(untrained, tmp_path / "as_it_was", str(world / "bert"))
    before, after = Predictor(tmp_path / "as_it_was").params["backbone"], trained.params["backbone"]
    assert all(bool((a == b).all()) for a, b in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True))
