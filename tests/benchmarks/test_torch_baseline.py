"""The baseline of the speed benchmark is the same step: loss terms and every gradient, with dropout at 0."""

import importlib.util
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from space_jax.convert.mapping import space_keys, to_theirs
from space_jax.features.packing import pack
from space_jax.models.recipe import total_loss
from space_jax.models.registry import make_recipe
from space_jax.models.weights import by_path, without_vocabulary_padding
from tests.models.conftest import MODEL, PACKED, make_items

pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def baseline():
    path = Path(__file__).parents[2] / "benchmarks" / "torch_baseline.py"
    spec = importlib.util.spec_from_file_location("torch_baseline", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("one_view", [pytest.param(False, marks=pytest.mark.slow), True])
def test_terms_and_gradients_are_ours(baseline, one_view, ours):
    recipe, params, batch, terms, grads = ours
    model = baseline.Space3(recipe.model.config, recipe.config, one_view).eval()
    baseline.load(model, published(params))
    loss, theirs = model.loss(baseline.streams_of(batch), recipe.coefficients)
    loss.backward()
    for name, term in terms.items():
        np.testing.assert_allclose(theirs[name].item(), term.mean(), rtol=1e-5, atol=1e-5, err_msg=name)
    of_torch = baseline.gradients(model)
    for name, gradient in published(grads).items():
        np.testing.assert_allclose(of_torch[name], gradient, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.fixture(scope="module")
def ours():
    """Our recipe with its parameters, a batch, and the terms and gradients on it."""
    from space_jax.config import Space3Config

    recipe = make_recipe(MODEL, Space3Config())
    batch = pack(make_items("space3"), PACKED)
    boxed = jax.jit(recipe.init)(jax.random.key(0), batch)
    params = jax.tree.map(lambda b: b.value, boxed, is_leaf=lambda leaf: hasattr(leaf, "names"))

    def loss(params):
        partial = recipe.forward(params, batch, {})
        terms = recipe.finish(partial.terms, jax.tree.map(lambda x: x[None], partial.features))
        return total_loss(terms, recipe.coefficients), terms

    (_, terms), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
    return recipe, params, batch, terms, grads


def published(arrays):
    return to_theirs(without_vocabulary_padding(by_path(arrays), MODEL.vocabulary.size), space_keys, MODEL.heads)
