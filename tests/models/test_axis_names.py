"""Which axes of a mesh split an array."""

import jax
import pytest
from flax import linen as nn

from space_jax.config import MeshConfig
from space_jax.models.axis_names import mesh_axes
from space_jax.training.mesh import make_mesh
from space_jax.training.sharding import flax_rules


@pytest.mark.parametrize(
    ("sizes", "axis", "size", "expected"),
    [
        ((2, 4, 1), "batch", 16, ("data", "fsdp")),
        ((8, 1, 1), "batch", 16, ("data",)),
        ((8, 1, 1), "batch", 1, ()),  # the blank batch of an initialisation
        ((2, 4, 1), "batch", 12, ()),
        ((2, 1, 4), "vocab", 12, ("tensor",)),
        ((2, 1, 4), "length", 16, ()),
    ],
    ids=str,
)
def test_the_axes_that_divide_an_array(sizes, axis, size, expected):
    mesh = make_mesh(MeshConfig(data=sizes[0], fsdp=sizes[1], tensor=sizes[2]))
    with jax.set_mesh(mesh), nn.logical_axis_rules(flax_rules(MeshConfig().rules)):
        assert mesh_axes(axis, size) == expected


def test_without_a_mesh_nothing_is_split():
    assert mesh_axes("batch", 16) == ()
