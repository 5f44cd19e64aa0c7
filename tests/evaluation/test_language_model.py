import math

import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.evaluation import perplexity
from space_jax.losses import token_cross_entropy


def test_by_hand():
    assert perplexity(0.0, 5.0) == 1
    assert perplexity(3 * math.log(7), 3) == pytest.approx(7)


def test_a_model_that_knows_nothing_has_the_size_of_its_vocabulary():
    loss = token_cross_entropy(jnp.zeros((4, 11)), np.zeros(4, np.int32), np.ones(4, bool))
    assert perplexity(loss.total, loss.weight) == pytest.approx(11, rel=1e-5)


def test_limits():
    assert perplexity(1e6, 1.0) == math.inf
    assert math.isnan(perplexity(0.0, 0.0))
