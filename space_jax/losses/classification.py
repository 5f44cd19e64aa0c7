"""Classification into one of C classes."""

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import check_shape, float32, integer


@jax.jit
def class_cross_entropy(logits: jax.Array, labels: jax.Array, smoothing: float | jax.Array = 0.0) -> jax.Array:
    """Cross-entropy against one class, with optional label smoothing.

    loss = - (1 - e) log p_label - e / C * sum_c log p_c

    >>> print(class_cross_entropy(jnp.zeros((1, 4)), jnp.array([2]), 0.1).round(2))
    [1.39]

    Args:
      logits: `[..., C]` float.
      labels: `[...]` int; a label outside 0 .. C-1 is clipped to that range; the caller gives it weight 0.
      smoothing: e, at least 0 and below 1.

    Returns:
      `[...]` float32.

    Raises:
      TypeError: `logits` is not float or `labels` not integer.
      ValueError: the shapes do not fit.

    Source: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, section 7 (label smoothing).
    """
    logits, labels = float32(logits, "logits"), integer(labels, "labels")
    check_shape(labels, logits.shape[:-1], "labels")
    log_p = jax.nn.log_softmax(logits, axis=-1)
    index = jnp.clip(labels, 0, logits.shape[-1] - 1)[..., None]
    label_log_p = jnp.take_along_axis(log_p, index, axis=-1)[..., 0]
    return -(1.0 - smoothing) * label_log_p - smoothing * jnp.mean(log_p, axis=-1)
