"""VECO on our backbone: each of two sequences is read alone, and beside the other (Luo et al., ACL 2021, section 3).

All parameters are shared but those of the cross-attention, which is a sublayer of every layer that is in or out. For
dialogues x is the context and y the response.
"""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.features.batch import Batch, Tokens
from space_jax.models.attention_path import visible
from space_jax.models.backbone import Backbone, Embedding, stacked
from space_jax.models.cross_block import CrossBlock, CrossSource
from space_jax.models.heads import MaskedTokenHead, context_means
from space_jax.models.kv_cache import KVCache
from space_jax.models.masks import Sight, same_segment
from space_jax.models.replicas import Rows, on_copies, run_on_copies


class CrossBackbone(Backbone):
    """The backbone with a cross-attention sublayer in every layer; without a source it is `Backbone`, to the bit."""

    ROWS: ClassVar[Rows] = ((0, 1, 0, 1, 0), (0, 1))

    def setup(self) -> None:
        config, each, shared = self.config, 0, nn.broadcast
        self.embedding = Embedding(config)
        self.layers = on_copies(stacked(CrossBlock, config, in_axes=(each, shared, each, shared)), self.ROWS)(config)
        self.source = stacked(CrossSource, config, in_axes=())(config)

    def encode_beside(
        self, x: jax.Array, segments: jax.Array, source: jax.Array, source_segments: jax.Array
    ) -> jax.Array:
        """Runs the layers on tokens that attend to one another and to a source of their example.

        Args:
          x: `[R, Q, H]` from `Embedding`.
          segments: `[R, Q]`.
          source: `[R, S, H]`, the output of `encode`.
          source_segments: `[R, S]`.

        Returns:
          The last layer's output `[R, Q, H]`.
        """
        memory = KVCache.empty(self.config, x.shape[0])
        seen = visible(self.config, Sight(segments, memory.segments, causal=False))
        _, projected = self.source(source)
        beside = same_segment(segments, source_segments)
        given = x.astype(self.config.dtype), (memory.keys, memory.values), seen, projected, beside
        return run_on_copies(self.layers, self.ROWS, *given)[0]

    def _run(
        self, x: jax.Array, segments: jax.Array, memory: KVCache, causal: bool, ids: jax.Array | None = None
    ) -> tuple[jax.Array, KVCache]:
        seen = visible(self.config, Sight(segments, memory.segments, causal))
        given = x.astype(self.config.dtype), (memory.keys, memory.values), seen, None, None
        x, ((keys, values), _) = run_on_copies(self.layers, self.ROWS, *given)
        return x, memory.grown(keys, values, segments, ids)


Predicted = tuple[jax.Array, jax.Array]
"""The cross-entropy of each masked word, float32, and whether it is the likeliest one, bool."""


class VecoModel(nn.Module):
    """Encoder with a plug, and a masked-word head.

    Attributes:
      plugged: whether there is cross-attention.
    """

    config: ModelConfig
    plugged: bool = True

    def setup(self) -> None:
        self.backbone = CrossBackbone(self.config) if self.plugged else Backbone(self.config)
        self.masked_head = MaskedTokenHead(self.config)

    def encode(self, tokens: Tokens) -> jax.Array:
        """Reads a sequence `[R, L]` alone: `[R, L, H]`."""
        return self.backbone.encode(self.backbone.embed(tokens), tokens.segments)[0]

    def encode_beside(self, tokens: Tokens, source: jax.Array, source_segments: jax.Array) -> jax.Array:
        """Reads a sequence `[R, L]` beside another's outputs `[R, S, H]`: `[R, L, H]`."""
        return self.backbone.encode_beside(self.backbone.embed(tokens), tokens.segments, source, source_segments)

    def summarise(self, batch: Batch) -> jax.Array:
        """The mean of the tokens of each unmasked context read alone, float32 `[B, H]`."""
        x = self.encode(batch.context)
        return context_means(x, batch)

    def of_context(self, x: jax.Array, batch: Batch) -> Predicted:
        """The masked words of the contexts, `[R, M]`, from their outputs `[R, L, H]`."""
        counts = batch.masked_weights > 0
        return self.masked_head.predictions(
            x, batch.masked_positions, self.backbone.embedding, batch.masked_targets, counts
        )

    def of_response(self, x: jax.Array, batch: Batch) -> Predicted:
        """The masked words of the responses, `[R, Lr]`, from their outputs `[R, Lr, H]`."""
        places = jax.lax.broadcasted_iota(jnp.int32, batch.response.ids.shape, 1)
        counts = batch.response_masked_weights > 0
        return self.masked_head.predictions(x, places, self.backbone.embedding, batch.response.ids, counts)

    def initialise(self, batch: Batch) -> None:
        """Creates every parameter by using it."""
        x = self.encode(batch.context)
        self.of_context(x, batch)
        if self.plugged:
            self.encode_beside(batch.response, x, batch.context.segments)


def masked(batch: Batch) -> tuple[Tokens, Tokens]:
    """The masked contexts and responses of a batch."""
    return (
        dataclasses.replace(batch.context, ids=batch.masked_ids),
        dataclasses.replace(batch.response, ids=batch.response_masked_ids),
    )
