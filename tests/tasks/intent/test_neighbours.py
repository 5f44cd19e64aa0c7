"""Nearest neighbours: the vote by hand and against loops, and a run of it without training."""

import dataclasses
import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from space_jax.tasks.finetune import Subset, finetune
from space_jax.tasks.intent.neighbours import vote
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.shots import select
from tests.tasks.intent.conftest import config_of


def test_three_neighbours_by_hand():
    bank = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], np.float32)
    votes, likeness = vote(np.array([[1, 0]], np.float32), bank, np.array([0, 1, 1, 2]), 4, 3)
    np.testing.assert_allclose(votes, [[1.0, 1.4, 0, 0]], rtol=1e-6)
    np.testing.assert_allclose(likeness, [[1.0, 0.8, 0.0, -1.0]], rtol=1e-6)


@given(st.integers(0, 2**16), st.integers(1, 5), st.integers(1, 12))
def test_the_vote_is_that_of_loops(seed, neighbours, size):
    rng = np.random.default_rng(seed)
    queries, bank = rng.normal(size=(3, 4)).astype(np.float32), rng.normal(size=(size, 4)).astype(np.float32)
    labels = rng.integers(0, 3, size)
    votes, likeness = vote(queries, bank, labels, 3, neighbours)
    for b, query in enumerate(queries):
        cosines = [float(query @ one) for one in bank]
        nearest = sorted(range(size), key=lambda n: -cosines[n])[:neighbours]
        for label in range(3):
            np.testing.assert_allclose(
                votes[b, label], sum(cosines[n] for n in nearest if labels[n] == label), atol=1e-5
            )
            of_label = [cosines[n] for n in range(size) if labels[n] == label]
            np.testing.assert_allclose(likeness[b, label], max(of_label, default=-1.0), atol=1e-5)


def test_a_run_without_training_predicts_by_the_nearest_utterance(world, tmp_path):
    config = config_of(world, epochs=0)
    config = dataclasses.replace(config, task=dataclasses.replace(config.task, head="knn", mlm_weight=0.0))
    results = finetune(config, tmp_path / "run", str(world / "bert"), Subset("2", 1))
    assert (results["step"], results["training_records"]) == (0, 6)
    published = tmp_path / "run" / "shots.json"
    said = json.loads(published.read_text())
    assert (said["shots"], said["seed"], len(said["ids"])) == ("2", 1, 6)
    trained = Predictor(tmp_path / "run")
    assert trained.support["vectors"].shape == (6, 8)
    train = select(type(trained.task).read_split(config.task, config.data, "train"), published)
    predictions = trained.predict_records(train)
    # Every training utterance is its own nearest neighbour.
    assert [p["label"] for p in predictions] == [record.label for record in train]
    np.testing.assert_allclose([p["score"] for p in predictions], 1.0, atol=1e-5)
