"""Guessed labels: against the closed form of spreading, where a linear head fails, invariances and edges; and a run."""

import dataclasses
import json

import numpy as np
import pytest

from space_jax.errors import UserError
from space_jax.tasks.finetune import Subset, finetune
from space_jax.tasks.intent import self_training
from space_jax.tasks.intent.logistic_regression import one_hot
from space_jax.tasks.intent.self_training import neighbour_graph, soft_labels, spread_labels
from space_jax.tasks.predictor import Predictor
from tests.tasks.intent.conftest import config_of, rows, write_jsonl

RNG = np.random.default_rng(0)
CLASSES = np.arange(40) % 2
BLOBS = (np.eye(2, 6)[CLASSES] * 3 + RNG.normal(size=(40, 6)) + 5.0).astype(np.float32)
FEW = one_hot(np.where(np.arange(40) < 4, CLASSES, -1), 2)
ONES = np.ones(40)


def rings():
    """Two rings around one centre, `[120, 2]`: no line parts them."""
    angle, inner = np.linspace(0, 2 * np.pi, 60, endpoint=False), np.arange(120) < 60
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    heights = np.where(inner, 1.0, -1.0)[:, None] * 0.4
    return np.concatenate([np.concatenate([points, 1.1 * points]), heights], axis=1).astype(np.float32), inner


def test_the_graph_joins_nearest_neighbours_both_ways():
    graph, centred = neighbour_graph(BLOBS).toarray(), BLOBS - BLOBS.mean(axis=0)
    directions = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, -np.inf)
    near = cosines >= np.sort(cosines, axis=1)[:, [-self_training._NEIGHBOURS]]
    expected = np.where(near | near.T, np.maximum(cosines, 0) ** self_training._LIKENESS_POWER, 0)
    np.testing.assert_allclose(graph, expected, atol=1e-5)


def test_blocks_of_the_similarity_matrix_change_nothing(monkeypatch):
    whole = neighbour_graph(BLOBS).toarray()
    monkeypatch.setattr(self_training, "_BLOCK", 7)
    np.testing.assert_allclose(neighbour_graph(BLOBS).toarray(), whole, atol=1e-6)


def test_spreading_approaches_its_closed_form(monkeypatch):
    monkeypatch.setattr(self_training, "_ROUNDS", 300)
    graph = neighbour_graph(BLOBS).toarray().astype(np.float64)
    root = np.sqrt(graph.sum(axis=1))
    smoothed = graph / root[:, None] / root[None, :]
    kept = self_training._KEPT
    expected = kept * np.linalg.solve(np.eye(40) - (1 - kept) * smoothed, FEW)
    np.testing.assert_allclose(spread_labels(BLOBS, FEW), expected, atol=1e-4)


def test_what_is_labelled_stays_and_the_rest_are_shares():
    filled = soft_labels(BLOBS, FEW, ONES, 30.0)
    np.testing.assert_array_equal(filled[:4], FEW[:4])
    np.testing.assert_allclose(filled.sum(axis=1), 1.0, atol=1e-5)
    assert (filled.argmax(axis=1) == CLASSES).mean() > 0.9


def test_labels_follow_neighbours_where_no_plane_could():
    vectors, inner = rings()
    targets = one_hot(np.where(np.arange(120) % 60 == 0, inner.astype(int), -1), 2)
    spread = spread_labels(vectors, targets)
    assert (spread.argmax(axis=1) == inner).all()


def test_order_place_and_scale_of_the_vectors_do_not_matter():
    filled, order = soft_labels(BLOBS, FEW, ONES, 30.0), RNG.permutation(40)
    moved = soft_labels(3 * BLOBS[order] - 7, FEW[order], ONES, 30.0)
    np.testing.assert_allclose(moved, filled[order], atol=2e-2)


@pytest.mark.parametrize("known", [0, 40])
def test_with_all_or_no_labels_nothing_is_guessed(known):
    targets = one_hot(np.where(np.arange(40) < known, CLASSES, -1), 2)
    np.testing.assert_array_equal(soft_labels(BLOBS, targets, ONES, 30.0), targets)


@pytest.mark.parametrize("vectors", [np.ones((5, 3), np.float32), np.eye(2, 3, dtype=np.float32)])
def test_equal_and_single_neighbours_give_finite_shares(vectors):
    targets = one_hot(np.where(np.arange(len(vectors)) == 0, 1, -1), 3)
    filled = soft_labels(vectors, targets, np.ones(len(vectors)), 30.0)
    np.testing.assert_allclose(filled.sum(axis=1), 1.0, atol=1e-5)


def frozen(world, **fields):
    config = config_of(world)
    return dataclasses.replace(
        config, task=dataclasses.replace(config.task, head="frozen", head_start="regression", **fields)
    )


def head_of(world, folder, records, **fields):
    """The head that a run on the first six of the utterances fits."""
    folder.mkdir()
    (folder / "six.json").write_text(json.dumps([f"u{n}" for n in range(6)]), encoding="utf-8")
    config = frozen(world, **fields)
    data = dataclasses.replace(config.data, train=write_jsonl(folder / "train.jsonl", records))
    finetune(
        dataclasses.replace(config, data=data), folder / "run", str(world / "bert"), Subset(str(folder / "six.json"))
    )
    return np.asarray(Predictor(folder / "run").params["head"]["kernel"])


def test_a_run_reads_the_texts_that_a_subset_leaves_out_and_not_their_labels(world, tmp_path):
    honest = list(rows(0, 27))
    labels = [one["label"] for one in honest]
    mislabelled = honest[:6] + [{**one, "label": label} for one, label in zip(honest[6:], labels[5:-1], strict=True)]
    found = head_of(world, tmp_path / "found", honest, self_training=0.2)
    np.testing.assert_array_equal(head_of(world, tmp_path / "same", mislabelled, self_training=0.2), found)
    assert np.abs(head_of(world, tmp_path / "without", honest) - found).max() > 1e-3


def test_a_missing_file_of_unlabelled_utterances_is_a_user_error(world, tmp_path):
    config = frozen(world, self_training=0.2)
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, unlabelled=str(tmp_path / "none.csv")))
    with pytest.raises(UserError, match=r"none\.csv"):
        finetune(config, tmp_path / "run", str(world / "bert"))
    assert not (tmp_path / "run").exists()
