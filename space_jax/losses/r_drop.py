"""R-drop: makes two dropout passes over the same example agree."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import check_shape, float32


@jax.jit
def symmetric_kl(p_logits: jax.Array, q_logits: jax.Array) -> jax.Array:
    """Symmetric Kullback-Leibler divergence of two softmax distributions.

    1/2 * (KL(p || q) + KL(q || p)) = 1/2 * sum_a (p_a - q_a) * (log p_a - log q_a)

    >>> print(symmetric_kl(jnp.array([[0.0, 1.0]]), jnp.array([[0.0, 1.0]])))
    [0.]

    Args:
      p_logits: `[B, A]` float.
      q_logits: `[B, A]` float.

    Returns:
      `[B]` float32, at least 0.

    Raises:
      TypeError: an input is not float.
      ValueError: the shapes differ.

    Source: Liang et al., "R-Drop", NeurIPS 2021, section 2.1; He et al., "GALAXY", AAAI 2022, consistency
    regularisation.
    """
    p_logits, q_logits = float32(p_logits, "p_logits"), float32(q_logits, "q_logits")
    check_shape(q_logits, p_logits.shape, "q_logits")
    log_p, log_q = jax.nn.log_softmax(p_logits, axis=-1), jax.nn.log_softmax(q_logits, axis=-1)
    # As one sum of products of differences: exactly 0 for equal inputs, and never 0 * infinity.
    return 0.5 * jnp.sum((jnp.exp(log_p) - jnp.exp(log_q)) * (log_p - log_q), axis=-1)


def under_two_keys(run: Callable[[jax.Array], Any], key_1: jax.Array, key_2: jax.Array) -> Any:
    """Runs a random function under two keys in one vectorised program.

    >>> keys = jax.random.split(jax.random.key(0))
    >>> print(under_two_keys(lambda key: jax.random.normal(key, (3,)), keys[0], keys[1]).shape)
    (2, 3)

    Args:
      run: maps a PRNG key to a tree of arrays.
      key_1: PRNG key of the first pass.
      key_2: PRNG key of the second pass.

    Returns:
      The tree with a leading axis of 2, one entry per pass.
    """
    return jax.vmap(run)(jnp.stack([key_1, key_2]))


def r_drop(
    logits_of: Callable[[jax.Array], jax.Array], key_1: jax.Array, key_2: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Runs a forward pass under two dropout keys at once and compares the outputs.

    Not jitted itself: the compiled version would be cached by `logits_of`, and a bound method compares equal even after
    the parameters it uses have changed. Call it inside a jitted step.

    >>> keys = jax.random.split(jax.random.key(0))
    >>> kl, logits = r_drop(lambda key: jax.random.normal(key, (3, 4)), keys[0], keys[1])
    >>> print(kl.shape, logits.shape)
    (3,) (2, 3, 4)

    Args:
      logits_of: maps a PRNG key to logits `[B, A]`.
      key_1: PRNG key of the first pass.
      key_2: PRNG key of the second pass.

    Returns:
      The divergence `[B]` and both passes' logits `[2, B, A]`.

    Raises:
      TypeError: `logits_of` does not return floats.

    Source: R-Drop, section 2.1.
    """
    logits = under_two_keys(logits_of, key_1, key_2)
    return symmetric_kl(logits[0], logits[1]), logits
