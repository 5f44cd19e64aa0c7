"""The model of roles of columns: the encoder, and the head that says of slots what a turn does with them."""

import jax
import jax.numpy as jnp

from space_jax.models.star import SlotHead
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.text_packing import TaskBatch


class ColumnsModel(Encoder):
    """Encoder and `SlotHead`.

    Attributes:
      roles: the number of roles.
      columns: C, of an example.
    """

    roles: int
    columns: int

    def setup(self) -> None:
        super().setup()
        self.head = SlotHead(self.config, self.roles)

    def __call__(self, batch: TaskBatch) -> jax.Array:
        """Scores the roles of the columns of each row, whose tokens have their numbers: float32 `[R, C, roles]`."""
        numbers = jnp.arange(1, self.columns + 1, dtype=jnp.int32)
        members = batch.rows["columns"][:, None, :] == numbers[None, :, None]
        return self.head(self.tokens(batch), members)
