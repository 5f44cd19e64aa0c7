"""What the released encoder-decoders share: a stack of layers, embeddings, scores by a tied table."""

import dataclasses
import math

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct

from space_jax.config import ModelConfig
from space_jax.models.backbone import LayerNorm, stacked, weight_init
from space_jax.models.cross_block import CrossBlock, CrossSource, Source, attention_share
from space_jax.models.kv_cache import KVCache
from space_jax.models.masks import decoder_mask, same_segment

_LONGEST_WAVE = 10000.0


@dataclasses.dataclass(frozen=True)
class StackConfig:
    """The form of a stack.

    Attributes:
      model: its sizes, of which `positions` and `roles` belong to its embedding.
      norm_first: whether LayerNorm comes before each sublayer, and behind the last layer, too.
      final_norms: how often the LayerNorm behind the last layer is applied; 0: there is none.
      tanh: whether GELU is approximated.
    """

    model: ModelConfig
    norm_first: bool = False
    final_norms: int = 0
    tanh: bool = False


@struct.dataclass
class SourceMemory:
    """A source that a decoder attends to: computed once for all tokens of a target.

    Attributes:
      vectors: `[R, S, H]`, the encoder's output.
      layers: keys and values of every layer of the decoder, `[layers, R, N, S, D]` each.
      present: `[R, S]` bool, False at padding.
    """

    vectors: jax.Array
    layers: Source
    present: jax.Array

    def repeated(self, times: int) -> "SourceMemory":
        """Each row several times in a row, for the hypotheses of a beam."""
        return SourceMemory(
            jnp.repeat(self.vectors, times, axis=0),
            (jnp.repeat(self.layers[0], times, axis=1), jnp.repeat(self.layers[1], times, axis=1)),
            jnp.repeat(self.present, times, axis=0),
        )


@struct.dataclass
class Layers:
    """What a stack computes.

    Attributes:
      hidden: `[layers, R, Q, H]`, the output of each layer; no LayerNorm behind the last.
      output: `[R, Q, H]`, of the last layer, with the LayerNorms behind it.
      memory: of the tokens so far.
      share: `[R, Q, S]` float32, how much the last layer's tokens look at each of the source's; None without a source.
    """

    hidden: jax.Array
    output: jax.Array
    memory: KVCache
    share: jax.Array | None


class _Layer(CrossBlock):
    """A layer whose output is kept beside being handed on."""

    def __call__(self, x, *arguments):  # type: ignore[no-untyped-def]
        x, kept = super().__call__(x, *arguments)
        return x, (x, *kept)


class Stack(nn.Module):
    """Layers with their last LayerNorm, and the projections of the source where there is one."""

    config: StackConfig

    def setup(self) -> None:
        config, each, shared = self.config, 0, nn.broadcast
        self.layers = stacked(_Layer, config.model, (each, shared, each, shared))(
            config.model, norm_first=config.norm_first, tanh=config.tanh
        )
        self.source = stacked(CrossSource, config.model, ())(config.model)
        if config.final_norms:
            self.norm = LayerNorm(config.model)

    def prepare(self, vectors: jax.Array, present: jax.Array) -> SourceMemory:
        """What this decoder needs of an encoder's output `[R, S, H]`; `present` `[R, S]` is False at padding."""
        return SourceMemory(vectors, self.source(vectors)[1], present)

    def encode(self, x: jax.Array, present: jax.Array) -> Layers:
        """Tokens `[R, Q, H]` that all attend to one another; `present` `[R, Q]` is False at padding."""
        segments = present.astype(jnp.int32)
        return self._run(x, segments, KVCache.empty(self.config.model, len(x)), same_segment(segments, segments), None)

    def predict(self, x: jax.Array, present: jax.Array, source: SourceMemory) -> Layers:
        """Tokens `[R, Q, H]` that attend to all of one another and to the source."""
        segments = present.astype(jnp.int32)
        memory = KVCache.empty(self.config.model, len(x))
        return self._run(x, segments, memory, same_segment(segments, segments), source)

    def decode(
        self, x: jax.Array, memory: KVCache | None, source: SourceMemory, present: jax.Array | None = None
    ) -> Layers:
        """Tokens `[R, Q, H]` that attend to earlier ones, causally to one another, and to the source.

        What stands at padding attends like a token, but no token attends to it: `present` `[R, Q]` is False there.
        """
        every = jnp.ones(x.shape[:2], jnp.int32)
        memory = KVCache.empty(self.config.model, len(x)) if memory is None else memory
        segments = every if present is None else present.astype(jnp.int32)
        seen = jnp.concatenate([memory.segments, segments], axis=1) > 0
        return self._run(
            x, segments, memory, decoder_mask(every, jnp.ones_like(memory.segments)) & seen[:, None], source
        )

    def _run(
        self, x: jax.Array, segments: jax.Array, memory: KVCache, mask: jax.Array, source: SourceMemory | None
    ) -> Layers:
        x, memory_of_layers = x.astype(self.config.model.dtype), (memory.keys, memory.values)
        if source is None:
            x, (hidden, (keys, values), _) = self.layers(x, memory_of_layers, mask, None, None)
            share = None
        else:
            seen = jnp.broadcast_to(source.present[:, None], (*x.shape[:2], source.present.shape[1]))
            x, (hidden, (keys, values), queries) = self.layers(x, memory_of_layers, mask, source.layers, seen)
            share = attention_share(queries[-1], source.layers[0][-1], seen)
        for _ in range(self.config.final_norms):
            x = self.norm(x)
        return Layers(hidden, x, memory.grown(keys, values, segments), share)


class TokenTable(nn.Module):
    """Token embeddings, which also score.

    Attributes:
      rows: tokens of the vocabulary.
    """

    config: ModelConfig
    rows: int

    def setup(self) -> None:
        init = nn.with_logical_partitioning(weight_init(self.config), ("vocab", "embed"))
        self.token = self.param("token", init, (self.rows, self.config.hidden))

    def __call__(self, ids: jax.Array) -> jax.Array:
        """`[R, L]` ids to `[R, L, H]`."""
        return self.token[ids]

    def logits(self, x: jax.Array, bias: jax.Array | None = None) -> jax.Array:
        """Scores of every token, float32: `[..., H]` -> `[..., V]`; `bias` `[V]` is added where there is one."""
        scores = jnp.einsum("...H,VH->...V", x, self.token, preferred_element_type=jnp.float32)
        return scores if bias is None else scores + jnp.broadcast_to(bias, scores.shape)


class PositionTable(nn.Module):
    """Position and type embeddings with the LayerNorm of the sum; rows before the first position are never read.

    Attributes:
      types: rows of the type table; 0: there is none.
    """

    config: ModelConfig
    types: int = 0

    def setup(self) -> None:
        config = self.config

        def table(name: str, rows: int) -> jax.Array:
            init = nn.with_logical_partitioning(weight_init(config), (None, "embed"))
            return self.param(name, init, (rows, config.hidden))

        self.position = table("position", config.positions)
        if self.types:
            self.role = table("role", self.types)
        self.norm = LayerNorm(config)

    def __call__(self, x: jax.Array, positions: jax.Array, types: jax.Array | None = None) -> jax.Array:
        """Adds the rows of `positions` and `types` `[R, L]` to embedded tokens `[R, L, H]`, then normalises."""
        x = x + self.position[positions]
        return self.norm(x if types is None else x + self.role[types])


def positions_from(present: jax.Array, first: int) -> jax.Array:
    """RoBERTa's positions: `first`, `first` + 1, ... over the tokens that are present, the one before at padding.

    Args:
      present: `[R, L]` bool.
      first: the first position.

    Returns:
      `[R, L]` int32.
    """
    counted = jnp.cumsum(present, axis=1, dtype=jnp.int32) - 1 + first
    return jnp.where(present, counted, max(first - 1, 0))


def sinusoids(positions: jax.Array, hidden: int) -> jax.Array:
    """Fixed position embeddings, sines in even columns and cosines in odd ones: `[R, L]` -> `[R, L, H]`.

    Source: Vaswani et al., NeurIPS 2017, arXiv 1706.03762, section 3.5.
    """
    rates = jnp.exp(-math.log(_LONGEST_WAVE) * jnp.arange(0, hidden, 2) / hidden)
    angles = positions[..., None] * jnp.broadcast_to(rates, (*positions.shape, len(rates)))
    return jnp.stack([jnp.sin(angles), jnp.cos(angles)], axis=-1).reshape(*positions.shape, -1)[..., :hidden]
