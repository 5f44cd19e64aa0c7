"""The device mesh: axes `data`, `fsdp`, `tensor` over all devices of all processes."""

import math
from collections.abc import Sequence

import jax
import numpy as np
from jax.sharding import AxisType, Mesh

from space_jax.config import MESH_AXES, MeshConfig
from space_jax.errors import UserError

BATCH_AXES = ("data", "fsdp")  # the mesh axes over which rows and examples are split


def resolve_shape(config: MeshConfig, devices: int) -> tuple[int, int, int]:
    """The sizes (data, fsdp, tensor) of a mesh over `devices` devices.

    Raises:
      UserError: the product of the sizes is not the number of devices.
    """
    sizes = config.sizes
    known = math.prod(size for size in sizes if size != -1)
    resolved = [devices // known if size == -1 else size for size in sizes]
    if math.prod(resolved) != devices:
        asked = " x ".join(f"{name} {'?' if size == -1 else size}" for name, size in zip(MESH_AXES, sizes, strict=True))
        raise UserError(
            f"config field mesh: {asked} cannot cover {devices} devices; the product of the three must be {devices}"
        )
    return resolved[0], resolved[1], resolved[2]


def make_mesh(config: MeshConfig, devices: Sequence[jax.Device] | None = None) -> Mesh:
    """The mesh of a run.

    Args:
      config: sizes of the three axes.
      devices: the devices to use; all by default.

    Returns:
      A mesh with axes `data`, `fsdp`, `tensor`.

    Raises:
      UserError: the product of the sizes is not the number of devices.
    """
    chosen = list(jax.devices() if devices is None else devices)
    shape = resolve_shape(config, len(chosen))
    # Auto, because Linen layers and logical constraints fail with the default, Explicit.
    return jax.make_mesh(shape, MESH_AXES, axis_types=(AxisType.Auto,) * len(MESH_AXES), devices=chosen)


def batch_shards(mesh: Mesh) -> int:
    """The number of parts into which rows and examples are split."""
    return math.prod(mesh.shape[axis] for axis in BATCH_AXES)


def batch_position(mesh: Mesh) -> tuple[int, int]:
    """Which part of the global batch this process holds.

    Devices need not be in the order of process indices, so the position is read from the mesh.

    Returns:
      (index, count): this process holds part `index` of `count` equal, consecutive parts.

    Raises:
      UserError: `tensor` spans processes, so that two of them would hold the same rows.
    """
    owners = np.vectorize(lambda device: device.process_index)(mesh.devices).reshape(batch_shards(mesh), -1)
    order: list[int] = []
    for row in owners:
        if len(set(row.tolist())) > 1:
            raise UserError(
                f"config field mesh.tensor: {mesh.shape['tensor']} reaches over several processes; it must divide the "
                "number of devices of one process"
            )
        if not order or order[-1] != row[0]:
            order.append(int(row[0]))
    if len(set(order)) != len(order):
        raise UserError("config field mesh: the devices of one process do not hold consecutive rows of the batch")
    return order.index(jax.process_index()), len(order)
