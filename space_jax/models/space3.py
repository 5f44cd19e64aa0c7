"""SPACE-3: one encoder, three decoders (He et al., SIGIR 2022, arXiv 2209.06664, sections 3.2 to 3.4)."""

import dataclasses

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct

from space_jax.config import ModelConfig
from space_jax.features.batch import Batch, Tokens
from space_jax.models.backbone import Backbone, Dense, mask_vocabulary
from space_jax.models.copy_head import CopyHead, next_words, word_losses
from space_jax.models.heads import MaskedTokenHead, Pooler, joined, last_prompts, per_example, prompt_grid
from space_jax.models.kv_cache import KVCache


@struct.dataclass
class View:
    """The outputs of one dropout view of a batch.

    Attributes:
      user, system: `[B, H]` float32, the understanding vectors of the last user turn and of the response.
      user_pooled, system_pooled: `[B, H]` float32, the same through the pooler.
      memory: context and understanding prompts.
    """

    user: jax.Array
    system: jax.Array
    user_pooled: jax.Array
    system_pooled: jax.Array
    memory: KVCache


class Space3Model(nn.Module):
    """The parts of SPACE-3. Each decoder takes a memory and returns it extended by its own tokens."""

    config: ModelConfig
    copying: bool = False

    def setup(self) -> None:
        config = self.config
        self.backbone = Backbone(config)
        self.copy_head = CopyHead(config) if self.copying else None
        self.masked_head = MaskedTokenHead(config)
        self.pooler = Pooler(config)
        self.bag_of_words = Dense(
            config, config.vocabulary.padded_size, ("embed", "vocab"), use_bias=False, output_dtype=jnp.float32
        )

    def encode(self, tokens: Tokens) -> tuple[jax.Array, KVCache]:
        """The dialogue encoder: `[R, L]` tokens to `[R, L, H]` and their memory."""
        return self.backbone.encode(self.backbone.embed(tokens), tokens.segments, tokens.ids)

    def understand(self, memory: KVCache, occupied: jax.Array) -> tuple[jax.Array, KVCache]:
        """The understanding decoder.

        Args:
          memory: the tokens to be understood.
          occupied: `[R, S]` bool.

        Returns:
          The understanding vectors `[R, S, H]` and the memory extended by the prompts.
        """
        return self._prompted(self.config.vocabulary.understand, memory, occupied)

    def decide(self, memory: KVCache, occupied: jax.Array) -> tuple[jax.Array, KVCache]:
        """The policy decoder, on a memory that ends with the understanding prompts; results as for `understand`."""
        return self._prompted(self.config.vocabulary.policy, memory, occupied)

    def _prompted(self, prompts: tuple[int, ...], memory: KVCache, occupied: jax.Array) -> tuple[jax.Array, KVCache]:
        ids, segments = prompt_grid(prompts, occupied)
        x, memory = self.backbone.decode(self.backbone.embedding(ids), segments, memory)
        return last_prompts(x, len(prompts)), memory

    def respond(self, response: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """The response decoder: scores of each next token, float32 `[R, Lr, padded V]`, and the extended memory."""
        x, grown = self.backbone.decode(self.backbone.embed(response), response.segments, memory)
        return next_words(self.backbone, self.copy_head, x, response.segments, memory), grown

    def response_losses(self, response: Tokens, memory: KVCache, targets: jax.Array, counts: jax.Array) -> jax.Array:
        """The cross-entropy of each next token, float32 `[R, Lr]`, where `counts` `[R, Lr]` is True."""
        x, _ = self.backbone.decode(self.backbone.embed(response), response.segments, memory)
        return word_losses(self.backbone, self.copy_head, x, response.segments, memory, targets, counts)

    def score_masked(self, context: Tokens, masked_ids: jax.Array, positions: jax.Array) -> jax.Array:
        """Scores the masked tokens.

        Args:
          context: `[R, L]`.
          masked_ids: `[R, L]`, the context's ids after masking.
          positions: `[R, M]`, the columns to score.

        Returns:
          float32 `[R, M, padded V]`.
        """
        x, _ = self.encode(dataclasses.replace(context, ids=masked_ids))
        return self.masked_head(x, positions, self.backbone.embedding)

    def masked_losses(self, batch: Batch) -> jax.Array:
        """The cross-entropy of each masked token, float32 `[R, M]`."""
        x, _ = self.encode(dataclasses.replace(batch.context, ids=batch.masked_ids))
        counts = batch.masked_weights > 0
        return self.masked_head.losses(x, batch.masked_positions, self.backbone.embedding, batch.masked_targets, counts)

    def score_words(self, vectors: jax.Array) -> jax.Array:
        """One distribution over words per example: `[B, H]` -> float32 `[B, padded V]`."""
        return mask_vocabulary(self.bag_of_words(vectors), self.config)

    def pool(self, vectors: jax.Array) -> jax.Array:
        """The pooler, `[B, H]` -> float32 `[B, H]`."""
        return self.pooler(vectors)

    def view(self, batch: Batch) -> View:
        """Understands the context, and the context together with the response."""
        _, memory = self.encode(batch.context)
        user, memory = self.understand(memory, batch.occupied)
        _, whole = self.encode(joined(batch.context, batch.response))
        system, _ = self.understand(whole, batch.occupied)
        user_vector, system_vector = per_example(user, batch), per_example(system, batch)
        return View(user_vector, system_vector, self.pool(user_vector), self.pool(system_vector), memory)

    def policy_before_user(self, batch: Batch) -> jax.Array:
        """The policy vector `[B, H]` before the user's last turn: the context without it."""
        _, memory = self.encode(without_last_turn(batch.context))
        _, memory = self.understand(memory, batch.occupied)
        vectors, _ = self.decide(memory, batch.occupied)
        return per_example(vectors, batch)

    def initialise(self, batch: Batch) -> None:
        """Creates every parameter by using it."""
        view = self.view(batch)
        self.decide(view.memory, batch.occupied)
        self.respond(batch.response, view.memory)
        self.score_masked(batch.context, batch.masked_ids, batch.masked_positions)
        self.score_words(view.user)


def without_last_turn(context: Tokens) -> Tokens:
    """The context before its last turn: that turn becomes padding and the other turn ids decrease by one."""
    earlier = context.turns > 1
    return dataclasses.replace(
        context, segments=jnp.where(earlier, context.segments, 0), turns=jnp.where(earlier, context.turns - 1, 0)
    )
