"""The contrast of a pool that is spread over devices, or takes turns, is that of one device: value and gradient."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from jax.sharding import NamedSharding, PartitionSpec

from space_jax.config import MeshConfig, PoolConfig, Space2Config, Space3Config
from space_jax.models import pool as pools
from space_jax.models.pool import Pool
from space_jax.models.registry import make_recipe
from space_jax.training.mesh import make_mesh
from space_jax.training.sharding import flax_rules
from tests.models.conftest import MODEL

HIDDEN, SUBSPACE, VIEWS = 6, 5, 10
RULES = flax_rules(MeshConfig().rules)
POOL = PoolConfig(group=6)  # groups reach over devices and micro-batches
SPACE2 = make_recipe(MODEL, Space2Config(subspace=SUBSPACE, pool=POOL))
SPACE3 = make_recipe(MODEL, Space3Config(pool=POOL))


def random_pool(micro_batches, examples, hidden=HIDDEN):
    draw = np.random.default_rng(0)
    shape = (micro_batches, examples)
    valid = draw.random(shape) < 0.8
    return Pool(
        valid=valid,
        known=valid & (draw.random(shape) < 0.7),
        trees=draw.integers(0, 3, (*shape, VIEWS, 2)).astype(np.int32),
        vectors=draw.normal(size=(*shape, 2, hidden)).astype(np.float32),
    )


def projections():
    draw = np.random.default_rng(1)
    kernels = draw.normal(size=(1, VIEWS, HIDDEN, SUBSPACE)).astype(np.float32)
    return kernels, draw.normal(size=(1, VIEWS, SUBSPACE)).astype(np.float32)


def space3_terms(pool):
    return SPACE3.finish({}, {"user": pool, "system": pool.replace(known=pool.valid & ~pool.known)})


def all_terms(vectors, kernels, biases, pool):
    """The contrastive terms of SPACE-2 and SPACE-3, and their sum."""
    pool = pool.replace(vectors=vectors)
    terms = SPACE2.finish({}, {"user": pool, "kernels": kernels, "biases": biases}) | space3_terms(pool)
    return sum(term.mean() for term in terms.values()), terms


def compiled():
    return jax.jit(jax.value_and_grad(all_terms, argnums=(0, 1, 2), has_aux=True))


STEP = compiled()


def run(pool, sizes=(1, 1, 1), step=STEP):
    """Value, terms and gradients on a mesh of these sizes."""
    mesh = make_mesh(MeshConfig(data=sizes[0], fsdp=sizes[1], tensor=sizes[2]), jax.devices()[: np.prod(sizes)])
    split = NamedSharding(mesh, PartitionSpec(None, ("data", "fsdp")))
    placed = jax.device_put(pool, split)
    with jax.set_mesh(mesh), nn.logical_axis_rules(RULES):
        return jax.device_get(step(placed.vectors, *projections(), placed))


@functools.cache
def on_one_device(micro_batches):
    return run(random_pool(micro_batches, 16 // micro_batches))


def assert_equal(ours, expected):
    (value, terms), gradients = ours
    (expected_value, expected_terms), expected_gradients = expected
    np.testing.assert_allclose(value, expected_value, rtol=1e-5)
    for name, term in expected_terms.items():
        assert term.total > 0, name
        np.testing.assert_allclose(terms[name].total, term.total, rtol=1e-5, err_msg=name)
        assert terms[name].weight == term.weight, name
    for gradient, of_one in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, of_one, rtol=1e-4, atol=1e-5 * np.abs(of_one).max())


@pytest.mark.parametrize(("sizes", "micro_batches"), [((8, 1, 1), 1), ((2, 4, 1), 2), ((1, 4, 2), 1)], ids=str)
def test_a_pool_over_devices_is_that_of_one(sizes, micro_batches):
    assert_equal(run(random_pool(micro_batches, 16 // micro_batches), sizes), on_one_device(micro_batches))


@pytest.mark.parametrize("sizes", [pytest.param((1, 1, 1), marks=pytest.mark.slow), (2, 1, 1)], ids=str)
def test_a_pool_that_takes_turns_is_the_same(sizes, monkeypatch):
    expected = on_one_device(1)
    monkeypatch.setattr(pools, "PAIRS", 5 * 16)  # five anchors a turn, which do not divide 16 or 8
    assert_equal(run(random_pool(1, 16), sizes, compiled()), expected)


def test_nothing_valid_is_zero_on_every_device():
    pool = random_pool(1, 16)
    (value, _), gradients = run(pool.replace(valid=pool.valid & False, known=pool.known & False), (8, 1, 1))
    assert value == 0
    for gradient in gradients:
        np.testing.assert_array_equal(gradient, 0)


def test_examples_that_do_not_count_leak_nothing_over_devices():
    pool = random_pool(1, 16)
    other = pool.replace(vectors=np.where(pool.valid[..., None, None], pool.vectors, 1e4))
    outcome = run(other, (8, 1, 1))
    assert_equal(outcome, on_one_device(1))
    np.testing.assert_array_equal(outcome[1][0][~pool.valid], 0)


def test_a_device_needs_memory_for_its_own_pairs_only():
    examples, hidden = 1024, 64
    mesh = make_mesh(MeshConfig())
    split = NamedSharding(mesh, PartitionSpec(None, ("data", "fsdp")))
    pool = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct((1, examples, *x.shape[2:]), x.dtype, sharding=split), random_pool(1, 1, hidden)
    ).replace(trees=jax.ShapeDtypeStruct((1, examples, VIEWS, 16), jnp.int32, sharding=split))

    def loss(vectors, pool):
        return sum(term.mean() for term in space3_terms(pool.replace(vectors=vectors)).values())

    with jax.set_mesh(mesh), nn.logical_axis_rules(RULES):
        compiled = jax.jit(jax.grad(loss)).lower(pool.vectors, pool).compile()
    pairs = examples * examples // 8  # of a device
    # Counts and unions of ten views, and some [2b, 2B] arrays; the comparisons of elements would be 256 times as many.
    assert compiled.memory_analysis().temp_size_in_bytes < 4 * pairs * (2 * VIEWS + 4 * 10)
