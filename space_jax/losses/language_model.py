"""Cross-entropy of tokens: response generation and the masked language model."""

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import check_shape, float32, integer, weights32
from space_jax.losses.sums import Sum


@jax.jit
def shifted_targets(ids: jax.Array, segments: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The next token at each position of a packed grid.

    Position i predicts position i + 1 if both are in the same segment; the last token of an example predicts nothing.

    >>> targets, weights = shifted_targets(jnp.array([[5, 6, 7, 8, 0]]), jnp.array([[1, 1, 2, 2, 0]]))
    >>> print(targets, weights)
    [[6 0 8 0 0]] [[1. 0. 1. 0. 0.]]

    Args:
      ids: `[R, L]` int, token ids.
      segments: `[R, L]` int, 0 for padding.

    Returns:
      `targets [R, L]` int and `weights [R, L]` float32, 1 where there is a target; other targets are 0.

    Raises:
      TypeError: an input is not an integer array.
      ValueError: the shapes differ.

    Source: He et al., "GALAXY", AAAI 2022, section on response generation (arXiv 2111.14592); over packed rows here.
    """
    ids, segments = integer(ids, "ids"), integer(segments, "segments")
    check_shape(segments, ids.shape, "segments")
    following = jnp.pad(ids[:, 1:], ((0, 0), (0, 1)))
    following_segment = jnp.pad(segments[:, 1:], ((0, 0), (0, 1)))
    counts = (segments > 0) & (segments == following_segment)
    return jnp.where(counts, following, 0), counts.astype(jnp.float32)


@jax.jit
def token_cross_entropy(logits: jax.Array, targets: jax.Array, weights: jax.Array) -> Sum:
    """Cross-entropy summed over tokens; its mean is the token mean.

    total = sum_i weight_i * (log sum_v exp logit_iv - logit_i,target_i),  weight = sum_i weight_i

    A target outside 0 .. V-1 (such as -1 or -100, often used for "ignore") counts as if its weight were 0.

    >>> print(token_cross_entropy(jnp.zeros((2, 4)), jnp.array([3, -100]), jnp.ones(2)).mean().round(2))
    1.39

    Args:
      logits: `[..., V]` float.
      targets: `[...]` int, token ids.
      weights: `[...]` float or bool, 0 where there is nothing to predict.

    Returns:
      A `Sum` over tokens.

    Raises:
      TypeError: `logits` is not float, `targets` not integer, or `weights` neither float nor bool.
      ValueError: the shapes do not fit.

    Source: GALAXY, section on response generation, and Devlin et al., "BERT", NAACL 2019, section 3.1 (masked LM).
    """
    logits, targets, weights = float32(logits, "logits"), integer(targets, "targets"), weights32(weights, "weights")
    check_shape(targets, logits.shape[:-1], "targets")
    check_shape(weights, logits.shape[:-1], "weights")
    vocabulary = logits.shape[-1]
    weights = jnp.where((targets >= 0) & (targets < vocabulary), weights, 0.0)
    # Masked rows are zeroed before the exponential, so that nothing in them can reach a gradient.
    logits = jnp.where(weights[..., None] != 0, logits, 0.0)
    index = jnp.clip(targets, 0, vocabulary - 1)[..., None]
    target_logit = jnp.take_along_axis(logits, index, axis=-1)[..., 0]
    return Sum.of(jax.nn.logsumexp(logits, axis=-1) - target_logit, weights)
