"""Response selection: distinguishes the true response from one drawn from another dialogue."""

import jax

from space_jax.losses.dtypes import check_shape, float32


@jax.jit
def response_selection(true_logits: jax.Array, negative_logits: jax.Array) -> jax.Array:
    """Sum of the two binary cross-entropies of a context with its own response and with another.

    loss_b = -log sigmoid(true_b) - log sigmoid(-negative_b)

    A sum rather than a mean, as in the paper and in PLATO, from which it takes the loss, so that the term has the
    paper's weight relative to SPACE-1's other terms.

    >>> print(response_selection(jax.numpy.zeros(1), jax.numpy.zeros(1)).round(2))
    [1.39]

    Args:
      true_logits: `[B]` float, logit of "belongs together" for the true response.
      negative_logits: `[B]` float, the same for the drawn response.

    Returns:
      `[B]` float32.

    Raises:
      TypeError: an input is not float.
      ValueError: the shapes differ.

    Source: He et al., "GALAXY", AAAI 2022, section on response selection (arXiv 2111.14592), whose published code
      leaves the loss out; after Bao et al., "PLATO", ACL 2020, section on pre-training objectives (arXiv 1910.07931),
      whose published code (`_collect_metrics` of its model, in PaddlePaddle/Research) averages this sum over the batch.
    """
    true_logits, negative_logits = float32(true_logits, "true_logits"), float32(negative_logits, "negative_logits")
    check_shape(negative_logits, true_logits.shape, "negative_logits")
    return -jax.nn.log_sigmoid(true_logits) - jax.nn.log_sigmoid(-negative_logits)
