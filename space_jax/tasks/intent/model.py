"""The heads of intent detection."""

import jax
import jax.numpy as jnp

from space_jax.losses import l2_normalise
from space_jax.models.backbone import Dense
from space_jax.models.dropout import Dropout
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.text_packing import TaskBatch


class IntentModel(Encoder):
    """A linear layer on the vector of an utterance.

    Attributes:
      classes: C.
      head_dropout: of the vector before the layer.
    """

    classes: int
    head_dropout: float

    def setup(self) -> None:
        super().setup()
        self.drop = Dropout(self.head_dropout)
        self.head = Dense(self.config, self.classes, ("embed", None), output_dtype=jnp.float32)

    def classify(self, batch: TaskBatch) -> tuple[jax.Array, jax.Array]:
        """The vectors `[B, H]` and the logits `[B, C]`, float32."""
        vectors = self.vectors(batch)
        return vectors, self.head(self.drop(vectors))

    def directions(self, batch: TaskBatch) -> jax.Array:
        """What nearest neighbours compare, `[B, H]` of length 1.

        SPACE-3 contrasts its prompt's vector through the pooler, so only the pooled vector is comparable.
        """
        return l2_normalise(self.pooled(batch) if self.vector == "prompt" else self.vectors(batch))

    def initialise(self, batch: TaskBatch, linear: bool, masked: bool) -> None:
        """Creates every parameter that a head needs."""
        if linear:
            self.classify(batch)
        else:
            self.directions(batch)
        if masked:
            self.masked_losses(batch)
