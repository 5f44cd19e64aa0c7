"""Scaled dot-product attention whose backward pass is written out, with dropout of the weights.

Of size Q * K nothing is kept for the backward pass: it makes the weights again from the scores' log-normaliser, and the
slope of the normaliser from the output, sum_k p_k dp_k = o . do, which holds with dropout too (Dao et al.,
"FlashAttention", NeurIPS 2022, appendix B).

The heads stand before the tokens everywhere: then every product is one matrix product a row and head on memory as it
lies, where tokens before heads have to be moved first.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.ad_checkpoint import checkpoint_name

from space_jax.models.dropout import keeps

NEGATIVE = -1e9  # The score of a pair that may not attend; finite, so that its gradient is 0 and not NaN.


@functools.partial(jax.custom_vjp, nondiff_argnums=(5,))
def attend(
    query: jax.Array, keys: jax.Array, values: jax.Array, mask: jax.Array, drop: jax.Array | None, rate: float
) -> jax.Array:
    """Each query's mean of the values, weighted by softmax(query . key / sqrt(D)) over what it may see.

    A masked pair contributes exactly 0, and a query that sees nothing gets 0. Softmax in float32.

    Args:
      query: `[R, N, Q, D]`.
      keys: `[R, N, K, D]`, and `values` likewise.
      values: see `keys`.
      mask: `[R, Q, K]` bool.
      drop: a random key; None for no dropout.
      rate: of the dropout of the weights.

    Returns:
      `[R, N, Q, D]`.
    """
    return _forward(query, keys, values, mask, drop, rate)[0]


def _scores(query: jax.Array, keys: jax.Array, mask: jax.Array) -> jax.Array:
    """`[R, N, Q, K]` float32."""
    scaled = query * query.shape[-1] ** -0.5
    scores = jnp.einsum("RNQD,RNKD->RNQK", scaled, keys, preferred_element_type=jnp.float32)
    return jnp.where(jnp.broadcast_to(mask[:, None], scores.shape), scores, NEGATIVE)


def _dropped(drop: jax.Array | None, weights: jax.Array, rate: float) -> jax.Array:
    """Weights after dropout, not yet scaled up."""
    return weights if drop is None else jnp.where(keeps(drop, weights.shape, rate), weights, 0.0)


def _scale(drop: jax.Array | None, rate: float) -> float:
    return 1.0 if drop is None else 1.0 / (1.0 - rate)


def _forward(
    query: jax.Array, keys: jax.Array, values: jax.Array, mask: jax.Array, drop: jax.Array | None, rate: float
) -> tuple[jax.Array, Any]:
    scores = _scores(query, keys, mask)
    largest = jax.lax.stop_gradient(jnp.max(scores, axis=-1, keepdims=True, initial=NEGATIVE))
    weights = jnp.exp(scores - largest)
    total = jnp.sum(weights, axis=-1)  # [R, N, Q]
    # The weights are divided by their sum after they are summed up, where there is less to divide.
    dropped = _dropped(drop, weights, rate).astype(values.dtype)
    mixed = jnp.einsum("RNQK,RNKD->RNQD", dropped, values, preferred_element_type=jnp.float32)
    sees = jnp.any(mask, axis=-1)[:, None]  # [R, 1, Q]
    share = jnp.where(sees, _scale(drop, rate) / jnp.where(sees, total, 1.0), 0.0)
    out = checkpoint_name((mixed * share[..., None]).astype(query.dtype), "mixed")
    # A query that sees nothing has an infinite normaliser, which makes its weights 0 again in the backward pass.
    normaliser = checkpoint_name(jnp.where(sees, largest[..., 0] + jnp.log(total), jnp.inf), "mixed")
    return out, (query, keys, values, mask, drop, out, normaliser)


def _backward(rate: float, kept: Any, slope: jax.Array) -> tuple[jax.Array | None, ...]:
    query, keys, values, mask, drop, out, normaliser = kept
    dtype = query.dtype
    weights = jnp.exp(_scores(query, keys, mask) - normaliser[..., None])
    of_dropped = jnp.einsum("RNQD,RNKD->RNQK", slope, values, preferred_element_type=jnp.float32) * _scale(drop, rate)
    of_normaliser = jnp.einsum("RNQD,RNQD->RNQ", slope, out, preferred_element_type=jnp.float32)
    of_scores = (weights * (_dropped(drop, of_dropped, rate) - of_normaliser[..., None])).astype(dtype)
    dropped = (_dropped(drop, weights, rate) * _scale(drop, rate)).astype(dtype)
    factor = query.shape[-1] ** -0.5
    of_query = jnp.einsum("RNQK,RNKD->RNQD", of_scores, keys) * factor
    of_keys = jnp.einsum("RNQK,RNQD->RNKD", of_scores, query) * factor
    of_values = jnp.einsum("RNQK,RNQD->RNKD", dropped, slope)
    return of_query, of_keys, of_values, None, None


attend.defvjp(_forward, _backward)
