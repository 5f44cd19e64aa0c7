"""Sizes beyond all memory are refused by their field, and none that could fit."""

import dataclasses

import jax
import pytest

from space_jax.config import MeshConfig, PretrainConfig, Space3Config, Vocabulary, model_config
from space_jax.config_files import apply_overrides, load_config
from space_jax.errors import UserError
from space_jax.shipped_configs import shipped_configs
from space_jax.training import least_memory
from space_jax.training.least_memory import GIB, memory_of, require_examples_fit, require_sizes_fit
from space_jax.training.mesh import make_mesh

TINY = PretrainConfig(Space3Config(), model_config("tiny", vocabulary=Vocabulary(size=500)))


@pytest.fixture(scope="module")
def mesh():
    return make_mesh(MeshConfig())


@pytest.mark.parametrize(
    "name",
    [
        *("model.layers", "model.mlp", "model.positions", "model.roles", "model.turns"),
        *("data.batch_size", "data.context_length", "data.response_length", "data.examples_per_row"),
        *("data.masked_per_row", "data.tree_elements"),
    ],
)
def test_a_size_beyond_memory_is_refused_by_its_field(mesh, name):
    # Hidden sizes are a product of heads, which need as much.
    with pytest.raises(UserError, match=rf"^config field {name}: too large, .* would need at least [\d,]+ GiB and"):
        require_sizes_fit(apply_overrides(TINY, {name: 2_000_000_000}), mesh)


def test_a_wide_model_and_a_batch_in_several_grids(mesh):
    with pytest.raises(UserError, match=r"config field model.hidden: too large, weights, gradients and moments"):
        require_sizes_fit(apply_overrides(TINY, {"model.hidden": 2_000_000_000}), mesh)
    grids = dataclasses.replace(TINY.data, grids=((0.5, 32, 32),), batch_size=10**9)
    with pytest.raises(UserError, match=r"config field data.batch_size: too large, a batch would need"):
        require_sizes_fit(dataclasses.replace(TINY, data=grids), mesh)


def test_examples_of_a_task(mesh):
    with pytest.raises(UserError, match=r"config field train.batch_size: too large, a batch of 1000000000 would need"):
        require_examples_fit("config field train.batch_size", 10**9, model_config("mini"), mesh)
    require_examples_fit("config field train.batch_size", 512, model_config("base"), mesh)


def test_what_is_compared_is_the_least(mesh, monkeypatch):
    """By hand: 16 bytes for each weight, and of each layer its input in float32."""
    memory = [0.0]
    monkeypatch.setattr(least_memory, "memory_of", lambda _: memory[0] / jax.device_count())
    weights = 64 * (512 + 512 + 2 + 17 + 2 * (4 * 64 + 2 * 256))
    cells = 32 * 0.25 * 256
    batch = cells * 2 * 64 * 4 + 4 * (32 * 0.25 * (64 + 4 + 64) + 32 * 16)
    memory[0] = max(16 * weights, batch)
    require_sizes_fit(TINY, mesh)
    memory[0] = 16 * weights - 1
    with pytest.raises(UserError, match=r"config field model\."):
        require_sizes_fit(TINY, mesh)
    bfloat16 = apply_overrides(TINY, {"model.dtype": "bfloat16", "data.batch_size": 32 * 8})
    memory[0] = 8 * (batch - cells * 2 * 64 * 2)
    require_sizes_fit(bfloat16, mesh)
    memory[0] -= 1
    with pytest.raises(UserError, match=r"config field data.batch_size"):
        require_sizes_fit(bfloat16, mesh)


def test_the_configurations_that_come_with_the_package_fit(mesh, monkeypatch):
    monkeypatch.setattr(least_memory, "memory_of", lambda _: 4 * GIB)
    # The sizes of own_dialogues are those of a corpus.
    names = [name for name in shipped_configs() if not name.startswith("finetune/") and name != "own_dialogues"]
    assert "space3" in names
    for name in names:
        require_sizes_fit(load_config(name), mesh)


def test_cpu_devices_share_the_memory_of_the_machine():
    assert GIB < memory_of(jax.devices()[0]) * jax.device_count() < 2**20 * GIB
