"""StructBERT: an encoder that puts words and turns into order (Wang et al., ICLR 2020, arXiv 1908.04577, section 2).

One pass over a dialogue serves both objectives, as published: hidden and moved words are predicted at their places, and
the order of the last two turns from a `[CLS]` before them.
"""

import dataclasses

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct

from space_jax.config import ModelConfig
from space_jax.features.batch import Batch, Tokens
from space_jax.features.word_order import ORDERS, OTHER, PREVIOUS
from space_jax.models.backbone import Backbone, Dense
from space_jax.models.heads import (
    MaskedTokenHead,
    Pooler,
    encode_summarised,
    has_tokens,
    joined,
    per_example,
    per_token,
    prompt_grid,
    responded,
)


@struct.dataclass
class Structure:
    """What StructBERT predicts of a batch.

    Attributes:
      losses: `[R, M]` float32, the cross-entropy of each hidden or moved word.
      right: `[R, M]` bool, whether it is the likeliest word.
      order_logits: `[B, 3]` float32, of `features.word_order.ORDERS`.
    """

    losses: jax.Array
    right: jax.Array
    order_logits: jax.Array


class StructBertModel(nn.Module):
    """The encoder with the bare `[CLS]` embedding before each dialogue, as in SPACE-2, and two heads."""

    config: ModelConfig

    def setup(self) -> None:
        config = self.config
        self.backbone = Backbone(config)
        self.masked_head = MaskedTokenHead(config)
        self.pooler = Pooler(config)
        self.order_head = Dense(config, len(ORDERS), ("embed", None), output_dtype=jnp.float32)

    def encode(self, tokens: Tokens, batch: Batch) -> tuple[jax.Array, jax.Array]:
        """The output of the `[CLS]` of each example, float32 `[B, H]`, and of the tokens `[R, L, H]`."""
        ids, _ = prompt_grid((self.config.vocabulary.summary,), batch.occupied)
        summaries, x = self.backbone.embedding(ids), self.backbone.embed(tokens)
        grid, x, _ = encode_summarised(self.backbone, summaries, x, tokens.segments, batch.occupied)
        return per_example(grid, batch), x

    def summarise(self, batch: Batch) -> jax.Array:
        """The dialogue representation of each context, float32 `[B, H]`."""
        return self.encode(first_segment(batch.context), batch)[0]

    def score_words(self, x: jax.Array, positions: jax.Array) -> jax.Array:
        """Scores the vocabulary: tokens `[R, L, H]` at `positions` `[R, M]` -> float32 `[R, M, padded V]`."""
        return self.masked_head(x, positions, self.backbone.embedding)

    def score_order(self, summaries: jax.Array) -> jax.Array:
        """Scores the three orders: `[B, H]` -> float32 `[B, 3]`."""
        return self.order_head(self.pooler(summaries))

    def predict(self, batch: Batch) -> Structure:
        """Restores the words and the order of a batch."""
        summaries, x = self.encode(ordered(batch), batch)
        losses, right = self.masked_head.predictions(
            x, batch.masked_positions, self.backbone.embedding, batch.masked_targets, batch.masked_weights > 0
        )
        return Structure(losses, right, self.score_order(summaries))

    def initialise(self, batch: Batch) -> None:
        """Creates every parameter by using it."""
        self.predict(batch)


def first_segment(context: Tokens) -> Tokens:
    """The context with every token in the first segment: roles are segments here, as in the published weights."""
    return dataclasses.replace(context, roles=jnp.zeros_like(context.roles))


def orderable(batch: Batch) -> jax.Array:
    """Whether each example has the response that its order needs, its own or another's: float32 `[B]`."""
    return jnp.where(batch.variant == OTHER, has_tokens(batch.negative.segments, batch), responded(batch))


def ordered(batch: Batch) -> Tokens:
    """The masked context and a response in the order drawn for each example, `[R, L + 2 Lr]`.

    The two turns are the context's last and the response. As they were, the response is the newer, turn 0; swapped, it
    is turn 1, and the context's last turn is turn 0; or another dialogue's response is turn 0. The newest turn is the
    second segment, everything before it the first. The turns before stay where they are, so that neither the number of
    turns nor that of a segment's tokens says which order it is. Who spoke would say it, and is nowhere to be seen.
    """
    pairs = orderable(batch)

    def drawn(segments: jax.Array, order: int) -> jax.Array:
        flags = jnp.where(batch.variant == order, pairs, 0.0)
        return per_token(flags, segments, batch) > 0

    swapped = drawn(batch.context.segments, PREVIOUS) & (batch.context.turns == 1)
    context = dataclasses.replace(
        batch.context,
        ids=batch.masked_ids,
        turns=jnp.where(swapped, 0, batch.context.turns),
        roles=swapped.astype(jnp.int32),
    )
    elsewhere, first = drawn(batch.response.segments, OTHER), drawn(batch.response.segments, PREVIOUS)
    response = dataclasses.replace(
        batch.response,
        segments=jnp.where(elsewhere, 0, batch.response.segments),
        turns=first.astype(jnp.int32),
        roles=(~first).astype(jnp.int32),
    )
    taken = drawn(batch.negative.segments, OTHER)
    negative = dataclasses.replace(
        batch.negative,
        segments=jnp.where(taken, batch.negative.segments, 0),
        turns=jnp.zeros_like(batch.negative.turns),
        roles=jnp.ones_like(batch.negative.roles),
    )
    return joined(joined(context, response), negative)
