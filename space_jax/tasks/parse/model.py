"""Scores of labels for all spans of an utterance at once: a biaffine form of its first and its last word.

score(i, j, c) = a_i^T U_c b_j + V_c a_i + W_c b_j + bias_c,  a_i = gelu(A x_i),  b_j = gelu(B x_j)

Source: the biaffine span classifier of Yu et al., "Named Entity Recognition as Dependency Parsing", ACL 2020, section 3
(x_i here is the first piece of the first word, x_j the last piece of the last), for the spans of Pasupat et al., 2019.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.models.backbone import Dense, weight_init
from space_jax.models.dropout import Dropout
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.parse.spans import kinds
from space_jax.tasks.text_packing import TaskBatch
from space_jax.tasks.token_offsets import take_tokens


class SpanHead(nn.Module):
    """The biaffine form.

    Attributes:
      labels: C, "none" included.
      width: D of a and b.
    """

    config: ModelConfig
    labels: int
    width: int
    rate: float

    @nn.compact
    def __call__(self, first: jax.Array, last: jax.Array) -> jax.Array:
        """Scores.

        Args:
          first: `[B, W, H]`, the first piece of each word.
          last: `[B, W, H]`, the last piece of each word.

        Returns:
          float32 `[B, W, W, C]`, from word i to word j included.
        """
        config = self.config
        sides = []
        for name, x in (("first", first), ("last", last)):
            dense = Dense(config, self.width, ("embed", None), output_dtype=jnp.float32, name=name)
            vector = nn.gelu(dense(Dropout(self.rate)(x)))
            # Appending a one to the vector makes the linear terms and the bias part of the form.
            ones = jnp.ones((*vector.shape[:-1], 1), vector.dtype)
            sides.append(jnp.concatenate([Dropout(self.rate)(vector), ones], axis=-1))
        shape = (self.width + 1, self.labels, self.width + 1)
        form = self.param("form", nn.with_logical_partitioning(weight_init(config), (None, None, None)), shape)
        # The form is small beside the encoder. Accelerators round the inputs of a float32 product by default.
        half = jnp.einsum("BID,DCE->BICE", sides[0], form, precision=jax.lax.Precision.HIGHEST)
        return jnp.einsum("BICE,BJE->BIJC", half, sides[1], precision=jax.lax.Precision.HIGHEST)


class ParseModel(Encoder):
    """Encoder and span head."""

    labels: int
    width: int
    rate: float

    def setup(self) -> None:
        super().setup()
        self.head = SpanHead(self.config, self.labels, self.width, self.rate)

    def __call__(self, batch: TaskBatch) -> jax.Array:
        """Scores `[B, W, W, C]` of every span and label."""
        x = self.tokens(batch)
        return self.head(take_tokens(x, batch.places["first"]), take_tokens(x, batch.places["last"]))


def best_of_kinds(scores: jax.Array, labels: list[str]) -> tuple[jax.Array, jax.Array]:
    """The part of the scores that the search over trees needs, which is much smaller.

    Args:
      scores: `[..., 1 + C]`, "none" first.
      labels: C labels.

    Returns:
      The highest log p(label) - log p(none), float32 `[..., 2, 2]`, among the labels of each kind of top and of bottom
      node, and which label has it, int32 `[..., 2, 2]`; see `cky.best_tree`.
    """
    odds = scores[..., 1:] - scores[..., :1]
    of = np.array([kinds(label) for label in labels]).reshape(-1, 2)
    best, choice = [], []
    for top, bottom in ((0, 0), (0, 1), (1, 0), (1, 1)):
        members = np.flatnonzero((of == (top, bottom)).all(axis=1))
        if len(members):
            best.append(odds[..., members].max(axis=-1))
            choice.append(jnp.asarray(members, jnp.int32)[odds[..., members].argmax(axis=-1)])
        else:
            best.append(jnp.full(odds.shape[:-1], -jnp.inf))
            choice.append(jnp.zeros(odds.shape[:-1], jnp.int32))
    shape = (*odds.shape[:-1], 2, 2)
    return jnp.stack(best, axis=-1).reshape(shape), jnp.stack(choice, axis=-1).reshape(shape)
