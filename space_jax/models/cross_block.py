"""A layer with cross-attention to a source: self-attention, the source, feed-forward.

Source: the decoder of Vaswani et al., NeurIPS 2017 (arXiv 1706.03762, section 3.1), with LayerNorm behind each sublayer
as there and in VECO (Luo et al., ACL 2021, arXiv 2010.16046), or before it as in PALM (Bi et al., EMNLP 2020, arXiv
2004.07159). Without a source it computes what `backbone.Block` does, of whose parameters its own are a superset.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.ad_checkpoint import checkpoint_name

from space_jax.config import ModelConfig
from space_jax.models.attention_path import along_path
from space_jax.models.axis_names import constrain
from space_jax.models.backbone import (
    Attention,
    Dense,
    LayerNorm,
    activate,
    dropout_key,
    masked_softmax,
    projection_init,
)
from space_jax.models.dropout import Dropout, dropout
from space_jax.models.masks import Sight

Source = tuple[jax.Array, jax.Array]
"""Keys and values `[R, N, S, D]` of a source's S tokens, of one layer; a stack's have a leading axis of layers."""


class CrossSource(nn.Module):
    """The keys and values of a source for one layer; computed once, however many tokens then attend to them."""

    config: ModelConfig

    @nn.compact
    def __call__(self, source: jax.Array) -> tuple[jax.Array, Source]:
        """Projects the source's vectors `[R, S, H]`; also returns them, as a scan over layers passes them on."""
        config, dtype = self.config, self.config.dtype
        heads, width = config.heads, config.hidden // config.heads
        names = ("embed", None, "heads", "kv")
        init = nn.with_logical_partitioning(projection_init(config, (config.hidden, 1, heads, width)), names)
        kernel = self.param("kernel", init, (config.hidden, 2, heads, width))
        bias = self.param("bias", nn.with_logical_partitioning(nn.initializers.zeros, names[1:]), (2, heads, width))
        projected = jnp.einsum("RSH,HCND->CRNSD", source.astype(dtype), kernel.astype(dtype))
        projected = checkpoint_name(projected + bias.astype(dtype)[:, None, :, None], "projected")
        keys, values = (constrain(part, "batch", "heads", "length", "kv") for part in projected)
        return source, (keys, values)


class CrossAttention(nn.Module):
    """Multi-head attention of Q tokens over a source."""

    config: ModelConfig

    @nn.compact
    def __call__(self, x: jax.Array, source: Source, mask: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Attends to the source.

        Args:
          x: `[R, Q, H]`.
          source: keys and values `[R, N, S, D]`.
          mask: `[R, Q, S]` bool.

        Returns:
          The output `[R, Q, H]`, and the queries `[R, N, Q, D]`, from which `attention_share` says what it looked at.
        """
        config, dtype = self.config, self.config.dtype
        heads, width = config.heads, config.hidden // config.heads

        def parameter(name: str, shape: tuple[int, ...], names: tuple[str, ...], bias: bool = False) -> jax.Array:
            init = nn.initializers.zeros if bias else projection_init(config, shape)
            return self.param(name, nn.with_logical_partitioning(init, names), shape).astype(dtype)

        kernel = parameter("query_kernel", (config.hidden, heads, width), ("embed", "heads", "kv"))
        bias = parameter("query_bias", (heads, width), ("heads", "kv"), bias=True)
        query = checkpoint_name(jnp.einsum("RQH,HND->RNQD", x, kernel) + bias[None, :, None], "projected")
        query = constrain(query, "batch", "heads", "length", "kv")
        mixed = along_path(config, query, *source, mask, dropout_key(self))
        kernel = parameter("out_kernel", (heads, width, config.hidden), ("heads", "kv", "embed"))
        bias = parameter("out_bias", (config.hidden,), ("embed",), bias=True)
        return checkpoint_name(jnp.einsum("RNQD,NDH->RQH", mixed, kernel) + bias[None, None], "attended"), query


class CrossBlock(nn.Module):
    """One layer with the source in or out.

    Attributes:
      norm_first: x = x + f(LN(x)) for each sublayer f; otherwise x = LN(x + f(x)).
      tanh: the tanh approximation of GELU; otherwise the exact one.
    """

    config: ModelConfig
    norm_first: bool = False
    tanh: bool = False

    @nn.compact
    def __call__(
        self,
        x: jax.Array,
        memory: tuple[jax.Array, jax.Array],
        seen: Sight | jax.Array,
        source: Source | None = None,
        source_mask: jax.Array | None = None,
    ) -> tuple[jax.Array, tuple[tuple[jax.Array, jax.Array], jax.Array | None]]:
        """One layer.

        Args:
          x: `[R, Q, H]`.
          memory: keys and values `[R, N, M, D]` of earlier tokens.
          seen: who may attend to whom among the memory and `x` itself, from `attention_path.visible`.
          source: keys and values `[R, N, S, D]`; None leaves the sublayer out.
          source_mask: `[R, Q, S]` bool.

        Returns:
          The output `[R, Q, H]`; of `x`, the keys and values `[R, N, Q, D]` and the queries to the source, alike.
        """
        config = self.config
        x, new = self._added(
            "attention_norm", x, lambda inner: Attention(config, name="attention")(inner, memory, seen)
        )
        queries = None
        if source is not None and source_mask is not None:
            crossed = CrossAttention(config, name="cross")
            x, queries = self._added("cross_norm", x, lambda inner: crossed(inner, source, source_mask))
        x, _ = self._added("outer_norm", x, lambda inner: (self._feed_forward(inner), None))
        return x, (new, queries)

    def _added(self, norm: str, x: jax.Array, sublayer: Callable) -> tuple[jax.Array, Any]:
        """The residual connection around a sublayer that returns its output and something more."""
        config = self.config
        normalise = LayerNorm(config, name=norm)
        y, more = sublayer(normalise(x) if self.norm_first else x)
        x = x + Dropout(config.dropout, config.dropout_generator)(y)
        return constrain(x if self.norm_first else normalise(x), "batch", "length", "embed"), more

    def _feed_forward(self, x: jax.Array) -> jax.Array:
        config = self.config
        inner = constrain(Dense(config, config.mlp, ("embed", "mlp"), name="inner")(x), "batch", "length", "mlp")
        inner, drop = checkpoint_name(inner, "inner"), dropout_key(self)
        if self.tanh:
            inner = nn.gelu(inner, approximate=True)
            inner = inner if drop is None else dropout(drop, inner, config.dropout, config.dropout_generator)
        else:
            inner = activate(inner, drop, config.dropout, config.dropout_generator)
        return checkpoint_name(Dense(config, config.hidden, ("mlp", "embed"), name="outer")(inner), "outer")


def attention_share(query: jax.Array, keys: jax.Array, mask: jax.Array) -> jax.Array:
    """How much each token looks at each token of a source: the mean of the heads' weights.

    Args:
      query: `[R, N, Q, D]`.
      keys: `[R, N, S, D]`.
      mask: `[R, Q, S]` bool.

    Returns:
      `[R, Q, S]` float32; each row sums to 1, or to 0 where it may look at nothing.
    """
    scaled = query * query.shape[-1] ** -0.5
    scores = jnp.einsum("RNQD,RNSD->RNQS", scaled, keys, preferred_element_type=jnp.float32)
    return masked_softmax(scores, mask).mean(axis=1)
