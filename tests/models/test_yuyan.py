"""YuYan's recipe: what counts as restored, and that its decoder is shallow."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import MODEL_SIZES, OptimiserConfig, PretrainConfig, Space3Config, YuYanConfig
from space_jax.config_files import load_config
from space_jax.decoding.greedy import greedy
from space_jax.errors import UserError
from space_jax.features.packing import pack
from space_jax.models.heads import all_of_example
from tests.models.conftest import MODEL, PACKED, UNPACKED, VOCABULARY, Runner, make_items


@pytest.fixture(scope="module")
def runner():
    return Runner("yuyan")


def test_the_decoder_has_the_memory_of_its_layers(runner):
    memory = jax.eval_shape(runner.recipe.prompt, runner.params, pack(make_items("yuyan"), UNPACKED))
    assert memory.keys.shape[0] == 1 < MODEL.layers


def test_all_of_example():
    batch = pack(make_items("yuyan"), PACKED)
    segments = jnp.asarray(batch.response.segments)
    lengths = [len(item.layout.response) for item in make_items("yuyan")]
    row, slot = np.divmod(batch.slot, PACKED.slots)
    flags = np.ones(segments.shape, bool)
    own = np.flatnonzero(batch.response.segments[row[2]] == slot[2] + 1)
    assert len(own) == lengths[2]
    flags[row[2], own[-1]] = False
    assert all_of_example(jnp.asarray(flags), segments, batch).tolist() == [1, 1, 0, 1, 1]


def test_a_text_counts_as_restored_if_greedy_search_writes_it(runner):
    """The measure reads true tokens, greedy search its own: they agree on which texts come out whole."""
    items = make_items("yuyan")
    batch = pack(items, UNPACKED)
    write = jax.jit(
        lambda params, batch: greedy(
            lambda tokens, memory: runner.recipe.next_token(params, tokens, memory),
            runner.recipe.prompt(params, batch),
            VOCABULARY.bos,
            VOCABULARY.eos,
            6,
        )
    )
    written = np.asarray(write(runner.params, batch))[batch.slot]
    # What an untrained model writes is nobody's text, so the texts become what it writes.
    own = [
        dataclasses.replace(
            item, layout=dataclasses.replace(item.layout, response=np.array([VOCABULARY.bos, *ids[:5]]))
        )
        for item, ids in zip(items, written.astype(np.int32), strict=True)
    ]
    terms = runner(pack(own, UNPACKED))[1]
    assert [tuple(terms[name]) for name in runner.recipe.accuracies] == [(1, 1)] * 5
    other = dataclasses.replace(
        own[3], layout=dataclasses.replace(own[3].layout, response=np.roll(own[3].layout.response, 1) % 60)
    )
    terms = runner(pack([*own[:3], other, own[4]], UNPACKED))[1]
    assert [tuple(terms[name]) for name in runner.recipe.accuracies] == [(1, 1)] * 3 + [(0, 1), (1, 1)]


def test_more_decoder_layers_than_layers_are_refused():
    config = load_config("quickstart", {})
    for recipe in (Space3Config(decoder_layers=3), YuYanConfig(decoder_layers=-1)):
        with pytest.raises(
            UserError, match=r"recipe\.decoder_layers: -?\d is not between 0, for all, and the 2 layers"
        ):
            PretrainConfig(recipe, config.model, config.data, OptimiserConfig(), config.mesh, config.train)


@pytest.mark.parametrize("size", MODEL_SIZES)
def test_the_configuration_has_a_shallow_decoder(size):
    config = load_config(f"yuyan:{size}", {})
    assert 1 <= config.recipe.decoder_layers < config.model.layers
