"""Micro-batches of every real recipe add up to the big batch, however they are packed; groups of the pool."""

import collections
import dataclasses

import jax
import numpy as np
import pytest

from space_jax.config import PoolConfig
from space_jax.models.pool import Pool
from space_jax.models.recipe import total_loss
from space_jax.models.registry import make_recipe
from space_jax.training.sharding import unbox
from space_jax.training.step import accumulate
from tests.training.tiny import EXAMPLES, MODEL, RECIPES, tiny_batch, tiny_recipe
from tests.training.toy import micro

Outcome = collections.namedtuple("Outcome", "loss terms features gradients")


class Accumulated:
    """One recipe with its parameters; the outcome of each number of micro-batches is computed once."""

    def __init__(self, name):
        self.name, self.recipe, self.outcomes = name, tiny_recipe(name), {}
        self.params = unbox(jax.jit(self.recipe.init)(jax.random.key(0), micro(tiny_batch(name))))
        self.run = jax.jit(jax.value_and_grad(self._loss, has_aux=True))

    def _loss(self, params, batch):
        terms, features = accumulate(self.recipe, params, batch, lambda index: {})
        terms = self.recipe.finish(terms, features)
        return total_loss(terms, self.recipe.coefficients), (terms, features)

    def __getitem__(self, count):
        if count not in self.outcomes:
            batch = tiny_batch(self.name, count)
            assert batch.masked_and_lost()[1] == 0
            (loss, (terms, features)), gradients = jax.device_get(self.run(self.params, batch))
            self.outcomes[count] = Outcome(loss, terms, features, gradients)
        return self.outcomes[count]


WITHOUT_GROUPS = ("space1", "structbert", "yuyan", "palm", "veco", "star")
# SPACE-2 has what makes micro-batches hard, a contrast over the whole batch, and compiles faster than SPACE-3.
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("space3", *WITHOUT_GROUPS)]


@pytest.fixture(scope="module", params=["space2", *SLOW])
def accumulated(request):
    return Accumulated(request.param)


@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_micro_batches_equal_the_big_batch(accumulated, count):
    big, split = accumulated[1], accumulated[count]
    np.testing.assert_allclose(split.loss, big.loss, rtol=1e-5)
    assert split.terms.keys() == big.terms.keys()
    for name, term in big.terms.items():
        assert term.weight > 0, name
        # Exact for counts; STAR's slots that are unused count a fortieth, which no float is.
        np.testing.assert_allclose(split.terms[name].weight, term.weight, rtol=1e-6, err_msg=name)
        np.testing.assert_allclose(split.terms[name].total, term.total, rtol=1e-5, atol=1e-5, err_msg=name)

    def assert_equal(path, ours, theirs):
        # Relative to the largest gradient of the parameter: its small elements are differences of large numbers.
        worst = np.abs(ours - theirs).max() / np.abs(theirs).max()
        assert worst < 1e-5, f"{jax.tree_util.keystr(path)}: {worst}"

    jax.tree_util.tree_map_with_path(assert_equal, split.gradients, big.gradients)


_finish = jax.jit(lambda recipe, features: recipe.finish({}, features), static_argnums=0)


def contrasts(recipe, features):
    """The contrastive terms of a pool as (total, weight)."""
    terms = jax.device_get(_finish(recipe, features))
    return {name: np.array([term.total, term.weight]) for name, term in terms.items()}


def only(features, chosen):
    """The features with a pool of some examples only, as one micro-batch."""
    pools = {name: part.flattened() for name, part in features.items() if isinstance(part, Pool)}
    return {**features, **jax.tree.map(lambda array: array[chosen][None], pools)}


def test_groups_are_consecutive_examples_of_a_stream(accumulated):
    if accumulated.name in WITHOUT_GROUPS:
        pytest.skip("it has no groups of examples")
    size = 2
    config = dataclasses.replace(RECIPES[accumulated.name], pool=PoolConfig(group=size))
    grouped, whole = make_recipe(MODEL, config), accumulated.recipe
    features = accumulated[1].features
    labelled = features["user"].flattened().known
    assert labelled.shape == (EXAMPLES,)
    expected = collections.Counter()
    for stream in (np.flatnonzero(labelled), np.flatnonzero(~labelled)):
        assert len(stream) % size == 0
        for first in range(0, len(stream), size):
            for name, sums in contrasts(whole, only(features, stream[first : first + size])).items():
                expected[name] = expected[name] + sums
    ours = contrasts(grouped, features)
    assert ours.keys() == expected.keys()
    for name, sums in ours.items():
        np.testing.assert_allclose(sums, expected[name], rtol=1e-5, err_msg=name)
        assert not np.allclose(sums[0], contrasts(whole, features)[name][0], rtol=1e-3), name


def test_groups_do_not_depend_on_micro_batches(accumulated):
    if accumulated.name in WITHOUT_GROUPS:
        pytest.skip("it has no groups of examples")
    config = dataclasses.replace(RECIPES[accumulated.name], pool=PoolConfig(group=3))
    grouped = make_recipe(MODEL, config)
    big, split = (contrasts(grouped, accumulated[count].features) for count in (1, 2))
    for name, sums in big.items():
        np.testing.assert_allclose(split[name], sums, rtol=1e-5, err_msg=name)
