"""Sampling against the softmax it is to follow, and the edges of top-k and top-p."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.decoding.sampling import GREEDY, Sampling, choose, restricted
from space_jax.errors import UserError

PROBABILITIES = np.array([0.5, 0.25, 0.15, 0.1], np.float32)
LOGITS = jnp.log(PROBABILITIES)[None]
DRAWS = 4096
NOT_FINITE = [{"temperature": float("nan")}, {"temperature": float("inf")}, {"top_p": float("nan")}]


def drawn(sampling):
    """How often each token is drawn; rows are independent draws."""
    tokens = choose(jnp.repeat(LOGITS, DRAWS, axis=0), sampling, jax.random.key(0))
    return np.bincount(np.asarray(tokens), minlength=4) / DRAWS


def kept(**fields):
    return np.isfinite(np.asarray(restricted(LOGITS, Sampling(**fields))))[0].tolist()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, PROBABILITIES),
        ({"temperature": 0.5}, PROBABILITIES**2 / (PROBABILITIES**2).sum()),
        ({"top_k": 2}, np.array([2 / 3, 1 / 3, 0, 0])),
        ({"top_p": 0.7}, np.array([2 / 3, 1 / 3, 0, 0])),
        ({"top_k": 3, "top_p": 0.6}, np.array([2 / 3, 1 / 3, 0, 0])),  # of 0.9 together, the first has 0.56
    ],
)
def test_draws_follow_the_distribution(fields, expected):
    error = 4 * np.sqrt(expected * (1 - expected) / DRAWS) + 1e-9  # four standard deviations
    assert (np.abs(drawn(Sampling(**fields)) - expected) <= error).all()


def test_greedy_takes_the_likeliest_whatever_the_key():
    tokens = [int(choose(LOGITS, GREEDY, jax.random.key(seed))[0]) for seed in range(3)]
    assert tokens == [0, 0, 0]


def test_the_same_key_draws_the_same():
    one, other = (choose(jnp.repeat(LOGITS, 8, 0), Sampling(), jax.random.key(3)) for _ in range(2))
    assert one.tolist() == other.tolist()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"top_k": 1}, [True, False, False, False]),
        ({"top_k": 9}, [True] * 4),
        ({"top_p": 1e-6}, [True, False, False, False]),  # the likeliest always stays
        ({"top_p": 0.5}, [True, False, False, False]),  # reached exactly: no more
        ({"top_p": 0.51}, [True, True, False, False]),
        ({"top_p": 1.0}, [True] * 4),
    ],
)
def test_what_can_be_drawn(fields, expected):
    assert kept(**fields) == expected


def test_the_order_of_the_tokens_does_not_matter():
    order = np.array([3, 1, 0, 2])
    scores = np.asarray(restricted(LOGITS[:, order], Sampling(top_p=0.7)))[0]
    assert np.isfinite(scores).tolist() == [False, True, True, False]


def test_tokens_as_likely_as_the_last_of_top_k_stay():
    scores = np.asarray(restricted(jnp.array([[1.0, 0.0, 0.0, -1.0]]), Sampling(top_k=2)))[0]
    assert np.isfinite(scores).tolist() == [True, True, True, False]


def test_a_barred_token_is_never_drawn():
    logits = jnp.repeat(LOGITS.at[0, 0].set(-jnp.inf), 64, axis=0)
    assert 0 not in choose(logits, Sampling(top_p=0.9), jax.random.key(1)).tolist()


@pytest.mark.parametrize("fields", [{"temperature": -1.0}, {"top_k": -1}, {"top_p": 0.0}, {"top_p": 1.1}, *NOT_FINITE])
def test_wrong_settings(fields):
    with pytest.raises(UserError, match="sampling"):
        Sampling(**fields)
