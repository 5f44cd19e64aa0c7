"""The shape of the mesh, its place in the batch, and the messages of meshes that cannot be."""

import jax
import numpy as np
import pytest

from space_jax.config import MeshConfig
from space_jax.errors import UserError
from space_jax.training import mesh as mesh_lib


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (MeshConfig(), (8, 1, 1)),
        (MeshConfig(fsdp=2, tensor=2), (2, 2, 2)),
        (MeshConfig(data=1, fsdp=4, tensor=2), (1, 4, 2)),
        (MeshConfig(fsdp=-1), (1, 8, 1)),
        (MeshConfig(preset="data"), (8, 1, 1)),
        (MeshConfig(preset="fsdp"), (1, 8, 1)),
        (MeshConfig(preset="fsdp", data=2), (2, 4, 1)),
        (MeshConfig(preset="fsdp_tensor"), (1, 2, 4)),
        (MeshConfig(preset="fsdp_tensor", tensor=2), (1, 4, 2)),
    ],
)
def test_sizes_are_resolved(config, expected):
    mesh = mesh_lib.make_mesh(config)
    assert tuple(mesh.shape.values()) == expected
    assert mesh.axis_names == ("data", "fsdp", "tensor")
    assert mesh_lib.batch_shards(mesh) == expected[0] * expected[1]


@pytest.mark.parametrize("config", [MeshConfig(tensor=3), MeshConfig(data=4), MeshConfig(fsdp=16)])
def test_a_mesh_that_does_not_divide_says_the_arithmetic(config):
    with pytest.raises(UserError, match=r"fsdp \d+ x tensor \d+ cannot cover 8 devices"):
        mesh_lib.make_mesh(config)


def test_one_device():
    mesh = mesh_lib.make_mesh(MeshConfig(), jax.devices()[:1])
    assert mesh.size == 1
    assert mesh_lib.batch_position(mesh) == (0, 1)


class _Device:
    def __init__(self, process_index):
        self.process_index = process_index


class _Mesh:
    """The part of a mesh that `batch_position` reads, with devices of several processes."""

    def __init__(self, owners):
        self.devices = np.vectorize(_Device, otypes=[object])(np.asarray(owners))
        self.shape = dict(zip(mesh_lib.MESH_AXES, self.devices.shape, strict=True))


def test_the_place_of_a_process_follows_the_mesh_and_not_its_index():
    assert mesh_lib.batch_position(_Mesh([[[1], [1]], [[0], [0]]])) == (1, 2)
    assert mesh_lib.batch_position(_Mesh([[[0, 0]], [[2, 2]], [[1, 1]]])) == (0, 3)


def test_rows_of_two_processes_cannot_be_the_same_or_scattered():
    with pytest.raises(UserError, match=r"mesh.tensor: 2 reaches over"):
        mesh_lib.batch_position(_Mesh([[[0, 1]]]))
    with pytest.raises(UserError, match="consecutive rows"):
        mesh_lib.batch_position(_Mesh([[[0]], [[1]], [[0]], [[1]]]))
