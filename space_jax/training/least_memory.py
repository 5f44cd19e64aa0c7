"""Refuses sizes beyond all memory, before arrays or even shapes are made of them.

What is compared with the memory of all devices is the least that a run can need, wherever on them it lies. What it does
need is known once its step is compiled.
"""

import os

import jax
from jax.sharding import Mesh

from space_jax.config import DataConfig, ModelConfig, PretrainConfig
from space_jax.errors import UserError

GIB = 2**30

_OF_MODEL = ("layers", "hidden", "mlp", "positions", "roles", "turns")
_OF_BATCH = ("batch_size", "context_length", "response_length", "examples_per_row", "masked_per_row", "tree_elements")


def memory_of(device: jax.Device) -> float | None:
    """Bytes of a device's memory: as it reports, of a CPU device its share of the machine's; None if not known."""
    reported = (device.memory_stats() or {}).get("bytes_limit")
    if reported or device.platform != "cpu":
        return reported
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / jax.local_device_count()


def require_sizes_fit(config: PretrainConfig, mesh: Mesh) -> None:
    """Checks the sizes of a pre-training run.

    Raises:
      UserError: they need too much; the message names the field that is furthest above its default.
    """
    model, data = config.model, config.data
    state = 4 * 4 * _parameters(model)
    field = _furthest(model, ModelConfig(), _OF_MODEL)
    _require(f"config field model.{field}", state, "weights, gradients and moments", mesh)
    examples = data.batch_size // config.optimiser.accumulate
    rows = examples * min(data.row_ladder)
    cells = min([rows * data.context_length, *(examples * share * context for share, context, _ in data.grids)])
    arrays = rows * (data.masked_per_row + data.examples_per_row) + examples * data.tree_elements
    if not data.grids:
        arrays += rows * data.response_length
    batch = _activations(model, cells) + 4 * arrays
    _require(f"config field data.{_furthest(data, DataConfig(), _OF_BATCH)}", batch, "a batch", mesh)


def require_examples_fit(where: str, examples: int, model: ModelConfig, mesh: Mesh) -> None:
    """Checks a number of examples that a model reads at a time, which have two tokens each at least.

    Raises:
      UserError: they need too much.
    """
    _require(where, _activations(model, 2 * examples), f"a batch of {examples}", mesh)


def _parameters(model: ModelConfig) -> int:
    """Those of the matrices of the backbone."""
    rows = model.vocabulary.padded_size + model.positions + model.roles + model.turns
    return model.hidden * (rows + model.layers * (4 * model.hidden + 2 * model.mlp))


def _activations(model: ModelConfig, cells: float) -> float:
    """Bytes of what each layer keeps for the backward pass even where the rest is computed again: its input."""
    return cells * model.layers * model.hidden * (2 if model.dtype == "bfloat16" else 4)


def _furthest(config: object, default: object, names: tuple[str, ...]) -> str:
    return max(names, key=lambda name: getattr(config, name) / getattr(default, name))


def _require(where: str, needed: float, what: str, mesh: Mesh) -> None:
    devices = list(mesh.devices.flat)
    one = memory_of(next(device for device in devices if device.process_index == jax.process_index()))
    if one is not None and needed > one * len(devices):
        raise UserError(
            f"{where}: too large, {what} would need at least {needed / GIB:,.0f} GiB and the devices have "
            f"{one * len(devices) / GIB:,.0f}"
        )
