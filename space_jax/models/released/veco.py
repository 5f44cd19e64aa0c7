"""VECO as released for generation: layers of an encoder, and of a decoder that adds cross-attention to each.

Source: Luo et al., "VECO", ACL 2021 (arXiv 2010.16046), in the form of the released code: fairseq's RoBERTa with
the rows of the token table times sqrt(H) where they embed, and as they are where they score.
"""

import math

import jax
from flax import linen as nn

from space_jax.models.kv_cache import KVCache
from space_jax.models.released.palm import Encoded
from space_jax.models.released.stack import PositionTable, SourceMemory, Stack, StackConfig, TokenTable, positions_from


class ReleasedVeco(nn.Module):
    """Encoder and decoder over one token table; each has its own positions.

    Attributes:
      first: the first position.
      padding: the id of padding.
      scaled: whether embedded tokens are multiplied by sqrt(H).
    """

    encoder: StackConfig
    decoder: StackConfig
    first: int
    padding: int
    scaled: bool = True

    def setup(self) -> None:
        model = self.encoder.model
        self.tokens = TokenTable(model, model.vocabulary.size)
        self.places, self.target_places = PositionTable(model), PositionTable(self.decoder.model)
        self.encoder_stack, self.decoder_stack = Stack(self.encoder), Stack(self.decoder)

    def encode(self, ids: jax.Array) -> Encoded:
        """Reads the sequence x, `[R, S]`."""
        x = self._embed(self.places, ids, positions_from(ids != self.padding, self.first))
        return Encoded(x, self.encoder_stack.encode(x, ids != self.padding))

    def prepare(self, encoded: Encoded, ids: jax.Array) -> SourceMemory:
        """What the decoder needs of the encoder's reading of `ids` `[R, S]`."""
        return self.decoder_stack.prepare(encoded.layers.output, ids != self.padding)

    def predict(self, ids: jax.Array, source: SourceMemory) -> Encoded:
        """Reads the sequence y, `[R, T]`, which attends to all of itself and to x: the objective of pre-training."""
        x = self._embed(self.target_places, ids, positions_from(ids != self.padding, self.first))
        return Encoded(x, self.decoder_stack.predict(x, ids != self.padding, source))

    def next_token(
        self, ids: jax.Array, source: SourceMemory, memory: KVCache | None = None
    ) -> tuple[jax.Array, KVCache]:
        """Scores of the token after each of `ids` `[R, T]`, float32 `[R, T, V]`, and the memory grown by them."""
        before = 0 if memory is None else memory.segments.sum(axis=1, keepdims=True)
        x = self._embed(self.target_places, ids, positions_from(ids != self.padding, self.first) + before)
        layers = self.decoder_stack.decode(x, memory, source, ids != self.padding)
        return self.score(layers.output), layers.memory

    def score(self, x: jax.Array) -> jax.Array:
        """Scores of every token at vectors `[..., H]`: float32 `[..., V]`."""
        return self.tokens.logits(x)

    def _embed(self, places: PositionTable, ids: jax.Array, positions: jax.Array) -> jax.Array:
        factor = math.sqrt(self.encoder.model.hidden) if self.scaled else 1.0
        return places(self.tokens(ids) * factor, positions)

    def initialise(self, ids: jax.Array) -> None:
        """Creates every parameter by using it, on ids `[R, S]`."""
        self.score(self.predict(ids, self.prepare(self.encode(ids), ids)).embedding)
