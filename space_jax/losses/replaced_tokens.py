"""Electra's discriminator: which tokens of a text a small generator has replaced."""

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import boolean, check_shape, float32


@jax.jit
def replaced_tokens(logits: jax.Array, replaced: jax.Array) -> jax.Array:
    """Binary cross-entropy of every token.

    loss = log(1 + exp(-x)) for a replaced token, log(1 + exp(x)) for one that stands as written

    >>> print(replaced_tokens(jnp.array([[0.0, 20.0]]), jnp.array([[True, False]])).round(2))
    [[ 0.69 20.  ]]

    Args:
      logits: `[...]` float, x, above 0 for "replaced".
      replaced: `[...]` bool.

    Returns:
      `[...]` float32.

    Raises:
      TypeError: an input has the wrong dtype.
      ValueError: the shapes differ.

    Source: Clark et al., "ELECTRA", ICLR 2020 (arXiv 2003.10555), section 2.
    """
    logits, replaced = float32(logits, "logits"), boolean(replaced, "replaced")
    check_shape(replaced, logits.shape, "replaced")
    return jax.nn.softplus(jnp.where(replaced, -logits, logits))
