"""PALM as released for Chinese, which is PLUG's form, too: one embedding for both sides, fused projections.

Source: Bi et al., "PALM", EMNLP 2020 (arXiv 2004.07159), in the form of the released code: the encoder's LayerNorm
stands before or after each sublayer, the decoder's always before. Where it stands before, the one behind the last
encoder layer is applied twice.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct

from space_jax.config import ModelConfig
from space_jax.models.backbone import Dense, LayerNorm
from space_jax.models.kv_cache import KVCache
from space_jax.models.released.stack import Layers, PositionTable, SourceMemory, Stack, StackConfig, TokenTable

ORDERS = 3
PUBLISHED_NORMS = 2  # of the encoder's output where LayerNorm stands before each sublayer


@struct.dataclass
class Encoded:
    """The encoder's reading of a batch.

    Attributes:
      embedding: `[R, S, H]`.
      layers: see `Layers`.
    """

    embedding: jax.Array
    layers: Layers


class WordHead(nn.Module):
    """Dense layer, GELU, LayerNorm, then the tied table with a bias of its own."""

    config: ModelConfig
    rows: int

    @nn.compact
    def __call__(self, x: jax.Array, table: TokenTable) -> jax.Array:
        """`[..., H]` -> float32 `[..., V]`."""
        x = nn.gelu(Dense(self.config, self.config.hidden, ("embed", None), name="dense")(x), approximate=False)
        init = nn.with_logical_partitioning(nn.initializers.zeros, ("vocab",))
        return table.logits(LayerNorm(self.config, name="norm")(x), self.param("bias", init, (self.rows,)))


class ReleasedPalm(nn.Module):
    """Encoder, decoder, and the heads of the encoder's two objectives.

    Attributes:
      types: rows of the type table.
    """

    encoder: StackConfig
    decoder: StackConfig
    types: int

    def setup(self) -> None:
        model = self.encoder.model
        self.tokens = TokenTable(model, model.vocabulary.size)
        self.places = PositionTable(model, self.types)
        self.encoder_stack, self.decoder_stack = Stack(self.encoder), Stack(self.decoder)
        self.masked_head = WordHead(model, model.vocabulary.size)
        self.order_head = Dense(model, ORDERS, ("embed", None), output_dtype=jnp.float32)

    def embed(self, ids: jax.Array, types: jax.Array, first: jax.Array | int = 0) -> jax.Array:
        """Embeds ids and types `[R, L]` from position `first` on: `[R, L, H]`."""
        positions = jnp.broadcast_to(jnp.arange(ids.shape[1]), ids.shape) + first
        return self.places(self.tokens(ids), positions, types)

    def encode(self, ids: jax.Array, types: jax.Array, present: jax.Array) -> Encoded:
        """Reads ids and types `[R, S]`; `present` is False at padding."""
        x = self.embed(ids, types)
        return Encoded(x, self.encoder_stack.encode(x, present))

    def prepare(self, encoded: Encoded, present: jax.Array) -> SourceMemory:
        """What the decoder needs of the source."""
        return self.decoder_stack.prepare(encoded.layers.output, present)

    def decode(self, ids: jax.Array, source: SourceMemory, memory: KVCache | None = None) -> tuple[jax.Array, Layers]:
        """Continues targets `[R, T]` behind those of the memory: their embedding `[R, T, H]`, and the layers."""
        first = 0 if memory is None else memory.segments.sum(axis=1, keepdims=True)
        x = self.embed(ids, jnp.zeros_like(ids), first)
        return x, self.decoder_stack.decode(x, memory, source)

    def next_token(
        self, ids: jax.Array, source: SourceMemory, memory: KVCache | None = None
    ) -> tuple[jax.Array, KVCache]:
        """Scores of the token after each of `ids` `[R, T]`, float32 `[R, T, V]`, and the memory grown."""
        _, layers = self.decode(ids, source, memory)
        return self.tokens.logits(layers.output), layers.memory

    def score_words(self, x: jax.Array) -> jax.Array:
        """Scores of the masked words at vectors `[..., H]`: float32 `[..., V]`."""
        return self.masked_head(x, self.tokens)

    def score_order(self, encoded: Encoded) -> jax.Array:
        """Scores of the three orders of two segments, float32 `[R, 3]`, of the first vector, without a pooler."""
        return self.order_head(encoded.layers.output[:, 0])

    def initialise(self, ids: jax.Array) -> None:
        """Creates every parameter by using it, on ids `[R, S]`."""
        present = jnp.ones(ids.shape, bool)
        encoded = self.encode(ids, jnp.zeros_like(ids), present)
        self.next_token(ids, self.prepare(encoded, present))
        self.score_words(encoded.embedding), self.score_order(encoded)
