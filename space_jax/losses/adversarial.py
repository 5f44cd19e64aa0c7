"""The adversarial term of StructBERT's fine-tuning: predictions should not change when word embeddings move a little.

Source: the released fine-tuning code (AliceMind, `sofa/models/sbert/adv_utils.py`), after Jiang et al., "SMART", ACL
2020, arXiv 1911.03437, section 2.1.
"""

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import check_shape, float32, integer
from space_jax.losses.r_drop import symmetric_kl


@jax.jit
def divergence_by_classes(p_logits: jax.Array, q_logits: jax.Array) -> jax.Array:
    """Both Kullback-Leibler divergences of two distributions, divided by the number of classes as released.

    (KL(p || q) + KL(q || p)) / C

    >>> print(divergence_by_classes(jnp.zeros((1, 4)), jnp.zeros((1, 4))))
    [0.]

    Args:
      p_logits: `[..., C]` float.
      q_logits: `[..., C]` float.

    Returns:
      `[...]` float32.

    Raises:
      TypeError: an input is not float.
      ValueError: the shapes differ.
    """
    return 2.0 * symmetric_kl(p_logits, q_logits) / p_logits.shape[-1]


@jax.jit
def adversarial_step(
    gradient: jax.Array, segments: jax.Array, size: float | jax.Array, bound: float | jax.Array
) -> jax.Array:
    """One step uphill, equally long for every example: what is added to the word embeddings.

    step = clip(size * g / max |g|, -bound, bound), with the maximum over the tokens and entries of an example

    >>> print(adversarial_step(jnp.array([[[4.0, -1.0]]]), jnp.array([[1]]), 0.5, 0.2))
    [[[ 0.2   -0.125]]]

    Args:
      gradient: `[R, L, H]` float, of the divergence for the word embeddings.
      segments: `[R, L]` int, the example of each token in its row, 0 for padding; at most L examples a row.
      size: of the step.
      bound: of each entry of the step.

    Returns:
      `[R, L, H]` float32; 0 for an example whose gradient is 0, and at padding.

    Raises:
      TypeError: `gradient` is not float or `segments` not integer.
      ValueError: the shapes do not fit.
    """
    gradient, segments = float32(gradient, "gradient"), integer(segments, "segments")
    check_shape(segments, gradient.shape[:2], "segments")
    largest = jnp.abs(gradient).max(axis=-1)  # [R, L], of each token
    row = jnp.broadcast_to(jnp.arange(len(segments))[:, None], segments.shape)
    of_example = jnp.zeros((len(segments), segments.shape[1] + 1)).at[row, segments].max(largest)
    scale = jnp.take_along_axis(of_example, segments, axis=1)
    counts = (scale > 0) & (segments > 0)
    factor = jnp.where(counts, size / jnp.where(counts, scale, 1.0), 0.0)
    return jnp.clip(gradient * factor[..., None], -bound, bound)
