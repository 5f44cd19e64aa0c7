"""The contrastive pool: the data a contrastive loss needs about every example of the whole batch.

The pairs of examples are by far the largest arrays of the pool. On a mesh a device gathers the examples, a few
kilobytes each, and computes the pairs of its own examples, the anchors, with all; no array of all pairs exists.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jax.sharding import PartitionSpec

from space_jax.config import PoolConfig
from space_jax.features.batch import Batch
from space_jax.losses import Sum, combined_similarity, contrast_weights, l2_normalise, pool_groups, weighted_contrast
from space_jax.models.axis_names import mesh_axes
from space_jax.models.heads import responded
from space_jax.models.recipe import Terms
from space_jax.models.views import LABELLED, UNLABELLED

# Pairs of examples that a device compares at a time. More take turns and are computed again in the backward pass; it is
# far more than the published batch of 256 has.
PAIRS = 2**20


@struct.dataclass
class Pool:
    """Examples to be contrasted; `[A, B, ...]` while they are in A micro-batches.

    Attributes:
      valid: `[B]` bool, whether the example takes part.
      known: `[B]` bool, whether its tree is known; the others are contrasted among themselves as unlabelled.
      trees: hashed view sets `[B, W, K]`.
      vectors: `[B, 2, H]` float32, two dropout views of each example.
    """

    valid: jax.Array
    known: jax.Array
    trees: jax.Array
    vectors: jax.Array

    @classmethod
    def of_users(cls, batch: Batch, views: jax.Array) -> "Pool":
        """The user turns of one micro-batch; `views` are `[2, B, H]`."""
        known = batch.user_tree_known & batch.valid
        return cls(batch.valid, known, batch.user_tree, views.swapaxes(0, 1))

    @classmethod
    def of_responses(cls, batch: Batch, views: jax.Array) -> "Pool":
        """The responses of one micro-batch; `views` are `[2, B, H]`."""
        answered = batch.valid & (responded(batch) > 0)
        return cls(answered, batch.system_tree_known & answered, batch.system_tree, views.swapaxes(0, 1))

    def flattened(self) -> "Pool":
        """Merges a leading axis of micro-batches into one pool."""
        return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), self)

    def views(self) -> jax.Array:
        """The vectors by view, `[2, B, H]`."""
        return self.vectors.swapaxes(0, 1)

    def weights(self, similarity: jax.Array, anchors: jax.Array | None) -> jax.Array:
        """Contrast weights from tree similarities `[..., b, B]`: the identity where a tree is unknown."""
        return contrast_weights(similarity, self.known, anchors)

    def groups(self, size: int) -> jax.Array:
        """The contrast group of each example, `[B]` int32."""
        return pool_groups(self.known, self.valid, size)


Contrast = Callable[..., jax.Array]
"""A flattened pool, anchors `[b]` as in `losses.weighted_contrast`, parameters -> the losses `[b]` of the anchors."""


def contrast(pool: Pool, loss: Contrast, *parameters: Any) -> jax.Array:
    """The loss of every example against the whole pool, each computed on the device that has the example.

    Args:
      pool: the examples of A micro-batches, `[A, B, ...]`, as the mesh in context splits a batch.
      loss: the loss of some examples of the pool.
      parameters: more arguments of `loss`, the same on all devices.

    Returns:
      `[A, B]` float32.
    """
    axes = mesh_axes("batch", pool.valid.shape[1])
    if not axes:
        return _in_turns(loss, pool.flattened(), None, *parameters).reshape(pool.valid.shape)

    def of_share(share: Pool, anchors: jax.Array, *parameters: Any) -> jax.Array:
        whole = jax.tree.map(lambda x: jax.lax.all_gather(x, axes, axis=1, tiled=True), share)
        return _in_turns(loss, whole.flattened(), anchors.reshape(-1), *parameters).reshape(anchors.shape)

    split, everywhere = PartitionSpec(None, axes), PartitionSpec()
    shared = jax.shard_map(of_share, in_specs=(split, split, *(everywhere for _ in parameters)), out_specs=split)
    return shared(pool, jnp.arange(pool.valid.size).reshape(pool.valid.shape), *parameters)


def by_whole_trees(settings: PoolConfig, pool: Pool, anchors: jax.Array | None) -> jax.Array:
    """The contrast of the vectors themselves, by one similarity of whole trees; see `Contrast`."""
    return weighted_contrast(
        l2_normalise(pool.views()),
        pool.weights(combined_similarity(pool.trees, anchors), anchors),
        pool.groups(settings.group),
        pool.valid,
        settings.temperature,
        anchors,
    )


def _in_turns(loss: Contrast, pool: Pool, anchors: jax.Array | None, *parameters: Any) -> jax.Array:
    """The losses `[b]` of the anchors, of as many at a time as make `PAIRS` pairs with the pool."""
    examples = pool.valid.size
    count, size = examples if anchors is None else anchors.size, max(1, PAIRS // max(1, examples))
    if count <= size:
        return loss(pool, anchors, *parameters)
    every = jnp.arange(examples) if anchors is None else anchors
    turns = jnp.pad(every, (0, -count % size)).reshape(-1, size)
    losses = jax.lax.map(jax.checkpoint(lambda turn: loss(pool, turn, *parameters)), turns)
    return losses.reshape(-1)[:count]


def contrast_terms(name: str, loss: jax.Array, pool: Pool) -> Terms:
    """The means of a contrastive loss over the examples whose tree is known and over those whose is not.

    An example of SPACE-3's labelled stream may have only one of its two trees; the turn without a tree is contrasted as
    unlabelled.

    Args:
      name: name of the terms.
      loss: of the shape of `pool.valid`.
      pool: the examples.
    """
    parts = {LABELLED: pool.known, UNLABELLED: pool.valid & ~pool.known}
    return {f"{name}/{part}": Sum.of(loss, flags.astype(jnp.float32)) for part, flags in parts.items()}
