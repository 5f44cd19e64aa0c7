"""The kernels against the reference: values, gradients, packing, and sharding.

Splash runs by Pallas' interpreter. cuDNN cannot run here; `jax.nn.dot_product_attention` computes what it asks of cuDNN
from the same arguments with XLA, and what cuDNN demands of these arguments is tested beside it.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from space_jax.config import MeshConfig
from space_jax.models.attend import attend
from space_jax.models.fused_attention import cudnn, splash
from space_jax.models.masks import Sight
from space_jax.models.replicas import REPLICA, replica_axes, run_on_copies
from space_jax.training.mesh import make_mesh
from space_jax.training.sharding import flax_rules
from tests.models.conftest import bfloat16_multiplies

KERNELS = {
    "splash": functools.partial(splash, interpret=True),
    "cudnn": functools.partial(cudnn, implementation="xla"),
}
HEADS, WIDTH = 2, 16
TOLERANCE = {
    jnp.float32: 2e-5,
    jnp.bfloat16: 2e-2,
}  # relative to the largest element; bfloat16 has steps of 0.4 to 0.8%


def segments_of(lengths, total):
    """`[1, total]`, segments of these lengths, then padding."""
    ids = np.repeat(np.arange(len(lengths)) + 1, lengths)
    return jnp.asarray(np.pad(ids, (0, total - len(ids)))[None], jnp.int32)


def random_parts(rows, queries, keys, dtype=jnp.float32, seed=0):
    rng = np.random.default_rng(seed)
    sizes = (queries, keys, keys)
    return tuple(jnp.asarray(rng.normal(size=(rows, HEADS, size, WIDTH)), dtype) for size in sizes)


def reference(query, keys, values, sight):
    return attend(query, keys, values, sight.mask(), None, 0.0)


@functools.partial(jax.jit, static_argnums=0)
def value_and_gradients(function, parts, sight):
    def loss(*parts):
        out = function(*parts, sight).astype(jnp.float32)
        return (jnp.sin(3 * out) * jnp.arange(out.size).reshape(out.shape) / out.size).sum(), out

    (_, out), gradients = jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)(*parts)
    return (out, *(gradient.astype(jnp.float32) for gradient in gradients))


def assert_close(ours, theirs, tolerance):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance * float(jnp.abs(b).max()))


ENCODER = Sight(
    jnp.concatenate([segments_of([20, 7, 3], 41), segments_of([41], 41)]), jnp.zeros((2, 0), jnp.int32), causal=False
)
DECODER = Sight(
    jnp.concatenate([segments_of([5, 9], 21), segments_of([0, 21], 21)]),
    jnp.concatenate([segments_of([90, 30], 130), segments_of([60, 60], 130)]),
    causal=True,
)


@pytest.mark.parametrize("sight", [ENCODER, DECODER], ids=["encoder", "decoder"])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("name", KERNELS)
def test_equals_the_reference(name, dtype, sight):
    """Odd lengths, several segments, rows full and with padding, a query whose segment has no memory."""
    parts = random_parts(2, sight.segments.shape[1], sight.keys.shape[1], dtype)
    exact = value_and_gradients(reference, tuple(part.astype(jnp.float32) for part in parts), sight)
    with bfloat16_multiplies():
        found = jax.block_until_ready(value_and_gradients(KERNELS[name], parts, sight))
    assert_close(found, exact, TOLERANCE[dtype])
    padding = np.asarray(sight.segments == 0)
    for array in found[:2]:  # what padding gets, and what its query passes on
        np.testing.assert_array_equal(np.asarray(array).transpose(0, 2, 1, 3)[padding], 0)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("name", KERNELS)
def test_packed_equals_one_by_one(name, dtype):
    """Two examples in one row, each with a memory of its own, give what each gives alone, forward and backward."""
    memory, own = [12, 20], [6, 9]
    packed = Sight(segments_of(own, 17), segments_of(memory, 36), causal=True)
    query, keys, values = random_parts(1, 17, 36 + 17, dtype, seed=1)
    whole = value_and_gradients(KERNELS[name], (query, keys, values), packed)
    weights = (jnp.arange(query.size) / query.size).reshape(query.shape)
    for number in (0, 1):
        at, before = sum(own[:number]), sum(memory[:number])
        queries = slice(at, at + own[number])
        seen = np.r_[before : before + memory[number], 36 + at : 36 + at + own[number]]
        alone = Sight(segments_of([own[number]], own[number]), segments_of([memory[number]], memory[number]), True)

        def loss(query, keys, values, alone=alone, weights=weights[:, :, queries]):
            out = KERNELS[name](query, keys, values, alone).astype(jnp.float32)
            return (jnp.sin(3 * out) * weights).sum(), out

        parts = query[:, :, queries], keys[:, :, seen], values[:, :, seen]
        (_, out), gradients = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True))(*parts)
        expected = (whole[0][:, :, queries], whole[1][:, :, queries], whole[2][:, :, seen], whole[3][:, :, seen])
        assert_close((out, *(g.astype(jnp.float32) for g in gradients)), expected, TOLERANCE[dtype])


def test_what_is_in_padding_reaches_nothing():
    parts = random_parts(2, 41, 41)
    real = jnp.broadcast_to((ENCODER.segments > 0)[:, None, :, None], parts[0].shape)
    other = tuple(jnp.where(real, part, 1e4) for part in parts)
    for kernel in KERNELS.values():
        for a, b in zip(
            value_and_gradients(kernel, parts, ENCODER), value_and_gradients(kernel, other, ENCODER), strict=True
        ):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("sizes", [{"data": 8}, {"data": 2, "fsdp": 2, "tensor": 2}])
def test_splash_on_a_mesh_equals_one_device(sizes):
    sight = jax.tree.map(lambda ids: jnp.tile(ids, (4, 1)), DECODER)
    parts = random_parts(8, sight.segments.shape[1], sight.keys.shape[1])
    alone = value_and_gradients(KERNELS["splash"], parts, sight)
    with jax.set_mesh(make_mesh(MeshConfig(**sizes))), nn.logical_axis_rules(flax_rules(MeshConfig().rules)):
        divided = value_and_gradients.__wrapped__(KERNELS["splash"], parts, sight)
    assert_close(divided, alone, 1e-6)


def test_splash_within_layers_on_copies_equals_one_device():
    """Each replica's rows by the kernel of their own devices, which the compiler could not divide by itself."""
    sight = jax.tree.map(lambda ids: jnp.tile(ids, (4, 1)), DECODER)
    parts = random_parts(8, sight.segments.shape[1], sight.keys.shape[1])

    def on_copies(*arguments):
        each = jax.vmap(KERNELS["splash"], spmd_axis_name=replica_axes())
        return run_on_copies(each, ((0, 0, 0, 0), 0), *arguments)

    alone = value_and_gradients(KERNELS["splash"], parts, sight)
    rules = (*flax_rules(MeshConfig().rules), (REPLICA, ("data",)))
    with jax.set_mesh(make_mesh(MeshConfig(data=2, fsdp=2, tensor=2))), nn.logical_axis_rules(rules):
        divided = value_and_gradients.__wrapped__(on_copies, parts, sight)
    assert_close(divided, alone, 1e-6)


def test_cudnn_gets_what_it_demands(monkeypatch):
    """Even lengths, a mask of four axes and of full lengths, no row without a key, heads behind tokens."""
    calls = []

    def record(query, keys, values, *, mask, implementation):
        calls.append((query, keys, values, mask, implementation))
        return query

    monkeypatch.setattr(jax.nn, "dot_product_attention", record)
    for sight in (ENCODER, DECODER):
        rows, queries = sight.segments.shape
        assert cudnn(*random_parts(rows, queries, sight.keys.shape[1]), sight).shape == (rows, HEADS, queries, WIDTH)
        query, keys, values, mask, implementation = calls.pop()
        assert implementation == "cudnn"
        assert keys.shape == values.shape
        assert query.shape[1] % 2 == keys.shape[1] % 2 == 0
        assert query.shape[2:] == keys.shape[2:] == (HEADS, WIDTH)
        assert mask.dtype == bool
        assert mask.shape == (rows, 1, query.shape[1], keys.shape[1])
        assert mask.any(axis=-1).all()
        real = np.asarray(sight.segments > 0)
        seen = np.asarray(mask[:, 0, :queries, : sight.keys.shape[1]])
        np.testing.assert_array_equal(seen[real], np.asarray(sight.mask())[real])
        assert not mask[:, 0, :queries, sight.keys.shape[1] :][real].any()
