"""Electra: a small generator fills masked words in, and a discriminator says of every token whether it was replaced.

Both read the same embedding, the token table too, which is also the generator's output layer (Clark et al., ICLR 2020,
arXiv 2003.10555, sections 2 and 3.2).
"""

import dataclasses

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.models.attention_path import visible
from space_jax.models.axis_names import constrain
from space_jax.models.backbone import Backbone, Block, Dense, Embedding, mask_vocabulary, stacked
from space_jax.models.heads import MaskedTokenHead
from space_jax.models.kv_cache import KVCache
from space_jax.models.masks import Sight
from space_jax.models.replicas import on_copies, run_on_copies

HEAD_EPSILON = 1e-5  # of the LayerNorm in the generator's head: that of the library which the released code pins


def generator_sizes(model: ModelConfig, heads: int) -> ModelConfig:
    """A generator with fewer heads, each as wide as the discriminator's: 4 give the published 256 with any size.

    Args:
      model: the discriminator.
      heads: of the generator.
    """
    return dataclasses.replace(
        model,
        hidden=heads * (model.hidden // model.heads),
        heads=heads,
        mlp=max(1, model.mlp * heads // model.heads),
    )


class Generator(nn.Module):
    """A masked language model on the discriminator's embedding.

    Attributes:
      config: the discriminator's sizes, of which the embedding has the width.
      own: the sizes of the generator's layers.
      epsilon: of the LayerNorm in its head.
    """

    config: ModelConfig
    own: ModelConfig
    epsilon: float = HEAD_EPSILON

    def setup(self) -> None:
        if self.own.hidden != self.config.hidden:
            self.project = Dense(self.config, self.own.hidden, ("embed", None))
        self.layers = on_copies(stacked(Block, self.own, in_axes=(0, nn.broadcast)), Backbone.ROWS)(self.own)
        self.head = MaskedTokenHead(dataclasses.replace(self.config, layer_norm_epsilon=self.epsilon))

    def __call__(self, x: jax.Array, segments: jax.Array) -> jax.Array:
        """Reads embedded tokens `[R, L, H]` of which some are masked: `[R, L, G]`, G its own width."""
        memory = KVCache.empty(self.own, x.shape[0])
        if self.own.hidden != self.config.hidden:
            x = self.project(x)
        seen = visible(self.own, Sight(segments, memory.segments, causal=False))
        given = x.astype(self.own.dtype), (memory.keys, memory.values), seen
        return run_on_copies(self.layers, Backbone.ROWS, *given)[0]

    def losses(
        self, x: jax.Array, positions: jax.Array, embedding: Embedding, targets: jax.Array, counts: jax.Array
    ) -> jax.Array:
        """The cross-entropy of each masked word, see `MaskedTokenHead.losses`; `x` is `[R, L, G]`."""
        return self.head.losses(x, positions, embedding, targets, counts)

    def draw(self, x: jax.Array, positions: jax.Array, embedding: Embedding, key: jax.Array | None) -> jax.Array:
        """A word for each masked place, drawn from what the generator expects there; nothing is differentiated.

        One column of places at a time, so that the scores of the vocabulary `[R, M, V]` never exist at once.

        Args:
          x: `[R, L, G]`.
          positions: `[R, M]` int32.
          embedding: holds the tied token table.
          key: of the draw; None takes the likeliest word.

        Returns:
          `[R, M]` int32.
        """
        # Before the loop: parameters of a module cannot be read within one, and parts of the table are gathered once.
        at = jax.lax.stop_gradient(self.head.at(x, positions))
        table, bias = constrain(embedding.token, "vocab", None).astype(at.dtype), self.head.bias

        def column(given: tuple[jax.Array, jax.Array]) -> jax.Array:
            place, vectors = given
            scores = jnp.einsum("RH,VH->RV", vectors, table, preferred_element_type=jnp.float32)
            scores = mask_vocabulary(scores + jnp.broadcast_to(bias, scores.shape), self.config)
            if key is not None:
                scores += jax.random.gumbel(jax.random.fold_in(key, place), scores.shape)
            return jnp.argmax(scores, axis=-1).astype(jnp.int32)

        places = jnp.arange(positions.shape[1])
        return jax.lax.stop_gradient(jax.lax.map(column, (places, at.swapaxes(0, 1))).T)


class ReplacedHead(nn.Module):
    """Dense layer, GELU, one logit a token: above 0 for a token that was replaced."""

    config: ModelConfig

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Scores tokens `[R, L, H]`: float32 `[R, L]`."""
        config = self.config
        inner = nn.gelu(Dense(config, config.hidden, ("embed", None), name="dense")(x), approximate=False)
        return Dense(config, 1, ("embed", None), output_dtype=jnp.float32, name="logit")(inner)[..., 0]


def put_in(ids: jax.Array, positions: jax.Array, words: jax.Array, counts: jax.Array) -> jax.Array:
    """The text with words put in at some places: ids `[R, L]`, the other `[R, M]`, `counts` bool -> `[R, L]`."""
    rows, length = ids.shape
    # Places that do not count fall behind the end of the row, from where nothing is read.
    places = jnp.where(counts, positions, length)
    row = jnp.broadcast_to(jnp.arange(rows)[:, None], places.shape)
    return jnp.pad(ids, ((0, 0), (0, 1))).at[row, places].set(words)[:, :length]
