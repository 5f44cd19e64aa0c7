import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.models.dropout import Dropout, dropout, random_words

GENERATORS = ("hash", "rbg", "threefry")


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_share_and_scale(rate, generator):
    x = jnp.ones((400, 250))
    y = np.asarray(dropout(jax.random.key(0), x, rate, generator))
    assert abs((y == 0).mean() - rate) < 0.005
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)
    assert abs(y.mean() - 1) < 0.02 / (1 - rate)


def test_widths_that_are_not_words():
    for width in (1, 3, 5, 7):
        y = np.asarray(dropout(jax.random.key(1), jnp.ones((2000, width)), 0.5))
        assert y.shape == (2000, width)
        assert np.all(np.abs((y == 0).mean(axis=0) - 0.5) < 0.06)  # every column, the last ones too


@pytest.mark.parametrize("generator", GENERATORS)
def test_elements_are_independent(generator):
    y = np.asarray(dropout(jax.random.key(2), jnp.ones((5000, 8)), 0.5, generator)) == 0
    correlation = np.corrcoef(y.T.astype(float)) - np.eye(8)
    assert np.abs(correlation).max() < 0.06


@pytest.mark.parametrize("generator", GENERATORS)
def test_gradient_is_the_mask(generator):
    x, key = jnp.arange(1.0, 13.0).reshape(3, 4), jax.random.key(3)
    grad = jax.grad(lambda x: dropout(key, x, 0.5, generator).sum())(x)
    np.testing.assert_allclose(grad * x, dropout(key, x, 0.5, generator), rtol=1e-6)


@pytest.mark.parametrize("generator", GENERATORS)
def test_keys_decide_the_mask(generator):
    x = jnp.ones((16, 16))
    one, again, other = (dropout(jax.random.key(seed), x, 0.5, generator) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert 0.4 < float((one == other).mean()) < 0.6


def test_the_generators_are_three():
    x = jnp.ones((16, 16))
    masks = [np.asarray(dropout(jax.random.key(0), x, 0.5, generator)) for generator in GENERATORS]
    for a, b in itertools.combinations(masks, 2):
        assert 0.35 < (a == b).mean() < 0.65


def test_infinite_elements_that_are_dropped_leave_nothing():
    y = np.asarray(dropout(jax.random.key(4), jnp.full((64, 4), jnp.inf), 0.5))
    assert set(np.unique(y)) == {0.0, np.inf}


def test_without_a_key_nothing_drops():
    x = jnp.ones((4, 4))
    np.testing.assert_array_equal(Dropout(0.5).apply({}, x), x)
    assert (np.asarray(Dropout(0.5).apply({}, x, rngs={"dropout": jax.random.key(0)})) == 0).any()


def test_rate_zero_and_dtype():
    x = jnp.ones((4, 4), jnp.bfloat16)
    assert dropout(jax.random.key(0), x, 0.0) is x
    assert dropout(jax.random.key(0), x, 0.3).dtype == jnp.bfloat16


def test_words_are_uniform_and_keys_unrelated():
    """Each bit is fair, neighbouring positions and neighbouring keys agree in half of their bits."""
    words = np.asarray(random_words(jax.random.key(0), (256, 256)))
    bits = np.unpackbits(words.view(np.uint8)).reshape(-1, 32).mean(axis=0)
    assert np.abs(bits - 0.5).max() < 0.01

    def agreement(a, b):
        return 1 - np.unpackbits((a ^ b).view(np.uint8)).mean()

    folded = np.asarray(random_words(jax.random.fold_in(jax.random.key(0), 1), (256, 256)))
    assert abs(agreement(words, folded) - 0.5) < 0.005
    assert abs(agreement(words, np.roll(words, 1, axis=0)) - 0.5) < 0.005
    assert abs(agreement(words, np.roll(words, 1, axis=1)) - 0.5) < 0.005


def test_words_of_many_keys_are_unrelated_at_one_position():
    keys = jax.random.split(jax.random.key(1), 4096)
    words = np.asarray(jax.vmap(lambda key: random_words(key, (4,)))(keys))
    draws = words.view(np.uint8).reshape(4096, -1) < 51
    assert np.abs(draws.mean(axis=0) - 51 / 256).max() < 0.03
    assert np.abs(np.corrcoef(draws.T.astype(float)) - np.eye(16)).max() < 0.07
