"""After STAR: an electra whose discriminator also reads a schema and says what a turn does with each of its slots.

Three things are predicted of a text: which tokens were replaced, the role of every slot of the schema behind it, and a
vector of the turn (Cai et al., EMNLP Findings 2022, arXiv 2210.11888, section 3, and its released code).
"""

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct

from space_jax.config import ModelConfig
from space_jax.models.attentive_pool import AttentivePool
from space_jax.models.backbone import Backbone, Dense, LayerNorm
from space_jax.models.electra import HEAD_EPSILON, Generator, ReplacedHead


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

    def weights(self) -> jax.Array:
        """The weights of the three tasks, `[3]`; 1 where they are not trained."""
        return self.task_weights if self.weighted else jnp.ones(3)
