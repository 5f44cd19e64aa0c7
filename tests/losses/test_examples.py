"""Every public loss has a docstring example, and every example is true."""

import doctest
import importlib
import pkgutil

import pytest

from space_jax import losses

MODULES = [f"space_jax.losses.{module.name}" for module in pkgutil.iter_modules(losses.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    failures, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failures == 0


@pytest.mark.parametrize("name", losses.__all__)
def test_every_public_loss_has_an_example(name):
    assert ">>>" in getattr(losses, name).__doc__


def test_the_examples_of_jitted_functions_are_found():
    module = importlib.import_module("space_jax.losses.contrast")
    names = {test.name.rpartition(".")[2] for test in doctest.DocTestFinder().find(module) if test.examples}
    assert names == {"l2_normalise", "weighted_contrast", "multi_view_contrast"}
