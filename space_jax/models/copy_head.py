"""Copying words of the context: a pointer beside the response decoder, on any recipe that has one.

Source: Bi et al., "PALM", EMNLP 2020 (arXiv 2004.07159). There the last layer's cross-attention says what is copied.
Our decoder attends to context and response at once, so here its output asks the context's keys of the last layer once
more, with a projection of its own; what it then reads, and its output, decide the gate.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.losses.copy_mixture import (
    as_released_log_probs,
    as_released_of_targets,
    mixture_log_probs,
    mixture_of_targets,
)
from space_jax.models.axis_names import constrain
from space_jax.models.backbone import Backbone, Dense, Embedding, projection_init
from space_jax.models.cross_block import attention_share
from space_jax.models.kv_cache import KVCache
from space_jax.models.masks import same_segment


class CopyHead(nn.Module):
    """Chooses between the vocabulary and the words that the encoder has read.

    Words that a decoder was given or has written are never copied, so that a token at a time gives what all at once do.

    Attributes:
      released: the mixture of PALM's released code instead of the paper's, see `losses.copy_mixture`.
    """

    config: ModelConfig
    released: bool = False

    def setup(self) -> None:
        config = self.config
        heads, width = config.heads, config.hidden // config.heads
        shape, names = (config.hidden, heads, width), ("embed", "heads", "kv")
        self.query_kernel = self.param(
            "query_kernel", nn.with_logical_partitioning(projection_init(config, shape), names), shape
        )
        self.query_bias = self.param(
            "query_bias", nn.with_logical_partitioning(nn.initializers.zeros, names[1:]), shape[1:]
        )
        self.gate = Dense(config, 1, ("embed", None), output_dtype=jnp.float32)

    def look(self, x: jax.Array, segments: jax.Array, memory: KVCache) -> tuple[jax.Array, jax.Array]:
        """What is copied, and how likely nothing is.

        Args:
          x: `[R, Q, H]`, the decoder's output.
          segments: `[R, Q]`.
          memory: of M tokens, with or without those of `x`.

        Returns:
          The share of each of the memory's tokens, float32 `[R, Q, M]`, and the gate `[R, Q]`, 1 for generating.
        """
        dtype = self.config.dtype
        query = jnp.einsum("RQH,HND->RNQD", x.astype(dtype), self.query_kernel.astype(dtype))
        query = constrain(query + self.query_bias.astype(dtype)[None, :, None], "batch", "heads", "length", "kv")
        mask = same_segment(segments, memory.segments) & (memory.ids >= 0)[:, None]
        share = attention_share(query, memory.keys[-1], mask)
        read = jnp.einsum("RQM,RNMD->RQND", share.astype(dtype), memory.values[-1]).reshape(x.shape)
        return share, jax.nn.sigmoid(self.gate(jnp.concatenate([read, x], axis=-1))[..., 0])

    def predictions(
        self,
        x: jax.Array,
        segments: jax.Array,
        memory: KVCache,
        embedding: Embedding,
        targets: jax.Array,
        counts: jax.Array,
    ) -> tuple[jax.Array, jax.Array]:
        """The loss of each next token, with copying and as the vocabulary alone has it.

        Args:
          x: see `look`, as for `segments` and `memory`.
          segments: see there.
          memory: see there.
          embedding: scores the vocabulary.
          targets: `[R, Q]` int32.
          counts: `[R, Q]` bool.

        Returns:
          Two float32 `[R, Q]`, 0 where `counts` is False.
        """
        generated = embedding.cross_entropy(x, targets, counts)
        share, gate = self.look(x, segments, memory)
        given = -generated, gate, share, memory.ids, targets
        size = jnp.asarray(self.config.vocabulary.size)
        log_p = as_released_of_targets(*given, size) if self.released else mixture_of_targets(*given)
        return jnp.where(counts, -log_p, 0.0), generated

    def scores(self, x: jax.Array, segments: jax.Array, memory: KVCache, embedding: Embedding) -> jax.Array:
        """Log-probabilities of each next token, float32 `[R, Q, padded V]`; arguments as for `predictions`."""
        share, gate = self.look(x, segments, memory)
        log_p = jax.nn.log_softmax(embedding.logits(x))
        size = self.config.vocabulary.size
        mixed = as_released_log_probs if self.released else mixture_log_probs
        scores = mixed(log_p[..., :size], gate, share, memory.ids)
        return jnp.concatenate([scores, log_p[..., size:]], axis=-1)


def next_words(
    backbone: Backbone, copy_head: CopyHead | None, x: jax.Array, segments: jax.Array, memory: KVCache
) -> jax.Array:
    """Scores of each next token with copying where there is a head for it: float32 `[R, Q, padded V]`.

    Args:
      backbone: has the vocabulary.
      copy_head: None to generate only.
      x: `[R, Q, H]`, the decoder's output.
      segments: `[R, Q]`.
      memory: what the decoder attended to.
    """
    if copy_head is None:
        return backbone.embedding.logits(x)
    return copy_head.scores(x, segments, memory, backbone.embedding)


def word_losses(
    backbone: Backbone,
    copy_head: CopyHead | None,
    x: jax.Array,
    segments: jax.Array,
    memory: KVCache,
    targets: jax.Array,
    counts: jax.Array,
) -> jax.Array:
    """The cross-entropy of each next token under `next_words`, float32 `[R, Q]`; arguments as for `CopyHead`."""
    if copy_head is None:
        return backbone.embedding.cross_entropy(x, targets, counts)
    return copy_head.predictions(x, segments, memory, backbone.embedding, targets, counts)[0]


def word_predictions(
    backbone: Backbone,
    copy_head: CopyHead | None,
    x: jax.Array,
    segments: jax.Array,
    memory: KVCache,
    targets: jax.Array,
    counts: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    """`word_losses`, and whether each target is the likeliest token, bool `[R, Q]`; arguments as there."""
    if copy_head is None:
        return backbone.embedding.predictions(x, targets, counts)
    given = backbone, copy_head, x, segments, memory
    right = next_words(*given).argmax(axis=-1) == targets  # the whole vocabulary, where somebody asks for it
    return word_losses(*given, targets, counts), right
