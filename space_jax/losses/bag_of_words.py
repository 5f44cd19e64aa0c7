"""Bag of words: one distribution over the vocabulary must explain every token of a turn."""

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import check_shape, float32, integer, weights32
from space_jax.losses.sums import Sum


@jax.jit
def bag_of_words(logits: jax.Array, words: jax.Array, weights: jax.Array) -> Sum:
    """Cross-entropy of all tokens of a turn under the turn's one distribution; its mean is the token mean.

    total = sum_b weight_b * sum_t (log sum_v exp logit_bv - logit_b,word_bt),  weight = sum_b weight_b * tokens_b

    >>> words = jnp.array([[2, 0, 2, -1]])
    >>> print(bag_of_words(jnp.zeros((1, 4)), words, jnp.ones(1)).mean().round(2))
    1.39

    Args:
      logits: `[B, V]` float, one distribution per example.
      words: `[B, T]` int, the tokens of the turn in any order, padded with -1.
      weights: `[B]` float or bool, 0 for an example that does not count.

    Returns:
      A `Sum` over tokens.

    Raises:
      TypeError: `logits` is not float, `words` not integer, or `weights` neither float nor bool.
      ValueError: the shapes do not fit.

    Source: He et al., "SPACE-3", SIGIR 2022, section on the understanding decoder (arXiv 2209.06664).
    """
    logits, words, weights = float32(logits, "logits"), integer(words, "words"), weights32(weights, "weights")
    examples, vocabulary = logits.shape
    check_shape(words, (examples, words.shape[-1]), "words")
    check_shape(weights, (examples,), "weights")
    token_weights = jnp.where((words >= 0) & (words < vocabulary), weights[:, None], 0.0)
    logits = jnp.where(jnp.any(token_weights != 0, axis=1)[:, None], logits, 0.0)
    normaliser = jax.nn.logsumexp(logits, axis=-1)[:, None]
    word_logits = jnp.take_along_axis(logits, jnp.clip(words, 0, vocabulary - 1), axis=1)
    return Sum.of(normaliser - word_logits, token_weights)
