"""Learning rates by depth, by hand."""

import jax.numpy as jnp
import numpy as np
import optax

from space_jax.tasks.config import FinetuneOptimiserConfig
from space_jax.tasks.rates import make_finetune_optimiser, rate_of

CONFIG = FinetuneOptimiserConfig(learning_rate=1.0, warmup_share=0.0, layer_decay=0.5, head_rate=4.0)


def test_the_factors_by_hand():
    leaf = jnp.zeros((3, 2))
    assert rate_of("backbone/embedding/token", leaf, CONFIG, 3) == 0.125
    np.testing.assert_allclose(rate_of("backbone/layers/inner/kernel", leaf, CONFIG, 3), [[0.25], [0.5], [1.0]])
    assert rate_of("head/kernel", leaf, CONFIG, 3) == 4.0
    assert rate_of("masked_head/bias", leaf, CONFIG, 3) == 1.0


def test_the_first_step_moves_by_rate_and_factor():
    params = {"backbone": {"layers": {"kernel": jnp.zeros((2, 1))}}, "head": {"kernel": jnp.zeros(1)}}
    optimiser = make_finetune_optimiser(CONFIG, 10, 2)
    grads = {"backbone": {"layers": {"kernel": jnp.ones((2, 1))}}, "head": {"kernel": jnp.ones(1)}}
    updates, _ = optimiser.update(grads, optimiser.init(params), params)
    moved = optax.apply_updates(params, updates)
    # Adam's first step is the rate itself, whatever the gradient.
    np.testing.assert_allclose(moved["backbone"]["layers"]["kernel"], [[-0.5], [-1.0]], rtol=1e-5)
    np.testing.assert_allclose(moved["head"]["kernel"], [-4.0], rtol=1e-5)
