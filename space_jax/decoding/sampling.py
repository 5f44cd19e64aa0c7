"""How the next token is chosen: the likeliest one, or sampled from the likeliest few (top-k, top-p)."""

import dataclasses
import math

import jax
import jax.numpy as jnp

from space_jax.errors import UserError


@dataclasses.dataclass(frozen=True)
class Sampling:
    """The sampling parameters; frozen, so that it can be a static argument.

    Attributes:
      temperature: the logits are divided by it; 0 takes the likeliest token.
      top_k: only the k likeliest tokens can be sampled; 0: all.
      top_p: only the likeliest tokens whose probabilities together first reach p can be sampled (Holtzman et al., ICLR
        2020, arXiv 1904.09751); 1: all. The likeliest one always can.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self):
        if not 0 <= self.temperature < math.inf:
            raise UserError(f"sampling temperature: {self.temperature} is not a finite number from 0")
        if self.top_k < 0:
            raise UserError(f"sampling top_k: {self.top_k} is negative")
        if not 0 < self.top_p <= 1:
            raise UserError(f"sampling top_p: {self.top_p} is not above 0 and at most 1")


GREEDY = Sampling(temperature=0.0)


def choose(logits: jax.Array, sampling: Sampling, key: jax.Array) -> jax.Array:
    """One token of each row.

    Args:
      logits: `[R, V]`; -inf bars a token.
      sampling: how.
      key: a random key, used whole; greedy choice ignores it.

    Returns:
      `[R]` int32.
    """
    if sampling.temperature == 0:
        return jnp.argmax(logits, axis=-1).astype(jnp.int32)
    return jax.random.categorical(key, restricted(logits, sampling), axis=-1).astype(jnp.int32)


def restricted(logits: jax.Array, sampling: Sampling) -> jax.Array:
    """The logits of the sampled distribution: float32 `[R, V]`, -inf for excluded tokens.

    Tokens that tie with the last one of `top_k` are included.
    """
    scores = logits.astype(jnp.float32) / (sampling.temperature or 1.0)
    if 0 < sampling.top_k < scores.shape[-1]:
        least = jax.lax.top_k(scores, sampling.top_k)[0][:, -1:]
        scores = jnp.where(scores >= jnp.broadcast_to(least, scores.shape), scores, -jnp.inf)
    if sampling.top_p < 1:
        order = jnp.argsort(-scores, axis=-1)
        probabilities = jnp.take_along_axis(jax.nn.softmax(scores, axis=-1), order, axis=-1)
        before = jnp.cumsum(probabilities, axis=-1) - probabilities  # of all that are likelier
        kept = jnp.take_along_axis(before < sampling.top_p, jnp.argsort(order, axis=-1), axis=-1)
        scores = jnp.where(kept, scores, -jnp.inf)
    return scores
