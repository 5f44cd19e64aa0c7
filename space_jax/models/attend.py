"""Scaled dot-product attention with dropout of the weights and an explicit backward pass.

The backward pass stores nothing of size Q * K: it recomputes the weights from the log-normaliser of the scores, and the
gradient of the normaliser from the output, sum_k p_k dp_k = o . do, which also holds with dropout (Dao et al.,
"FlashAttention", NeurIPS 2022, appendix B).

The head axis comes before the token axis everywhere, so that every product is one matrix product per row and head on
contiguous memory; the other order would need a transposition first.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.ad_checkpoint import checkpoint_name

from space_jax.models.dropout import keeps

NEGATIVE = -1e9  # The score of a pair that may not attend; finite, so that its gradient is 0 and not NaN.


@functools.partial(jax.custom_vjp, nondiff_argnums=(5, 6))
def attend(
    query: jax.Array,
    keys: jax.Array,
    values: jax.Array,
    mask: jax.Array,
    drop: jax.Array | None,
    rate: float,
    generator: str = "hash",
) -> jax.Array:
    """The mean of the values for each query, weighted by softmax(query . key / sqrt(D)) over the keys it may attend to.

    A masked pair contributes exactly 0, and a query that may attend to nothing gets 0. Softmax in float32.

    Args:
      query: `[R, N, Q, D]`.
      keys: `[R, N, K, D]`, and `values` likewise.
      values: see `keys`.
      mask: `[R, Q, K]` bool.
      drop: a random key; None for no dropout.
      rate: dropout rate of the weights.
      generator: of the dropout, see `dropout.keeps`.

    Returns:
      `[R, N, Q, D]`.
    """
    return _forward(query, keys, values, mask, drop, rate, generator)[0]


def _scores(query: jax.Array, keys: jax.Array, mask: jax.Array) -> jax.Array:
    """`[R, N, Q, K]` float32."""
    scaled = query * query.shape[-1] ** -0.5
    scores = jnp.einsum("RNQD,RNKD->RNQK", scaled, keys, preferred_element_type=jnp.float32)
    return jnp.where(jnp.broadcast_to(mask[:, None], scores.shape), scores, NEGATIVE)


def _dropped(drop: jax.Array | None, weights: jax.Array, rate: float, generator: str) -> jax.Array:
    """Weights after dropout, not yet rescaled."""
    return weights if drop is None else jnp.where(keeps(drop, weights, rate, generator), weights, 0.0)


def _scale(drop: jax.Array | None, rate: float) -> float:
    return 1.0 if drop is None else 1.0 / (1.0 - rate)


def _forward(
    query: jax.Array,
    keys: jax.Array,
    values: jax.Array,
    mask: jax.Array,
    drop: jax.Array | None,
    rate: float,
    generator: str,
) -> tuple[jax.Array, Any]:
    scores = _scores(query, keys, mask)
    largest = jax.lax.stop_gradient(jnp.max(scores, axis=-1, keepdims=True, initial=NEGATIVE))
    weights = jnp.exp(scores - largest)
    total = jnp.sum(weights, axis=-1)  # [R, N, Q]
    # Dividing by the sum of the weights after the product with the values means fewer divisions.
    dropped = _dropped(drop, weights, rate, generator).astype(values.dtype)
    mixed = jnp.einsum("RNQK,RNKD->RNQD", dropped, values, preferred_element_type=jnp.float32)
    sees = jnp.any(mask, axis=-1)[:, None]  # [R, 1, Q]
    share = jnp.where(sees, _scale(drop, rate) / jnp.where(sees, total, 1.0), 0.0)
    out = checkpoint_name((mixed * share[..., None]).astype(query.dtype), "mixed")
    # A query that may attend to nothing has an infinite normaliser, so that the backward pass computes weights of 0.
    normaliser = checkpoint_name(jnp.where(sees, largest[..., 0] + jnp.log(total), jnp.inf), "mixed")
    return out, (query, keys, values, mask, drop, out, normaliser)


def _backward(rate: float, generator: str, residuals: Any, dout: jax.Array) -> tuple[jax.Array | None, ...]:
    query, keys, values, mask, drop, out, normaliser = residuals
    dtype = query.dtype
    weights = jnp.exp(_scores(query, keys, mask) - normaliser[..., None])
    ddropped = jnp.einsum("RNQD,RNKD->RNQK", dout, values, preferred_element_type=jnp.float32) * _scale(drop, rate)
    dnormaliser = jnp.einsum("RNQD,RNQD->RNQ", dout, out, preferred_element_type=jnp.float32)
    dscores = (weights * (_dropped(drop, ddropped, rate, generator) - dnormaliser[..., None])).astype(dtype)
    dropped = (_dropped(drop, weights, rate, generator) * _scale(drop, rate)).astype(dtype)
    factor = query.shape[-1] ** -0.5
    dquery = jnp.einsum("RNQK,RNKD->RNQD", dscores, keys) * factor
    dkeys = jnp.einsum("RNQK,RNQD->RNKD", dscores, query) * factor
    dvalues = jnp.einsum("RNQK,RNQD->RNKD", dropped, dout)
    return dquery, dkeys, dvalues, None, None


attend.defvjp(_forward, _backward)
