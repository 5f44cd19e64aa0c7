"""The tagging model: a linear head on the outputs of the utterance's tokens."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.models.backbone import Dense
from space_jax.models.dropout import Dropout
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.slots.tags import TAGS
from space_jax.tasks.text_packing import TaskBatch
from space_jax.tasks.token_offsets import take_tokens


class TaggingHead(nn.Module):
    """Scores of the tags of each slot, and of the utterance's intents.

    Attributes:
      slots: S.
      intents: I; 0 for none.
    """

    config: ModelConfig
    slots: int
    intents: int
    rate: float

    @nn.compact
    def __call__(self, x: jax.Array, there: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Scores.

        Args:
          x: `[B, T, H]`, the tokens of the utterance.
          there: `[B, T]` bool.

        Returns:
          float32 `[B, T, S, 3]`, and `[B, I]` from the mean over the tokens.
        """
        x = Dropout(self.rate)(x)
        tags = self._dense(self.slots * TAGS, "tags")(x).reshape(*x.shape[:2], self.slots, TAGS)
        if not self.intents:
            return tags, jnp.zeros((x.shape[0], 0), jnp.float32)
        weights = there.astype(jnp.float32) / jnp.maximum(there.sum(axis=1, keepdims=True), 1)
        mean = jnp.einsum("BT,BTH->BH", weights, x.astype(jnp.float32))
        return tags, self._dense(self.intents, "intents")(mean)

    def _dense(self, features: int, name: str) -> Dense:
        return Dense(self.config, features, ("embed", None), output_dtype=jnp.float32, name=name)


class SlotModel(Encoder):
    """Encoder and tagging head."""

    slots: int
    intents: int
    rate: float

    def setup(self) -> None:
        super().setup()
        self.head = TaggingHead(self.config, self.slots, self.intents, self.rate)

    def __call__(self, batch: TaskBatch) -> tuple[jax.Array, jax.Array]:
        """Scores of tags `[B, T, S, 3]` and of intents `[B, I]`."""
        x = take_tokens(self.tokens(batch), batch.places["tokens"])
        return self.head(x, batch.examples["there"])
