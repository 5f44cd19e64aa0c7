"""The contrastive pool: the data a contrastive loss needs about every example of the whole batch."""

import jax
import jax.numpy as jnp
from flax import struct

from space_jax.features.batch import Batch
from space_jax.losses import Sum, contrast_weights, pool_groups
from space_jax.models.heads import responded
from space_jax.models.recipe import Terms
from space_jax.models.views import LABELLED, UNLABELLED


@struct.dataclass
class Pool:
    """Examples to be contrasted.

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

    def weights(self, similarity: jax.Array) -> jax.Array:
        """Contrast weights from tree similarities `[..., B, B]`: the identity where a tree is unknown."""
        return contrast_weights(similarity, self.known)

    def groups(self, size: int) -> jax.Array:
        """The contrast group of each example, `[B]` int32."""
        return pool_groups(self.known, self.valid, size)


def contrast_terms(name: str, loss: jax.Array, pool: Pool) -> Terms:
    """The means of a contrastive loss `[B]` over the examples whose tree is known and over those whose is not.

    An example of SPACE-3's labelled stream may have only one of its two trees; the turn without a tree is contrasted as
    unlabelled.
    """
    parts = {LABELLED: pool.known, UNLABELLED: pool.valid & ~pool.known}
    return {f"{name}/{part}": Sum.of(loss, flags.astype(jnp.float32)) for part, flags in parts.items()}
