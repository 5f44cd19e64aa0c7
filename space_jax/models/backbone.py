"""The UniLM backbone: one post-LayerNorm transformer that is the encoder and, with other masks, every decoder.

Source: BERT (Devlin et al., 2019) with the attention masks of UniLM (Dong et al., 2019), as SPACE-1, -2 and -3 use it.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.ad_checkpoint import checkpoint_name

from space_jax.config import ModelConfig
from space_jax.features.batch import Tokens
from space_jax.losses.tied_vocabulary import Split, tied_predictions
from space_jax.models.attend import NEGATIVE
from space_jax.models.attention_path import along_path, visible
from space_jax.models.axis_names import constrain, mesh_axes
from space_jax.models.dropout import Dropout, dropout
from space_jax.models.kv_cache import KVCache
from space_jax.models.masks import Sight
from space_jax.models.replicas import Rows, on_copies, replicas, run_on_copies

PUBLISHED_WIDTH = 768
_LONGEST_WAVE = 1000.0  # wavelength in positions, divided by 2 pi
_WAVES = 2.0  # root mean square of the waves, in units of the usual standard deviation
_NOISE = 0.1  # added to the identity, in units of the usual weights, which would be as large as the identity


def weight_init(config: ModelConfig) -> nn.initializers.Initializer:
    """normal(0, 0.02) at the published width of 768; the standard deviation scales with 1/sqrt(H).

    With a standard deviation of 0.02 a narrow model passes on almost nothing of its context and is slow to begin
    learning. All embedding tables share this distribution: with xavier-uniform, as published, the rows of the long
    token table would start some ten times smaller than those of the role and turn tables and be drowned out until they
    grow. The published models took their token table from a trained model and so avoided this.
    """
    return nn.initializers.normal(stddev=_deviation(config))


def _deviation(config: ModelConfig) -> float:
    return 0.02 * math.sqrt(PUBLISHED_WIDTH / config.hidden)


def projection_init(config: ModelConfig, split: tuple[int, ...]) -> nn.initializers.Initializer:
    """Initial weights of attention's projections.

    With `attention_init="identity"` each is the identity plus a little noise, so that from the start every head attends
    to similar tokens and copies its part of their vectors. A belief state is mostly copied from the context, and a
    small model with random projections needs many more examples to learn to copy.

    Args:
      config: the model's configuration.
      split: the shape `[H, H]` of a projection with a separate head axis, and 1 for an axis of several projections.

    Source: after Trockman and Kolter, "Mimetic Initialization of Self-Attention Layers", ICML 2023, arXiv 2305.09828,
    section 3. There the products of two projections are set close to multiples of the identity; here each projection
    is, and the product of value and output projections is positive, too.
    """
    normal = weight_init(config)
    if config.attention_init == "normal":
        return normal

    def init(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> jax.Array:
        identity = jnp.eye(config.hidden, dtype=dtype).reshape(split)
        return _NOISE * normal(key, shape, dtype) + jnp.broadcast_to(identity, shape)

    return init


def position_init(config: ModelConfig) -> nn.initializers.Initializer:
    """Initial weights of the position table.

    With `attention_init="identity"` they are waves, so that neighbouring positions are similar and every head attends
    to a token's neighbours from the start: the word before a city says whether it is the destination.

    Args:
      config: the model's configuration.

    Source: waves of 1 / 1 to 1 / 1000 radians a position after Vaswani et al., NeurIPS 2017, arXiv 1706.03762, section
    3.5; the columns are shuffled, so that each head has long and short waves.
    """
    if config.attention_init == "normal":
        return weight_init(config)

    def init(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> jax.Array:
        rows, columns = shape
        half = -(-columns // 2)
        angles = jnp.arange(rows)[:, None] * _LONGEST_WAVE ** (-jnp.arange(half) / half)[None]
        waves = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=1)[:, :columns]
        size = _WAVES * math.sqrt(2) * _deviation(config)  # the root mean square of a sine is 1 / sqrt(2)
        return (size * jax.random.permutation(key, waves, axis=1)).astype(dtype)

    return init


class LayerNorm(nn.Module):
    """LayerNorm with float32 statistics and two-pass variance, since epsilon 1e-12 hides no cancellation."""

    config: ModelConfig

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Normalises `x` `[..., H]`."""
        norm = nn.LayerNorm(
            epsilon=self.config.layer_norm_epsilon,
            use_fast_variance=False,
            dtype=jnp.float32,
            scale_init=nn.with_logical_partitioning(nn.initializers.ones, ("embed",)),
            bias_init=nn.with_logical_partitioning(nn.initializers.zeros, ("embed",)),
            name="norm",
        )
        return norm(x).astype(self.config.dtype)


class Dense(nn.Module):
    """An affine map of the last axis, in the compute dtype.

    Attributes:
      features: size of the output.
      names: logical names of the kernel's two axes.
      use_bias: whether there is a bias.
      output_dtype: dtype of the accumulated products and the bias; None for the compute dtype. Heads that give logits
        use float32: bfloat16 leaves a logit 8 bits of precision, which a later cast cannot restore.
    """

    config: ModelConfig
    features: int
    names: tuple[str | None, str | None]
    use_bias: bool = True
    output_dtype: Any = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps `x` `[..., in]` to `[..., features]`."""
        dtype = self.config.dtype
        output = dtype if self.output_dtype is None else self.output_dtype
        shape = (x.shape[-1], self.features)
        kernel = self.param("kernel", nn.with_logical_partitioning(weight_init(self.config), self.names), shape)
        y = jnp.matmul(x.astype(dtype), kernel.astype(dtype), preferred_element_type=output)
        if self.use_bias:
            init = nn.with_logical_partitioning(nn.initializers.zeros, self.names[1:])
            y = y + _broadcast(self.param("bias", init, (self.features,)).astype(output), y)
        return y


def _broadcast(vector: jax.Array, like: jax.Array) -> jax.Array:
    """`vector` `[F]` with leading axes, since rank promotion is an error in our tests."""
    return jnp.broadcast_to(vector, like.shape)


class Embedding(nn.Module):
    """Token + position + role + turn embeddings, dropout, LayerNorm; the token table is also the output layer."""

    config: ModelConfig

    def setup(self) -> None:
        config = self.config

        def table(name: str, rows: int, axis: str | None = None, init: Any = weight_init) -> jax.Array:
            return self.param(name, nn.with_logical_partitioning(init(config), (axis, "embed")), (rows, config.hidden))

        self.token = table("token", config.vocabulary.padded_size, "vocab")
        self.position = table("position", config.positions, init=position_init)
        self.role = table("role", config.roles)
        self.turn = table("turn", config.turns)
        self.norm = LayerNorm(config)
        self.drop = Dropout(config.dropout, config.dropout_generator)

    def __call__(
        self,
        ids: jax.Array,
        positions: jax.Array | None = None,
        roles: jax.Array | None = None,
        turns: jax.Array | None = None,
        noise: jax.Array | None = None,
    ) -> jax.Array:
        """Embeds tokens; a part that is None adds nothing (prompts have only token embeddings).

        Args:
          ids: `[R, L]` token ids; likewise `positions`, `roles`, `turns`.
          noise: `[R, L, H]`, added to the token embeddings.

        Returns:
          `[R, L, H]`.
        """
        # A lookup in a table sharded over "embed" gives rows sharded the same way, and resharding those by batch would
        # move the whole activation; the table itself is smaller, so it is gathered first.
        x = constrain(self.token, "vocab", None)[ids]
        for table, index in ((self.position, positions), (self.role, roles), (self.turn, turns)):
            if index is not None:
                x = x + constrain(table, None, None)[index]
        if noise is not None:
            x = x + noise
        return self.normalise(x)

    def normalise(self, x: jax.Array) -> jax.Array:
        """Dropout and LayerNorm of summed embeddings `[R, L, H]`."""
        x = self.norm(self.drop(x.astype(self.config.dtype)))
        return constrain(x, "batch", "length", "embed")

    def logits(self, x: jax.Array) -> jax.Array:
        """Scores every token with the tied table, without bias, in float32: `[..., H]` -> `[..., padded V]`."""
        dtype = self.config.dtype
        scores = jnp.einsum(
            "...H,VH->...V", x.astype(dtype), self.token.astype(dtype), preferred_element_type=jnp.float32
        )
        return mask_vocabulary(scores, self.config)

    def cross_entropy(
        self, x: jax.Array, targets: jax.Array, counts: jax.Array, bias: jax.Array | None = None
    ) -> jax.Array:
        """The loss of each token under `logits`, float32 `[R, L]`: the first result of `predictions`."""
        return self.predictions(x, targets, counts, bias)[0]

    def predictions(
        self, x: jax.Array, targets: jax.Array, counts: jax.Array, bias: jax.Array | None = None
    ) -> tuple[jax.Array, jax.Array]:
        """The loss of each token under `logits`, computed in chunks, and whether it is the likeliest token.

        Args:
          x: `[R, L, H]`.
          targets: `[R, L]` int32.
          counts: `[R, L]` bool.
          bias: `[padded V]`, the bias of the masked language model's head; None for no bias.

        Returns:
          `[R, L]` float32, 0 where `counts` is False, and `[R, L]` bool.
        """
        dtype = self.config.dtype
        barred = mask_vocabulary(jnp.zeros(self.config.vocabulary.padded_size), self.config)
        bias = barred if bias is None else barred + bias
        tokens, hidden = self.token.shape
        rows, vocabulary, embed = mesh_axes("batch", x.shape[0]), mesh_axes("vocab", tokens), mesh_axes("embed", hidden)
        split = Split(
            rows,
            vocabulary=tuple(axis for axis in vocabulary if axis not in rows),
            scattered=tuple(axis for axis in embed if axis in rows and axis not in vocabulary),
        )
        return tied_predictions(x.astype(dtype), self.token.astype(dtype), bias, targets, counts, split=split)


def mask_vocabulary(logits: jax.Array, config: ModelConfig) -> jax.Array:
    """Masks the padding rows of the token table: `[..., padded V]`."""
    real = jnp.arange(config.vocabulary.padded_size) < config.vocabulary.size
    return jnp.where(jnp.broadcast_to(real, logits.shape), logits, NEGATIVE)


def masked_softmax(scores: jax.Array, mask: jax.Array) -> jax.Array:
    """Softmax over the last axis in float32; a masked pair is exactly 0, even in a fully masked row.

    Args:
      scores: `[R, N, Q, K]` float32.
      mask: `[R, Q, K]` bool.

    Returns:
      `[R, N, Q, K]` float32.
    """
    mask = jnp.broadcast_to(mask[:, None], scores.shape)
    weights = jax.nn.softmax(jnp.where(mask, scores, NEGATIVE), axis=-1)
    return jnp.where(mask, weights, 0.0)  # for fully masked rows, where all scores are equal


def activate(x: jax.Array, drop: jax.Array | None, rate: float, generator: str = "hash") -> jax.Array:
    """The exact GELU with dropout, `[R, L, F]` -> `[R, L, F]`; the others as in `attend.attend`."""
    x = nn.gelu(x, approximate=False)
    return x if drop is None else dropout(drop, x, rate, generator)


KEPT = ("projected", "mixed", "attended", "inner", "outer")
"""The activations that a block stores for its backward pass, beside its input: the outputs of its matrix products.
LayerNorms, dropout and GELU are recomputed, which costs less than storing them."""


def dropout_key(module: nn.Module) -> jax.Array | None:
    """A fresh key for dropout, or None without dropout."""
    return module.make_rng("dropout") if module.has_rng("dropout") else None


class Attention(nn.Module):
    """Multi-head attention of Q tokens over M cached tokens and themselves."""

    config: ModelConfig

    @nn.compact
    def __call__(
        self, x: jax.Array, memory: tuple[jax.Array, jax.Array], seen: Sight | jax.Array
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        """Attends to the memory and to `x` itself.

        Args:
          x: `[R, Q, H]`.
          memory: keys and values `[R, N, M, D]` of earlier tokens.
          seen: who may attend to whom, from `attention_path.visible`.

        Returns:
          The output `[R, Q, H]`, and the keys and values `[R, N, Q, D]` of `x`.
        """
        config = self.config
        heads, width = config.heads, config.hidden // config.heads
        names = ("embed", None, "heads", "kv")
        init = projection_init(config, (config.hidden, 1, heads, width))
        kernel = self.param("qkv_kernel", nn.with_logical_partitioning(init, names), (config.hidden, 3, heads, width))
        bias = self.param("qkv_bias", nn.with_logical_partitioning(nn.initializers.zeros, names[1:]), (3, heads, width))
        dtype = config.dtype
        projected = jnp.einsum("RQH,HCND->CRNQD", x, kernel.astype(dtype))
        projected = checkpoint_name(projected + bias.astype(dtype)[:, None, :, None], "projected")
        query, key, value = (constrain(part, "batch", "heads", "length", "kv") for part in projected)
        all_keys = jnp.concatenate([memory[0], key], axis=2)
        all_values = jnp.concatenate([memory[1], value], axis=2)
        mixed = along_path(config, query, all_keys, all_values, seen, dropout_key(self))
        out_kernel = self.param(
            "out_kernel",
            nn.with_logical_partitioning(
                projection_init(config, (heads, width, config.hidden)), ("heads", "kv", "embed")
            ),
            (heads, width, config.hidden),
        )
        out_bias = self.param(
            "out_bias", nn.with_logical_partitioning(nn.initializers.zeros, ("embed",)), (config.hidden,)
        )
        y = jnp.einsum("RNQD,NDH->RQH", mixed, out_kernel.astype(dtype))
        return checkpoint_name(y + _broadcast(out_bias.astype(dtype), y), "attended"), (key, value)


class Adapter(nn.Module):
    """x + W2 gelu(W1 x), with W2 zero at first, so that a new adapter changes nothing.

    Source: Houlsby et al., "Parameter-Efficient Transfer Learning for NLP", ICML 2019, arXiv 1902.00751, section 2.1;
    there W2 is near zero.
    """

    config: ModelConfig

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Adapts the output `[R, L, H]` of a sublayer."""
        config = self.config
        inner = nn.gelu(Dense(config, config.adapter, ("embed", None), name="down")(x), approximate=False)
        zeros = nn.initializers.zeros
        kernel = self.param(
            "up_kernel", nn.with_logical_partitioning(zeros, (None, "embed")), (config.adapter, config.hidden)
        )
        bias = self.param("up_bias", nn.with_logical_partitioning(zeros, ("embed",)), (config.hidden,))
        return x + (inner @ kernel.astype(config.dtype) + _broadcast(bias.astype(config.dtype), x))


class Block(nn.Module):
    """x = LN(x + drop(attention(x))); x = LN(x + drop(W2 drop(gelu(W1 x)))), with the exact GELU."""

    config: ModelConfig

    @nn.compact
    def __call__(
        self, x: jax.Array, memory: tuple[jax.Array, jax.Array], seen: Sight | jax.Array
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        """One layer; arguments and results as for `Attention`."""
        config = self.config
        attended, new = Attention(config, name="attention")(x, memory, seen)
        if config.adapter:
            attended = Adapter(config, name="attention_adapter")(attended)
        x = LayerNorm(config, name="attention_norm")(x + Dropout(config.dropout, config.dropout_generator)(attended))
        x = constrain(x, "batch", "length", "embed")
        inner = constrain(Dense(config, config.mlp, ("embed", "mlp"), name="inner")(x), "batch", "length", "mlp")
        inner = activate(checkpoint_name(inner, "inner"), dropout_key(self), config.dropout, config.dropout_generator)
        outer = checkpoint_name(Dense(config, config.hidden, ("mlp", "embed"), name="outer")(inner), "outer")
        if config.adapter:
            outer = Adapter(config, name="outer_adapter")(outer)
        x = LayerNorm(config, name="outer_norm")(x + Dropout(config.dropout, config.dropout_generator)(outer))
        return constrain(x, "batch", "length", "embed"), new


def stacked(block: type[nn.Module], config: ModelConfig, in_axes: tuple[Any, ...]) -> Any:
    """A block for every layer, whose parameters have a leading axis of layers.

    Args:
      block: takes the running state and the arguments of one layer, returns the state and the layer's own results.
      config: how many layers, and what they store for the backward pass.
      in_axes: of each argument behind the state: 0 where every layer has its own, `nn.broadcast` where all share it.

    Returns:
      A class of modules with the fields of `block`.
    """
    policy = jax.checkpoint_policies.save_only_these_names(*(() if config.remat else KEPT))
    return nn.scan(
        nn.remat(block, prevent_cse=False, policy=policy),
        variable_axes={"params": 0},
        split_rngs={"params": True, "dropout": True},
        in_axes=in_axes,
        out_axes=0,
        length=config.layers,
        metadata_params={nn.PARTITION_NAME: "layers"},
    )


class Backbone(nn.Module):
    """Embedding and layers; every model is composed of calls to `encode` and `decode`."""

    config: ModelConfig

    ROWS: ClassVar[Rows] = ((0, 1, 0), (0, 1))  # the axis of rows in each argument and each result of the layers

    def setup(self) -> None:
        self.embedding = Embedding(self.config)
        self.layers = on_copies(stacked(Block, self.config, in_axes=(0, nn.broadcast)), self.ROWS)(self.config)

    def embed(self, tokens: Tokens) -> jax.Array:
        """Embeds a grid of tokens, with positions, roles and turns: `[R, L]` to `[R, L, H]`."""
        return self.embedding(tokens.ids, tokens.positions, tokens.roles, tokens.turns)

    def encode(self, x: jax.Array, segments: jax.Array, ids: jax.Array | None = None) -> tuple[jax.Array, KVCache]:
        """Runs the layers on embedded tokens that all attend to one another within their example.

        Args:
          x: `[R, L, H]` from `Embedding`.
          segments: `[R, L]`.
          ids: `[R, L]`, of the tokens that a copy head may copy, -1 for the others; None for none.

        Returns:
          The last layer's output `[R, L, H]` and the memory of these tokens.
        """
        no_memory = KVCache.empty(self.config, x.shape[0])
        return self._run(x, segments, no_memory, causal=False, ids=ids)

    def decode(self, x: jax.Array, segments: jax.Array, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """Runs the layers on embedded tokens that attend to their example's memory and, causally, to one another.

        On a memory of the top layers (`KVCache.top`) the tokens run through those alone: the deep encoder and shallow
        decoder that YuYan is described with.

        Args:
          x: `[R, Q, H]` from `Embedding`.
          segments: `[R, Q]`.
          memory: the M earlier tokens in all layers, or in the top ones.

        Returns:
          The last layer's output `[R, Q, H]` and the memory extended by these tokens.
        """
        return self._run(x, segments, memory, causal=True)

    def _run(
        self, x: jax.Array, segments: jax.Array, memory: KVCache, causal: bool, ids: jax.Array | None = None
    ) -> tuple[jax.Array, KVCache]:
        seen = visible(self.config, Sight(segments, memory.segments, causal))
        depth = memory.keys.shape[0]
        layers = self.layers if depth == self.config.layers else self._top(depth)
        given = x.astype(self.config.dtype), (memory.keys, memory.values), seen
        x, (keys, values) = run_on_copies(layers, self.ROWS, *given)
        return x, memory.grown(keys, values, segments, ids)

    def _top(self, depth: int) -> Callable[..., Any]:
        """The top layers alone, on the parameters that they have among all."""
        top = (slice(-depth, None),) if replicas() == 1 else (slice(None), slice(-depth, None))
        params = jax.tree.map(lambda array: array[top], self.layers.variables["params"])
        key = dropout_key(self)
        shallow = dataclasses.replace(self.config, layers=depth)
        stack = on_copies(stacked(Block, shallow, in_axes=(0, nn.broadcast)), self.ROWS)(shallow, parent=None)
        rngs = {} if key is None else {"dropout": key}
        return functools.partial(stack.apply, {"params": params}, rngs=rngs)
