"""The writing tracker: the response decoder writes the state instead of a response.

Source: the belief state as the first thing that a decoder writes, as in SimpleTOD (Hosseini-Asl et al., NeurIPS 2020),
here on the memory of the dialogue's encoder as SPACE's response decoder has it.
"""

import jax

from space_jax.features.batch import Tokens
from space_jax.models.copy_head import CopyHead, next_words, word_losses
from space_jax.models.kv_cache import KVCache
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.text_packing import TaskBatch


class WriterModel(Encoder):
    """Encoder and decoder, which are the same backbone.

    Attributes:
      copying: whether words of the context can be copied (`models.copy_head`).
    """

    copying: bool = False

    def setup(self) -> None:
        super().setup()
        self.copy_head = CopyHead(self.config) if self.copying else None

    def __call__(self, batch: TaskBatch, following: jax.Array, counts: jax.Array) -> jax.Array:
        """Loss of `following` `[R, T]`, the token after each of a state's, float32 `[R, T]`, 0 where not `counts`."""
        tokens = Tokens(
            **{name: batch.rows[f"target_{name}"] for name in ("ids", "positions", "roles", "turns", "segments")}
        )
        memory = self.memory(batch)
        x, _ = self.backbone.decode(self.embed(tokens), tokens.segments, memory)
        return word_losses(self.backbone, self.copy_head, x, tokens.segments, memory, following, counts)

    def memory(self, batch: TaskBatch) -> KVCache:
        """The memory for the decoder."""
        return self.encode(batch.context, batch.occupied)[2]

    def next_token(self, tokens: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """Scores of the token after each of `tokens` `[R, T]`, float32 `[R, T, padded V]`, and the memory grown."""
        x, grown = self.backbone.decode(self.embed(tokens), tokens.segments, memory)
        return next_words(self.backbone, self.copy_head, x, tokens.segments, memory), grown
