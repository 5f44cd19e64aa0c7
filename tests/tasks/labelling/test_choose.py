"""Typical utterances stand for the large groups that have no label; unsure ones differ from one another."""

import numpy as np
import pytest

from space_jax.tasks.labelling.choose import clusters, spread, typical, unsure


def groups(*sizes, width=6, noise=0.05):
    """Vectors of length 1 around as many axes, and the group of each."""
    draw = np.random.default_rng(0)
    group = np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.eye(width)[group] + noise * draw.normal(size=(len(group), width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), group


NONE = np.zeros(0, int)


def test_every_group_is_asked_once_the_largest_first():
    vectors, group = groups(30, 10, 20)
    chosen = typical(vectors, NONE, np.arange(60), 3, seed=0)
    assert [group[index] for index in chosen] == [0, 2, 1]


def test_the_most_typical_member_is_nearest_to_the_others():
    vectors, _ = groups(25, noise=0.2)
    likeness = np.sort(vectors @ vectors.T, axis=1)[:, -21:-1].mean(axis=1)
    assert typical(vectors, NONE, np.arange(25), 1, seed=3) == [int(likeness.argmax())]


def test_groups_with_a_label_come_after_those_without():
    vectors, group = groups(40, 10, 10)
    labelled = np.array([0, 45])
    candidates = np.setdiff1d(np.arange(60), labelled)
    first = typical(vectors, labelled, candidates, 1, seed=0)
    assert [group[index] for index in first] == [2]


@pytest.mark.parametrize("n", [1, 7, 12, 50])
def test_each_is_chosen_once_and_none_that_is_labelled(n):
    vectors, _ = groups(5, 9)
    labelled = np.array([1, 8])
    candidates = np.setdiff1d(np.arange(14), labelled)
    for chosen in (
        typical(vectors, labelled, candidates, n, seed=1),
        unsure(vectors, np.linspace(0, 1, 12), labelled, candidates, n, seed=1),
    ):
        assert len(chosen) == len(set(chosen)) == min(n, 12)
        assert set(chosen) <= set(candidates.tolist())


def test_nothing_to_choose_among():
    vectors, _ = groups(3)
    assert typical(vectors, np.arange(3), NONE, 5, seed=0) == []
    assert unsure(vectors, np.zeros(0), np.arange(3), NONE, 5, seed=0) == []


def test_equal_vectors_are_no_hindrance():
    vectors = np.tile(np.array([[1, 0]], np.float32), (9, 1))
    assert len(set(typical(vectors, NONE, np.arange(9), 4, seed=0))) == 4
    assert len(set(spread(vectors, 9, seed=0))) == 9


def test_the_least_sure_quarter_is_chosen_among_and_groups_without_a_label_come_first():
    vectors, group = groups(40, 40, 40, 40, noise=0.001)
    margins = np.where(np.arange(160) % 4 == 0, 0.1, 0.9)  # ten of each group are unsure
    labelled = np.array([1, 41])
    candidates = np.setdiff1d(np.arange(160), labelled)
    chosen = unsure(vectors, margins[candidates], labelled, candidates, 2, seed=0)
    assert all(margins[index] == 0.1 for index in chosen)
    assert {group[index] for index in chosen} == {2, 3}


def test_spread_takes_one_of_each_group_before_a_second():
    vectors, group = groups(20, 20, 20, noise=0.001)
    for seed in range(5):
        assert len({group[index] for index in spread(vectors, 3, seed)}) == 3


def test_clusters_are_the_groups_and_a_seed_gives_the_same():
    vectors, group = groups(20, 5, 9)
    found = clusters(vectors, 3, seed=2)
    assert {tuple(np.unique(found[group == one])) for one in range(3)} == {(one,) for one in found[[0, 20, 25]]}
    assert np.array_equal(found, clusters(vectors, 3, seed=2))
