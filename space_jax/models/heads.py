"""Heads on the backbone, and conversions between grids and examples."""

from typing import Any, Protocol

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.features.batch import Batch, Tokens
from space_jax.models.backbone import Backbone, Dense, Embedding, LayerNorm, weight_init
from space_jax.models.kv_cache import KVCache


class MaskedTokenHead(nn.Module):
    """Dense layer, GELU, LayerNorm, then the tied token table with its own bias."""

    config: ModelConfig

    def setup(self) -> None:
        config = self.config
        self.dense = Dense(config, config.hidden, ("embed", None))
        self.norm = LayerNorm(config)
        init = nn.with_logical_partitioning(nn.initializers.zeros, ("vocab",))
        self.bias = self.param("bias", init, (config.vocabulary.padded_size,))

    def __call__(self, x: jax.Array, positions: jax.Array, embedding: Embedding) -> jax.Array:
        """Scores the vocabulary at the given positions only, since most tokens are not masked.

        Args:
          x: `[R, L, H]`.
          positions: `[R, M]` int32 columns.
          embedding: holds the tied token table.

        Returns:
          float32 `[R, M, padded V]`.
        """
        scores = embedding.logits(self.at(x, positions))
        return scores + jnp.broadcast_to(self.bias, scores.shape)

    def losses(
        self, x: jax.Array, positions: jax.Array, embedding: Embedding, targets: jax.Array, counts: jax.Array
    ) -> jax.Array:
        """The cross-entropy `[R, M]` of `targets` `[R, M]` at `positions`, where `counts` (bool `[R, M]`) is True."""
        return self.predictions(x, positions, embedding, targets, counts)[0]

    def predictions(
        self, x: jax.Array, positions: jax.Array, embedding: Embedding, targets: jax.Array, counts: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """`losses`, and whether each target is the likeliest token, bool `[R, M]`."""
        return embedding.predictions(self.at(x, positions), targets, counts, self.bias)

    def at(self, x: jax.Array, positions: jax.Array) -> jax.Array:
        """What the token table scores at `positions` `[R, M]`: `[R, M, H]`."""
        x = jnp.take_along_axis(x, positions[:, :, None], axis=1)
        return self.norm(nn.gelu(self.dense(x), approximate=False))


class Pooler(nn.Module):
    """Dense layer + tanh, `[..., H]` -> float32 `[..., H]`, since contrastive losses compare the outputs."""

    config: ModelConfig

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Pools `x` `[..., H]`."""
        dense = Dense(self.config, self.config.hidden, ("embed", None), output_dtype=jnp.float32, name="dense")
        return jnp.tanh(dense(x))


class Subspaces(nn.Module):
    """The projection matrices of SPACE-2, one per view; `losses.multi_view_contrast` applies them.

    Attributes:
      views: W.
      width: D, the width of one subspace.
    """

    config: ModelConfig
    views: int
    width: int

    @nn.compact
    def __call__(self) -> tuple[jax.Array, jax.Array]:
        """Returns the kernels `[W, H, D]` and the biases `[W, D]`."""
        names = ("subspace", "embed", "mlp")
        shape = (self.views, self.config.hidden, self.width)
        kernels = self.param("kernels", nn.with_logical_partitioning(weight_init(self.config), names), shape)
        zeros = nn.with_logical_partitioning(nn.initializers.zeros, ("subspace", "mlp"))
        return kernels, self.param("biases", zeros, (self.views, self.width))


def prompt_grid(ids: tuple[int, ...], occupied: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The prompts of every slot, in order.

    Args:
      ids: the P prompt tokens.
      occupied: `[R, S]` bool.

    Returns:
      ids and segments, each `[R, S * P]` int32.
    """
    rows = occupied.shape[0]
    tokens = jnp.tile(jnp.asarray(ids, jnp.int32), (rows, occupied.shape[1]))
    return tokens, jnp.repeat(slot_segments(occupied), len(ids), axis=1)


def slot_segments(occupied: jax.Array) -> jax.Array:
    """The segment id of each slot, 0 where it is empty: `[R, S]` bool -> `[R, S]` int32."""
    numbers = jnp.arange(1, occupied.shape[1] + 1, dtype=jnp.int32)
    return jnp.where(occupied, jnp.broadcast_to(numbers, occupied.shape), 0)


def summary_init(config: ModelConfig) -> nn.initializers.Initializer:
    """Initial weights of SPACE-1's learned summary vector `[H]`."""
    return nn.with_logical_partitioning(weight_init(config), ("embed",))


def learned_summaries(summary: jax.Array, embedding: Embedding, occupied: jax.Array) -> jax.Array:
    """SPACE-1's summary vector, normalised by itself, in every slot: `[H]` -> `[R, S, H]`."""
    return jnp.broadcast_to(embedding.norm(summary), (*occupied.shape, len(summary)))


def encode_summarised(
    backbone: Backbone,
    summaries: jax.Array,
    x: jax.Array,
    segments: jax.Array,
    occupied: jax.Array,
    ids: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array, KVCache]:
    """Encodes tokens with a summary before each example.

    Args:
      backbone: the encoder.
      summaries: `[R, S, H]`, embedded.
      x: `[R, L, H]`, embedded.
      segments: `[R, L]`.
      occupied: `[R, S]` bool.
      ids: `[R, L]`, see `Backbone.encode`.

    Returns:
      The outputs of the summaries `[R, S, H]` and of the tokens `[R, L, H]`, and the memory of both.
    """
    slots = occupied.shape[1]
    segments = jnp.concatenate([slot_segments(occupied), segments], axis=1)
    if ids is not None:
        ids = jnp.pad(ids, ((0, 0), (slots, 0)), constant_values=-1)
    outputs, memory = backbone.encode(jnp.concatenate([summaries, x], axis=1), segments, ids)
    return outputs[:, :slots], outputs[:, slots:], memory


def last_prompts(x: jax.Array, prompts: int) -> jax.Array:
    """The output of each slot's last prompt: `[R, S * P, H]` -> `[R, S, H]`."""
    rows, length, hidden = x.shape
    return x.reshape(rows, length // prompts, prompts, hidden)[:, :, -1]


class Placed(Protocol):
    """The contexts of a batch and the positions of its examples, as in `Batch`; batches of tasks have them too."""

    context: Any
    occupied: Any
    slot: Any
    valid: Any


def per_example(grid: jax.Array, batch: Placed) -> jax.Array:
    """Gathers each example from its slot: `[R, S, H]` -> float32 `[B, H]`, zeros for an invalid example."""
    vectors = grid.reshape(-1, grid.shape[-1])[batch.slot].astype(jnp.float32)
    return jnp.where(batch.valid[:, None], vectors, 0.0)


def context_means(x: jax.Array, batch: Placed) -> jax.Array:
    """The mean over the tokens of each example's context: `[R, L, H]` -> float32 `[B, H]`, zeros for an invalid one."""
    member = members_of(batch.context.segments, batch).astype(jnp.float32)
    counts = jnp.maximum(member.sum(axis=2), 1.0)
    return per_example(jnp.einsum("RSL,RLH->RSH", member, x.astype(jnp.float32)) / counts[:, :, None], batch)


def members_of(segments: jax.Array, batch: Placed) -> jax.Array:
    """Which tokens of a grid belong to which slot: `[R, L]` -> bool `[R, S, L]`."""
    numbers = jnp.arange(1, batch.occupied.shape[1] + 1, dtype=jnp.int32)
    return segments[:, None, :] == numbers[None, :, None]


def has_tokens(segments: jax.Array, batch: Batch) -> jax.Array:
    """Whether each example has a token in a grid of the batch: segments `[R, L]` -> float32 `[B]`."""
    present = jnp.any(members_of(segments, batch), axis=2)
    return present.reshape(-1)[batch.slot].astype(jnp.float32)


def responded(batch: Batch) -> jax.Array:
    """Whether each example has a response to learn from: float32 `[B]`."""
    return has_tokens(batch.response.segments, batch)


def all_of_example(flags: jax.Array, segments: jax.Array, batch: Batch) -> jax.Array:
    """Whether each example's tokens in a grid are all flagged: `[R, L]` bool, segments `[R, L]` -> float32 `[B]`."""
    whole = jnp.all(~members_of(segments, batch) | flags[:, None, :], axis=2)
    return whole.reshape(-1)[batch.slot].astype(jnp.float32)


def joined(first: Tokens, second: Tokens) -> Tokens:
    """Concatenates two grids along the columns; an example's tokens share a segment id but may be apart."""
    return jax.tree.map(lambda a, b: jnp.concatenate([a, b], axis=1), first, second)


def per_token(flags: jax.Array, segments: jax.Array, batch: Batch) -> jax.Array:
    """Broadcasts each example's value to its tokens.

    Args:
      flags: `[B]` float32.
      segments: `[R, L]` of a grid of the batch.

    Returns:
      `[R, L]` float32, 0 at padding.
    """
    rows, slots = batch.occupied.shape
    flags = jnp.where(batch.valid, flags, 0.0)
    grid = jnp.zeros(rows * slots, jnp.float32).at[batch.slot].add(flags).reshape(rows, slots)
    return jnp.take_along_axis(jnp.pad(grid, ((0, 0), (1, 0))), segments, axis=1)
