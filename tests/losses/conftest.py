"""What the tests of all losses check in the same way."""

from collections.abc import Callable

import jax
import numpy as np
import pytest
from jax.test_util import check_grads


def _finite_gradients(function: Callable, *arguments) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """The summed value of `function` and its gradient for every argument, all of them finite."""
    places = tuple(range(len(arguments)))
    value, gradients = jax.value_and_grad(lambda *a: function(*a).sum(), argnums=places)(*arguments)
    for number in (value, *gradients):
        assert np.isfinite(number).all()
    return np.asarray(value), tuple(np.asarray(gradient) for gradient in gradients)


def _assert_numerical_gradients(function: Callable, *arguments) -> None:
    """Holds the gradient of `function` against differences, in the precision that float32 differences have."""
    check_grads(function, arguments, order=1, modes=["rev"], eps=1e-2, atol=1e-2, rtol=1e-2)


@pytest.fixture(scope="session")
def finite_gradients() -> Callable:
    return _finite_gradients


@pytest.fixture(scope="session")
def assert_numerical_gradients() -> Callable:
    return _assert_numerical_gradients


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
