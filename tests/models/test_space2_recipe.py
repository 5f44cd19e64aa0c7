"""SPACE-2's loss with some of a tree's views, and without subspaces."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import TREE_VIEWS, Space2Config
from space_jax.features.packing import pack
from space_jax.losses import combined_similarity, l2_normalise, weighted_contrast
from space_jax.models.pool import Pool
from space_jax.models.space2_recipe import Space2Recipe
from tests.models.conftest import MODEL, PACKED, make_items


@pytest.fixture(scope="module")
def pool():
    """Five turns, the last without a tree; only the first two have slots."""
    rng = np.random.default_rng(0)
    trees = np.zeros((5, 10, 2), np.int32)
    trees[:4, TREE_VIEWS.index("I"), 0] = trees[:4, TREE_VIEWS.index("DI"), 0] = [1, 1, 2, 2]
    trees[:4, TREE_VIEWS.index("D"), 0] = 3
    trees[:2, TREE_VIEWS.index("S"), 0] = [4, 5]
    vectors = rng.normal(size=(1, 5, 2, MODEL.hidden)).astype(np.float32)
    known = np.array([[True] * 4 + [False]])
    return Pool(jnp.ones((1, 5), bool), jnp.asarray(known), jnp.asarray(trees)[None], jnp.asarray(vectors))


def losses(pool, **fields):
    recipe = Space2Recipe(MODEL, Space2Config(subspace=8, **{"vector": "mean", **fields}))
    kernels = jnp.asarray(np.random.default_rng(1).normal(size=(1, 10, MODEL.hidden, 8)), jnp.float32)
    terms = recipe.finish({}, {"user": pool, "kernels": kernels, "biases": jnp.zeros((1, 10, 8))})
    return {name: float(term.mean()) for name, term in terms.items()}


def test_a_view_of_nothing_changes_nothing_when_it_is_left_out(pool):
    """Where nobody has anything in a view, leaving out equals not choosing it."""
    full = ("D", "I", "S", "DI")
    chosen, left_out = losses(pool, views=full, empty_views="left_out"), losses(pool, empty_views="left_out")
    assert chosen["contrast/labelled"] == pytest.approx(left_out["contrast/labelled"], rel=1e-6)
    assert losses(pool)["contrast/labelled"] != pytest.approx(left_out["contrast/labelled"], rel=1e-3)


def test_without_a_known_tree_all_chosen_views_count(pool):
    assert losses(pool, empty_views="left_out")["contrast/unlabelled"] == losses(pool)["contrast/unlabelled"]


def test_without_subspaces_the_vectors_are_contrasted_by_whole_trees(pool):
    whole = pool.flattened()
    weights = whole.weights(combined_similarity(whole.trees), None)
    groups = whole.groups(0)
    each = weighted_contrast(l2_normalise(whole.views()), weights, groups, whole.valid, 0.07)
    recipe = Space2Recipe(MODEL, Space2Config(subspace=0, vector="mean"))
    terms = recipe.finish({}, {"user": pool})
    assert float(terms["contrast/labelled"].mean()) == pytest.approx(float(each[:4].mean()), rel=1e-6)
    intents = dataclasses.replace(recipe.config, views=("I",))
    by_intent = Space2Recipe(MODEL, intents).finish({}, {"user": pool})["contrast/labelled"].mean()
    same = jnp.asarray(np.kron(np.eye(2), np.ones((2, 2))), jnp.float32)
    hard = pool.flattened().weights(jnp.pad(same, (0, 1)), None)
    expected = weighted_contrast(l2_normalise(whole.views()), hard, groups, whole.valid, 0.07)[:4].mean()
    assert float(by_intent) == pytest.approx(float(expected), rel=1e-6)


def test_a_model_without_subspaces_has_no_parameters_for_them():
    batch = pack(make_items("space2"), PACKED)
    for subspace, there in ((0, False), (8, True)):
        recipe = Space2Recipe(MODEL, Space2Config(subspace=subspace, vector="mean"))
        params = jax.eval_shape(lambda recipe=recipe: recipe.init(jax.random.key(0), batch))
        assert ("subspaces" in params) == there
