"""SPACE-1 (GALAXY): dialog acts from a summary vector, responses from a prefix LM (He et al., AAAI 2022, section 4)."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct

from space_jax.config import ModelConfig
from space_jax.dialogue.acts import ACTS
from space_jax.features.batch import Batch, Tokens
from space_jax.models.backbone import Backbone, Dense
from space_jax.models.copy_head import CopyHead, next_words, word_losses
from space_jax.models.heads import encode_summarised, joined, learned_summaries, per_example, summary_init
from space_jax.models.kv_cache import KVCache


@struct.dataclass
class Reading:
    """SPACE-1's outputs for a context.

    Attributes:
      summary: `[B, H]` float32.
      act_logits: `[B, 20]` float32.
      memory: summary tokens and context.
    """

    summary: jax.Array
    act_logits: jax.Array
    memory: KVCache


class Space1Model(nn.Module):
    """The backbone with a learned summary vector before each context, an act classifier and a selection head."""

    config: ModelConfig
    copying: bool = False

    def setup(self) -> None:
        config = self.config
        self.backbone = Backbone(config)
        self.copy_head = CopyHead(config) if self.copying else None
        self.summary = self.param("summary", summary_init(config), (config.hidden,))
        self.act_classifier = Dense(config, len(ACTS), ("embed", None), output_dtype=jnp.float32)
        self.selector = Dense(config, 1, ("embed", None), output_dtype=jnp.float32)

    def summarise(self, tokens: Tokens, occupied: jax.Array) -> tuple[jax.Array, KVCache]:
        """Encodes tokens preceded by the summary vectors.

        Args:
          tokens: `[R, L]`.
          occupied: `[R, S]` bool.

        Returns:
          The summary `[R, S, H]` of each slot and the memory of summaries and tokens.
        """
        summaries = learned_summaries(self.summary, self.backbone.embedding, occupied)
        x = self.backbone.embed(tokens)
        grid, _, memory = encode_summarised(self.backbone, summaries, x, tokens.segments, occupied, tokens.ids)
        return grid, memory

    def read(self, batch: Batch) -> Reading:
        """Summarises the contexts and scores the acts of their responses."""
        grid, memory = self.summarise(batch.context, batch.occupied)
        summary = per_example(grid, batch)
        return Reading(summary, self.act_classifier(summary), memory)

    def respond(self, response: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """The response decoder: scores of each next token, float32 `[R, Lr, padded V]`, and the extended memory."""
        x, grown = self.backbone.decode(self.backbone.embed(response), response.segments, memory)
        return next_words(self.backbone, self.copy_head, x, response.segments, memory), grown

    def response_losses(self, response: Tokens, memory: KVCache, targets: jax.Array, counts: jax.Array) -> jax.Array:
        """The cross-entropy of each next token, float32 `[R, Lr]`, where `counts` `[R, Lr]` is True."""
        x, _ = self.backbone.decode(self.backbone.embed(response), response.segments, memory)
        return word_losses(self.backbone, self.copy_head, x, response.segments, memory, targets, counts)

    def select(self, batch: Batch, response: Tokens) -> jax.Array:
        """Whether a response belongs to its context: logits, float32 `[B]`."""
        grid, _ = self.summarise(joined(batch.context, response), batch.occupied)
        return self.selector(per_example(grid, batch))[:, 0]

    def initialise(self, batch: Batch) -> None:
        """Creates every parameter by using it."""
        reading = self.read(batch)
        self.respond(batch.response, reading.memory)
        self.select(batch, batch.response)
