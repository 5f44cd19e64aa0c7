"""After STAR: an electra whose discriminator also reads a schema and says what a turn does with each of its slots.

Three things are predicted of a text: which tokens were replaced, the role of every slot of the schema behind it, and a
vector of the turn (Cai et al., EMNLP Findings 2022, arXiv 2210.11888, section 3, and its released code).
"""

import dataclasses

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct

from space_jax.config import ModelConfig
from space_jax.dialogue.slot_roles import UNUSED
from space_jax.features.batch import Batch, SlotGrid
from space_jax.models.attentive_pool import AttentivePool
from space_jax.models.backbone import Backbone, Dense, LayerNorm
from space_jax.models.electra import HEAD_EPSILON, Generator, ReplacedHead, put_in
from space_jax.models.heads import members_of, per_example


@struct.dataclass
class Read:
    """What the discriminator says of a grid of texts with P examples and C slots a row.

    Attributes:
      replaced: float32 `[R, L]`, above 0 for tokens that were replaced.
      roles: float32 `[R, C, roles]`, of each slot.
      turns: float32 `[R, P, H]`, a vector of each example.
    """

    replaced: jax.Array
    roles: jax.Array
    turns: jax.Array


class SlotHead(nn.Module):
    """The role of a slot from the outputs of its tokens: pool, dense layer, GELU, LayerNorm, logits."""

    config: ModelConfig
    roles: int

    @nn.compact
    def __call__(self, x: jax.Array, slots: jax.Array) -> jax.Array:
        """Scores slots: `[R, L, H]` and their tokens `[R, C, L]` bool -> float32 `[R, C, roles]`."""
        config = self.config
        pooled = AttentivePool(config, name="pool")(x, slots)
        inner = nn.gelu(Dense(config, config.hidden, ("embed", None), name="dense")(pooled), approximate=False)
        inner = LayerNorm(config, name="norm")(inner)
        return Dense(config, self.roles, ("embed", None), output_dtype=jnp.float32, name="logits")(inner)


class TurnHead(nn.Module):
    """The vector of a turn: tanh(W x), pooled over all tokens of its example, the schema's too, as released."""

    config: ModelConfig

    @nn.compact
    def __call__(self, x: jax.Array, examples: jax.Array) -> jax.Array:
        """Pools examples: `[R, L, H]` and their tokens `[R, P, L]` bool -> float32 `[R, P, H]`."""
        inner = jnp.tanh(Dense(self.config, self.config.hidden, ("embed", None), name="dense")(x))
        return AttentivePool(self.config, name="pool")(inner, examples)


class StarModel(nn.Module):
    """Generator, discriminator and the heads of the discriminator.

    Attributes:
      generator_config: the sizes of the generator.
      roles: what a slot may be in a turn.
      weighted: whether the three tasks have trainable weights.
      generator_epsilon: of the LayerNorm in the generator's head.
    """

    config: ModelConfig
    generator_config: ModelConfig
    roles: int
    weighted: bool = True
    generator_epsilon: float = HEAD_EPSILON

    def setup(self) -> None:
        config = self.config
        self.backbone = Backbone(config)
        self.generator = Generator(config, self.generator_config, self.generator_epsilon)
        self.replaced_head = ReplacedHead(config)
        self.slot_head = SlotHead(config, self.roles)
        self.turn_head = TurnHead(config)
        if self.weighted:
            ones = nn.with_logical_partitioning(nn.initializers.ones, (None,))
            self.task_weights = self.param("task_weights", ones, (3,))

    def generate(self, x: jax.Array, segments: jax.Array) -> jax.Array:
        """Reads embedded masked text `[R, L, H]` with the generator: `[R, L, G]`."""
        return self.generator(x, segments)

    def read(self, x: jax.Array, segments: jax.Array, slots: jax.Array, examples: jax.Array) -> Read:
        """Reads embedded text with the discriminator.

        Args:
          x: `[R, L, H]`.
          segments: `[R, L]`.
          slots: `[R, C, L]` bool, the tokens of each slot.
          examples: `[R, P, L]` bool, the tokens of each example.
        """
        x, _ = self.backbone.encode(x, segments)
        return Read(self.replaced_head(x), self.slot_head(x, slots), self.turn_head(x, examples))

    def fill_in(self, batch: Batch, key: jax.Array | None) -> tuple[jax.Array, jax.Array]:
        """Predicts the masked words of the contexts, and writes words of the generator in their place.

        Args:
          batch: the batch.
          key: of the draw; None writes the likeliest words.

        Returns:
          The cross-entropy of each masked word `[R, M]`, and the contexts' ids with the words written `[R, L]`.
        """
        masked = dataclasses.replace(batch.context, ids=batch.masked_ids)
        x = self.generate(self.backbone.embed(masked), masked.segments)
        at, table, counts = batch.masked_positions, self.backbone.embedding, batch.masked_weights > 0
        losses = self.generator.losses(x, at, table, batch.masked_targets, counts)
        return losses, put_in(batch.context.ids, at, self.generator.draw(x, at, table, key), counts)

    def read_contexts(self, ids: jax.Array, batch: Batch) -> Read:
        """Reads the contexts with these ids `[R, L]`; `turns` of the result are `[B, H]`, one an example."""
        context = dataclasses.replace(batch.context, ids=ids)
        examples = members_of(context.segments, batch)
        found = self.read(self.backbone.embed(context), context.segments, slot_tokens(batch), examples)
        return dataclasses.replace(found, turns=per_example(found.turns, batch))

    def summarise(self, batch: Batch) -> jax.Array:
        """The vector of the last turn of each unmasked context, float32 `[B, H]`."""
        return self.read_contexts(batch.context.ids, batch).turns

    def initialise(self, batch: Batch) -> None:
        """Creates every parameter by using it."""
        _, ids = self.fill_in(batch, None)
        self.read_contexts(ids, batch)

    def weights(self) -> jax.Array:
        """The weights of the three tasks, `[3]`; 1 where they are not trained."""
        return self.task_weights if self.weighted else jnp.ones(3)


def slots_of(batch: Batch) -> SlotGrid:
    """The schemas of a batch; one without has a single slot a row, which is not there."""
    if batch.slots is not None:
        return batch.slots
    nothing = jnp.zeros((*batch.context.ids.shape[:-1], 1), jnp.int32)
    return SlotGrid(jnp.zeros_like(batch.context.ids), nothing, nothing > 0)


def slot_tokens(batch: Batch) -> jax.Array:
    """The tokens of each slot: bool `[R, C, L]`."""
    slots = slots_of(batch)
    numbers = jnp.arange(1, slots.roles.shape[1] + 1, dtype=jnp.int32)
    return slots.numbers[:, None, :] == numbers[None, :, None]


def of_unused_slots(batch: Batch) -> jax.Array:
    """Which tokens belong to a slot that its turn does not use: bool `[R, L]`."""
    slots = slots_of(batch)
    unused = jnp.pad(slots.there & (slots.roles == UNUSED), ((0, 0), (1, 0)))
    return jnp.take_along_axis(unused, slots.numbers, axis=1)
