"""Attention by fused kernels, which never write scores or weights of size Q x K to the device's memory.

Both compute the function that `attend.attend` defines, without dropout of the weights, which neither kernel has:

- `splash`: the Pallas kernel for TPUs. A static mask (all pairs, or causal) is combined with segment ids, so that no
  dense mask exists, and blocks that a causal mask forbids are skipped.
- `cudnn`: the kernel of cuDNN for NVIDIA's GPUs through `jax.nn.dot_product_attention`, bfloat16 only. It takes a mask
  `[R, 1, Q, K]`, which JAX gives to it as a bias.

Neither kernel has a result for a query that may attend to nothing. Padding is therefore a segment of its own here, in
which every token sees at least itself, and what it gets is replaced by 0 afterwards, as `attend` defines it.

Source: Dao et al., "FlashAttention", NeurIPS 2022.
"""

import functools
from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec

from space_jax.models.axis_names import mesh_axes
from space_jax.models.masks import Sight
from space_jax.models.replicas import replicas

LANES = 128  # Splash's blocks are multiples of this.
BLOCK = 512  # The longest block: its scores, 1 MiB, and all that they are computed from lie in a core's own memory.

Kernel = Callable[[jax.Array, jax.Array, jax.Array, jax.Array, jax.Array], jax.Array]
"""From query, keys, values, and the segment ids of both, all padded, to `[R, N, Q, D]`."""


def splash(query: jax.Array, keys: jax.Array, values: jax.Array, sight: Sight, *, interpret: bool = False) -> jax.Array:
    """`attend.attend` without dropout by Pallas' splash attention.

    On a mesh each device takes its own rows and heads, since the compiler cannot divide the kernel.

    Args:
      query: `[R, N, Q, D]`.
      keys: `[R, N, K, D]`, and `values` likewise.
      values: see `keys`.
      sight: of the rows.
      interpret: whether to run the kernel as plain operations, which any device can.

    Returns:
      `[R, N, Q, D]`.
    """
    offset = sight.memory.shape[1] if sight.causal else None
    rows, heads = mesh_axes("batch", query.shape[0]) or None, mesh_axes("heads", query.shape[1]) or None
    local: Kernel = functools.partial(_splash_of_device, offset, interpret)

    def kernel(*arguments: jax.Array) -> jax.Array:
        if rows is None and heads is None and replicas() == 1:
            return local(*arguments)
        by_head, by_row = PartitionSpec(rows, heads), PartitionSpec(rows)
        specs = (by_head, by_head, by_head, by_row, by_row)
        return jax.shard_map(local, in_specs=specs, out_specs=by_head, check_vma=False)(*arguments)

    return _padded(kernel, LANES, query, keys, values, sight)


def _splash_of_device(
    offset: int | None,
    interpret: bool,
    query: jax.Array,
    keys: jax.Array,
    values: jax.Array,
    query_ids: jax.Array,
    key_ids: jax.Array,
) -> jax.Array:
    """The kernel on one device; `offset` is the number of earlier tokens in front of a decoder's own keys."""
    # Loading Pallas takes a second, which only those who use it should wait.
    from jax.experimental.pallas.ops.tpu.splash_attention import splash_attention_kernel as kernels
    from jax.experimental.pallas.ops.tpu.splash_attention import splash_attention_mask as masks

    heads, shape = query.shape[1], (query.shape[2], keys.shape[2])
    mask = masks.FullMask(shape) if offset is None else masks.CausalMask(shape, offset)
    queries_at_once, keys_at_once = map(_block, shape)
    attend = kernels.make_splash_mha(
        masks.MultiHeadMask([mask] * heads),
        head_shards=1,
        q_seq_shards=1,
        block_sizes=kernels.BlockSizes(
            block_q=queries_at_once,
            block_kv=keys_at_once,
            block_q_dkv=queries_at_once,
            block_kv_dkv=keys_at_once,
            block_q_dq=queries_at_once,
            block_kv_dq=keys_at_once,
        ),
        residual_checkpoint_name="mixed",  # of `backbone.KEPT`
        interpret=interpret,
    )
    ids = kernels.SegmentIds(query_ids, key_ids)
    return jax.vmap(attend)(query * query.shape[-1] ** -0.5, keys, values, ids)


def _block(length: int) -> int:
    """The longest block of which a padded length is a multiple."""
    return max(block for block in range(LANES, BLOCK + 1, LANES) if length % block == 0)


def cudnn(
    query: jax.Array,
    keys: jax.Array,
    values: jax.Array,
    sight: Sight,
    *,
    implementation: Literal["cudnn", "xla"] = "cudnn",
) -> jax.Array:
    """`attend.attend` without dropout by cuDNN's fused attention.

    Args:
      query: `[R, N, Q, D]`, D a multiple of 8 and at most 128, bfloat16.
      keys: `[R, N, K, D]`, and `values` likewise.
      values: see `keys`.
      sight: of the rows.
      implementation: "xla" computes the same from the same arguments on any device.

    Returns:
      `[R, N, Q, D]`.
    """
    offset = sight.memory.shape[1] if sight.causal else None

    def kernel(*arguments: jax.Array) -> jax.Array:
        *parts, query_ids, key_ids = arguments
        mask = query_ids[:, :, None] == key_ids[:, None, :]
        if offset is not None:
            order = jnp.arange(key_ids.shape[1])[None, :] <= jnp.arange(query_ids.shape[1])[:, None] + offset
            mask = mask & order[None]
        query, keys, values = (jnp.swapaxes(part, 1, 2) for part in parts)  # cuDNN has heads behind tokens
        mixed = jax.nn.dot_product_attention(query, keys, values, mask=mask[:, None], implementation=implementation)
        return jnp.swapaxes(mixed, 1, 2)

    return _padded(kernel, 2, query, keys, values, sight)  # with a bias it has gradients for even lengths only


def _padded(
    kernel: Kernel, multiple: int, query: jax.Array, keys: jax.Array, values: jax.Array, sight: Sight
) -> jax.Array:
    """Runs a kernel on lengths that are multiples of a number; padding gets 0 and passes nothing on."""
    queries, memory = query.shape[2], sight.memory.shape[1]
    more_queries = -queries % multiple
    # A decoder's query q sees the keys up to memory + q, so there are as many keys behind as queries.
    more_keys = more_queries + -(memory + queries + more_queries) % multiple

    def longer(part: jax.Array, more: int) -> jax.Array:
        return jnp.pad(part, ((0, 0), (0, 0), (0, more), (0, 0)))

    mixed = kernel(
        longer(query, more_queries),
        longer(keys, more_keys),
        longer(values, more_keys),
        jnp.pad(sight.segments, ((0, 0), (0, more_queries))),
        jnp.pad(sight.keys, ((0, 0), (0, more_keys))),
    )[:, :, :queries]
    real = jnp.broadcast_to((sight.segments > 0)[:, None, :, None], mixed.shape)
    return jnp.where(real, mixed, 0)
