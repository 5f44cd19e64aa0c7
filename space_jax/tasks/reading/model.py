"""The reading model: a linear head on every token says how likely an answer begins and ends there."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.models.backbone import Dense
from space_jax.models.dropout import Dropout
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.text_packing import TaskBatch
from space_jax.tasks.token_offsets import take_tokens

SIDES = ("start", "end")
NO_TOKEN = -1e9
"""The score where a passage has no token; finite, so that 0 times it is 0."""


class ReadingHead(nn.Module):
    """Scores of the beginning and of the end of an answer; only their differences matter, so they have no bias."""

    config: ModelConfig
    rate: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Scores, float32 `[R, L, 2]`, of tokens `[R, L, H]`."""
        dense = Dense(self.config, len(SIDES), ("embed", None), use_bias=False, output_dtype=jnp.float32, name="sides")
        return dense(Dropout(self.rate)(x))


class ReadingModel(Encoder):
    """Encoder and reading head."""

    rate: float

    def setup(self) -> None:
        super().setup()
        self.head = ReadingHead(self.config, self.rate)

    def __call__(self, batch: TaskBatch) -> jax.Array:
        """Scores float32 `[B, 2, 1 + P]`: 0 for "no answer", then those of the passage's tokens over it."""
        scores, places = self.head(self.tokens(batch)), batch.places
        odds = take_tokens(scores, places["tokens"]) - take_tokens(scores, places["nowhere"])  # [B, P, 2]
        odds = jnp.where(batch.examples["there"][..., None], odds, NO_TOKEN)
        return jnp.moveaxis(jnp.pad(odds, ((0, 0), (1, 0), (0, 0))), 2, 1)
