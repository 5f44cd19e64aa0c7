"""The contrastive pool: what a contrast needs of every example of the whole batch."""

import jax
import jax.numpy as jnp
from flax import struct

from space_jax.features.batch import Batch
from space_jax.losses import Sum, contrast_weights, pool_groups
from space_jax.models.recipe import Terms
from space_jax.models.views import LABELLED, UNLABELLED


@struct.dataclass
class Pool:
    """Examples to be contrasted.

    Attributes:
      labelled, valid: `[B]` bool.
      trees: name -> hashed view sets `[B, W, K]`.
      vectors: name -> `[B, 2, H]` float32, two dropout views of each example.
    """

    labelled: jax.Array
    valid: jax.Array
    trees: dict[str, jax.Array]
    vectors: dict[str, jax.Array]

    @classmethod
    def of(cls, batch: Batch, trees: dict[str, jax.Array], views: dict[str, jax.Array]) -> "Pool":
        """The pool of one micro-batch; `views` are `[2, B, H]`."""
        return cls(batch.labelled, batch.valid, trees, {name: v.swapaxes(0, 1) for name, v in views.items()})

    def flattened(self) -> "Pool":
        """The pool of all micro-batches, of arrays with a leading axis of micro-batches."""
        return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), self)

    def views(self, name: str) -> jax.Array:
        """The vectors by view, `[2, B, H]`."""
        return self.vectors[name].swapaxes(0, 1)

    def weights(self, similarity: jax.Array) -> jax.Array:
        """Contrast weights from tree similarities `[..., B, B]`: the identity for unlabelled examples."""
        return contrast_weights(similarity, self.labelled & self.valid)

    def groups(self, size: int) -> jax.Array:
        """Which examples are contrasted with one another, `[B]` int32 group ids."""
        return pool_groups(self.labelled & self.valid, self.valid, size)


def contrast_terms(name: str, loss: jax.Array, pool: Pool) -> Terms:
    """The mean over each stream of a contrastive loss `[B]`."""
    streams = {LABELLED: pool.labelled & pool.valid, UNLABELLED: ~pool.labelled & pool.valid}
    return {f"{name}/{stream}": Sum.of(loss, flags.astype(jnp.float32)) for stream, flags in streams.items()}
