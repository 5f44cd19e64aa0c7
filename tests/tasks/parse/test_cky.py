"""The search against all trees there are, each of them told from nonsense by `parse_tree.parse`."""

import itertools

import numpy as np
import pytest

from space_jax.dialogue.parse_tree import parse, to_text
from space_jax.errors import UserError
from space_jax.tasks.parse.cky import best_tree
from space_jax.tasks.parse.spans import kinds, tree_of

LABELS = ["IN:A", "IN:A SL:B", "SL:B", "SL:B IN:C"]


def by_kinds(scores, labels):
    n = len(scores)
    best, choice = np.full((n, n, 2, 2), -np.inf), np.zeros((n, n, 2, 2), int)
    for i, j in itertools.product(range(n), repeat=2):
        for number, label in enumerate(labels):
            if scores[i, j, number] > best[(i, j, *kinds(label))]:
                best[(i, j, *kinds(label))] = scores[i, j, number]
                choice[(i, j, *kinds(label))] = number
    return best, choice


def all_trees(n, labels):
    """The spans of every well-formed tree over n words."""
    spans = [(i, j) for i in range(n) for j in range(i + 1, n + 1)]
    for chosen in itertools.product([None, *labels], repeat=len(spans)):
        labelled = {span: label for span, label in zip(spans, chosen, strict=True) if label is not None}
        try:
            parse(to_text(tree_of(labelled, ["w"] * n)))
        except (ValueError, UserError):
            continue
        yield labelled


def total(scores, labelled, labels):
    return sum(scores[i, j - 1, labels.index(label)] for (i, j), label in labelled.items())


@pytest.fixture(scope="module")
def trees():
    return {n: list(all_trees(n, LABELS)) for n in (1, 2)} | {3: list(all_trees(3, LABELS[1:]))}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_best_of_all_trees(trees, n):
    labels = LABELS if n < 3 else LABELS[1:]
    rng = np.random.default_rng(n)
    sizes = set()
    for shift in [-1.0, 0.0, 0.5] * 12:
        scores = rng.normal(shift, 1.0, (n, n, len(labels)))
        found = best_tree(*by_kinds(scores, labels), labels)
        best = max(total(scores, labelled, labels) for labelled in trees[n])
        assert found in trees[n]
        assert total(scores, found, labels) == pytest.approx(best)
        sizes.add(len(found))
    assert len(sizes) > 1 or n == 1


def test_there_is_a_root_even_if_every_span_would_rather_have_none():
    scores = np.full((4, 4, len(LABELS)), -50.0)
    assert list(best_tree(*by_kinds(scores, LABELS), LABELS)) == [(0, 4)]


def test_whatever_the_scores_a_tree_comes_out():
    rng = np.random.default_rng(0)
    for _ in range(30):
        n = int(rng.integers(1, 12))
        scores = rng.normal(rng.normal(), 3.0, (n, n, len(LABELS)))
        tree = tree_of(best_tree(*by_kinds(scores, LABELS), LABELS), [f"w{i}" for i in range(n)])
        assert parse(to_text(tree)) == tree
