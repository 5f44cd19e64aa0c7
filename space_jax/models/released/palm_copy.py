"""PALM as released for English: a RoBERTa encoder, a decoder with a token table of its own, copying from the source.

Source: Bi et al., "PALM", EMNLP 2020 (arXiv 2004.07159), in the form of the released code.
"""

import math

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.losses.copy_mixture import as_released_log_probs, mixture_log_probs
from space_jax.models.backbone import Dense
from space_jax.models.kv_cache import KVCache
from space_jax.models.released.palm import Encoded
from space_jax.models.released.stack import (
    Layers,
    PositionTable,
    SourceMemory,
    Stack,
    StackConfig,
    TokenTable,
    positions_from,
    sinusoids,
)


class ReleasedCopyPalm(nn.Module):
    """Encoder, decoder and copy gate.

    Attributes:
      types: rows of the encoder's type table, of which the first is used.
      first: the encoder's first position.
      padding: the id of padding.
      copies: whether there is a gate; released weights without copying have none.
    """

    encoder: StackConfig
    decoder: StackConfig
    types: int
    first: int
    padding: int
    copies: bool = True

    def setup(self) -> None:
        model, size = self.encoder.model, self.encoder.model.vocabulary.size
        self.tokens, self.places = TokenTable(model, size), PositionTable(model, self.types)
        self.encoder_stack = Stack(self.encoder)
        self.target_tokens = TokenTable(self.decoder.model, size)
        self.decoder_stack = Stack(self.decoder)
        init = nn.with_logical_partitioning(nn.initializers.zeros, ("vocab",))
        self.bias = self.param("bias", init, (size,))
        if self.copies:
            self.gate_head = Dense(self.decoder.model, 1, ("embed", None), output_dtype=jnp.float32)

    def encode(self, ids: jax.Array, present: jax.Array) -> Encoded:
        """Reads ids `[R, S]`; `present` is False at padding."""
        positions = positions_from(ids != self.padding, self.first)
        x = self.places(self.tokens(ids), positions, jnp.zeros_like(ids))
        return Encoded(x, self.encoder_stack.encode(x, present))

    def prepare(self, encoded: Encoded, present: jax.Array) -> SourceMemory:
        """What the decoder needs of the source."""
        return self.decoder_stack.prepare(encoded.layers.output, present)

    def decode(self, ids: jax.Array, source: SourceMemory, memory: KVCache | None = None) -> Layers:
        """Continues targets `[R, T]` behind those of the memory."""
        first = 0 if memory is None else memory.segments.sum(axis=1, keepdims=True)
        positions = jnp.broadcast_to(jnp.arange(ids.shape[1]), ids.shape) + first
        hidden = self.decoder.model.hidden
        x = self.target_tokens(ids) * math.sqrt(hidden) + sinusoids(positions, hidden)
        return self.decoder_stack.decode(x, memory, source, ids != self.padding)

    def score(self, layers: Layers) -> jax.Array:
        """Log-probabilities of each next token without copying, float32 `[R, T, V]`."""
        return jax.nn.log_softmax(self.target_tokens.logits(layers.output, self.bias))

    def gate(self, layers: Layers, source: SourceMemory) -> jax.Array:
        """The share of generating against copying, float32 `[R, T, 1]`."""
        seen = jnp.einsum("RTS,RSH->RTH", layers.share, source.vectors)
        return jax.nn.sigmoid(self.gate_head(jnp.concatenate([seen, layers.output], axis=-1)))

    def score_copying(
        self, layers: Layers, source: SourceMemory, source_ids: jax.Array, as_released: bool = True
    ) -> jax.Array:
        """Log-probabilities of each next token with copying, float32 `[R, T, V]`; see `losses.copy_mixture`."""
        mixed = as_released_log_probs if as_released else mixture_log_probs
        return mixed(self.score(layers), self.gate(layers, source)[..., 0], layers.share, source_ids)

    def initialise(self, ids: jax.Array) -> None:
        """Creates every parameter by using it, on ids `[R, S]`."""
        present = jnp.ones(ids.shape, bool)
        source = self.prepare(self.encode(ids, present), present)
        layers = self.decode(ids, source)
        self.score_copying(layers, source, ids) if self.copies else self.score(layers)
