"""The released encoder-decoders: positions, and tokens decoded one at a time against all at once."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from space_jax.config import ModelConfig, Vocabulary
from space_jax.models.released.palm import ReleasedPalm
from space_jax.models.released.palm_copy import ReleasedCopyPalm
from space_jax.models.released.stack import StackConfig, positions_from, sinusoids
from space_jax.models.released.veco import ReleasedVeco

CONFIG = ModelConfig(layers=2, hidden=12, heads=3, mlp=20, positions=24, dropout=0.0, vocabulary=Vocabulary(size=31))


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_positions_and_sinusoids():
    present = jnp.asarray([[1, 1, 1, 0], [1, 0, 1, 1]], bool)
    np.testing.assert_array_equal(positions_from(present, 2), [[2, 3, 4, 1], [2, 1, 3, 4]])
    waves = sinusoids(jnp.asarray([[0, 3]]), 6)[0]
    expected = [[f(p / 10000 ** (2 * i / 6)) for i in range(3) for f in (np.sin, np.cos)] for p in (0, 3)]
    np.testing.assert_allclose(waves, expected, atol=1e-6)


def _palm(params, module, source_ids):
    present = source_ids > 0
    read = module.apply(params, source_ids, jnp.zeros_like(source_ids), present, method="encode")
    source = module.apply(params, read, present, method="prepare")
    return lambda ids, memory: module.apply(params, ids, source, memory, method="next_token")


def _copy(params, module, source_ids):
    present = source_ids > 0
    read = module.apply(params, source_ids, present, method="encode")
    source = module.apply(params, read, present, method="prepare")

    def step(ids, memory):
        layers = module.apply(params, ids, source, memory, method="decode")
        return module.apply(params, layers, source, source_ids, method="score_copying"), layers.memory

    return step


def _veco(params, module, source_ids):
    read = module.apply(params, source_ids, method="encode")
    source = module.apply(params, read, source_ids, method="prepare")
    return lambda ids, memory: module.apply(params, ids, source, memory, method="next_token")


AFTER, BEFORE = StackConfig(CONFIG), StackConfig(CONFIG, norm_first=True, final_norms=1)
FORMS = {
    "palm": (ReleasedPalm(StackConfig(CONFIG, True, 2), BEFORE, types=2), _palm),
    "palm_copy": (ReleasedCopyPalm(AFTER, dataclasses.replace(BEFORE, tanh=True), 1, first=2, padding=0), _copy),
    "veco": (ReleasedVeco(AFTER, AFTER, first=2, padding=0), _veco),
}


@pytest.mark.parametrize("form", FORMS)
def test_cached_decoding_equals_decoding_at_once(form, rng):
    module, steps_of = FORMS[form]
    source_ids = jnp.asarray(rng.integers(1, 31, (2, 6))).at[1, 4:].set(0)
    targets = jnp.asarray(rng.integers(1, 31, (2, 3)))
    params = nn.meta.unbox(jax.jit(lambda: module.init(jax.random.key(0), source_ids, method="initialise"))())
    params = jax.tree.map(lambda leaf: leaf + 0.1 * jnp.asarray(rng.normal(size=leaf.shape), jnp.float32), params)
    step = jax.jit(steps_of(params, module, source_ids))
    at_once, _ = step(targets, None)
    memory, each = None, []
    for place in range(targets.shape[1]):
        scores, memory = step(targets[:, place : place + 1], memory)
        each.append(scores)
    np.testing.assert_allclose(jnp.concatenate(each, axis=1), at_once, atol=1e-5)
