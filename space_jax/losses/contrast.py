"""The tree-weighted contrastive loss of SPACE-2 and SPACE-3, and SPACE-2's ten subspaces."""

import jax
import jax.numpy as jnp

from space_jax.losses.anchors import of_anchors, with_itself
from space_jax.losses.dtypes import boolean, check_shape, float32, integer

_SHORTEST = 1e-12  # a vector shorter than this is treated as having no direction

# Accelerators round the inputs of a float32 matrix product by default, and a temperature of 0.07 multiplies that error
# by 14.
_EXACT = jax.lax.Precision.HIGHEST


@jax.jit
def l2_normalise(vectors: jax.Array) -> jax.Array:
    """Vectors of length 1 along the last axis.

    normalised = v / ||v||; a vector shorter than 1e-12 becomes 0 with gradient 0, where v / ||v|| is undefined

    >>> print(l2_normalise(jnp.array([[3.0, 4.0], [0.0, 0.0]])))
    [[0.6 0.8]
     [0.  0. ]]

    Args:
      vectors: `[..., D]` float.

    Returns:
      `[..., D]` float32.

    Raises:
      TypeError: `vectors` is not float.
    """
    vectors = float32(vectors, "vectors")
    squared = jnp.sum(jnp.square(vectors), axis=-1, keepdims=True)
    has_length = squared > _SHORTEST**2
    return jnp.where(has_length, vectors / jnp.sqrt(jnp.where(has_length, squared, 1.0)), 0.0)


def _anchor_losses(logits: jax.Array, weights: jax.Array, pairs: jax.Array) -> jax.Array:
    """`[n]` loss of every anchor from `[n, N]` logits, weights and the mask of pairs that may be contrasted."""
    weights = jnp.where(pairs, weights, 0.0)
    total_weight = jnp.sum(weights, axis=1)
    counts = total_weight > 0
    # An anchor without a positive does not count. Its weights are all 0, and so are its value and gradient if its
    # normaliser is finite. It may be alone in its group, so its normaliser sums over all features instead.
    normalised = pairs | ~counts[:, None]
    log_p = logits - jax.nn.logsumexp(logits, axis=1, where=normalised, keepdims=True)
    return -jnp.sum(weights * log_p, axis=1) / jnp.where(counts, total_weight, 1.0)


@jax.jit
def weighted_contrast(
    features: jax.Array,
    similarity: jax.Array,
    groups: jax.Array,
    valid: jax.Array,
    temperature: jax.Array | float,
    anchors: jax.Array | None = None,
) -> jax.Array:
    """Contrastive loss whose positives are weighted by similarity, averaged over an example's two views.

    For anchor i among the 2B features, over the j and k of its group other than i,
    loss_i = - sum_j w_ij log( exp(z_i . z_j / t) / sum_k exp(z_i . z_k / t) ) / sum_j w_ij

    w_ij is the similarity of the two turns, whichever view either comes from.

    >>> features = jnp.stack([jnp.eye(2), jnp.eye(2)])
    >>> both = jnp.array([True, True])
    >>> print(weighted_contrast(features, jnp.eye(2), jnp.array([0, 0]), both, 1.0).round(2))
    [0.55 0.55]

    Args:
      features: `[2, B, D]` float, both dropout views of B turns; the caller normalises them.
      similarity: `[b, B]` float, at least 0, from `contrast_weights`.
      groups: `[B]` int, from `pool_groups`; only examples of the same group are contrasted.
      valid: `[B]` bool; an invalid example has no loss and enters no other example's.
      temperature: positive scalar.
      anchors: `[b]` int, the examples whose losses are wanted, each in both views; None for all.

    Returns:
      `[b]` float32, 0 for an example that is not valid or has no positive. The batch's loss is their mean over the
      valid examples, which is the mean over the anchors.

    Raises:
      TypeError: an input has the wrong dtype.
      ValueError: the shapes do not fit.

    Source: He et al., "SPACE-2", COLING 2022, section on tree-weighted contrastive learning (arXiv 2209.06638); with
      the combined similarity He et al., "SPACE-3", SIGIR 2022 (arXiv 2209.06664). The identity as similarity gives Gao
      et al., "SimCSE", EMNLP 2021.
    """
    features, similarity = float32(features, "features"), float32(similarity, "similarity")
    groups, valid = integer(groups, "groups"), boolean(valid, "valid")
    examples = features.shape[1]
    check_shape(features, (2, examples, features.shape[2]), "features")
    check_shape(groups, (examples,), "groups")
    check_shape(valid, (examples,), "valid")

    features = jnp.where(valid[None, :, None], features, 0.0)
    our_features, our_groups, our_valid = (
        of_anchors(array, anchors, axis) for array, axis in ((features, 1), (groups, 0), (valid, 0))
    )
    count = our_valid.shape[0]
    check_shape(similarity, (count, examples), "similarity")
    # View 1 of all, then view 2, of the anchors and of what they are compared with.
    rows, columns = our_features.reshape(2 * count, -1), features.reshape(2 * examples, -1)
    logits = jnp.matmul(rows, columns.T, precision=_EXACT) / temperature  # [2b, 2B]
    comparable = (our_groups[:, None] == groups[None, :]) & our_valid[:, None] & valid[None, :]
    both_views = None if anchors is None else jnp.concatenate([anchors, anchors + examples])
    pairs = jnp.tile(comparable, (2, 2)) & ~with_itself(2 * examples, both_views)
    losses = _anchor_losses(logits, jnp.tile(similarity, (2, 2)), pairs)
    return jnp.mean(losses.reshape(2, count), axis=0)


def subspace_features(vectors: jax.Array, kernels: jax.Array, biases: jax.Array) -> jax.Array:
    """Projects vectors into every subspace: z_w = u_w / ||u_w||, u_w = tanh(v . kernel_w + bias_w).

    Args:
      vectors: `[A, B, H]` float32.
      kernels: `[W, H, D]` float32.
      biases: `[W, D]` float32.

    Returns:
      `[W, A, B, D]` float32, unit length along D.

    Source: He et al., "SPACE-2", COLING 2022, section on multi-view score matching (arXiv 2209.06638).
    """
    projected = jnp.einsum("ABH,WHD->WABD", vectors, kernels, precision=_EXACT) + biases[:, None, None, :]
    return l2_normalise(jnp.tanh(projected))


@jax.jit
def multi_view_contrast(
    vectors: jax.Array,
    kernels: jax.Array,
    biases: jax.Array,
    similarity: jax.Array,
    groups: jax.Array,
    valid: jax.Array,
    temperature: jax.Array | float,
    anchors: jax.Array | None = None,
) -> jax.Array:
    """`weighted_contrast` in one learned subspace per view of the semantic tree, averaged over the views.

    z_w = u_w / ||u_w||, u_w = tanh(v . kernel_w + bias_w)
    loss_b = 1/W_b * sum_w weighted_contrast(z_w, similarity_w)_b, over the W_b views in which example b takes part

    >>> vectors, kernels = jnp.ones((2, 3, 4)), jnp.ones((10, 4, 5))
    >>> similarity, groups, valid = jnp.ones((10, 3, 3)), jnp.zeros(3, int), jnp.ones(3, bool)
    >>> loss = multi_view_contrast(vectors, kernels, jnp.zeros((10, 5)), similarity, groups, valid, 0.07)
    >>> print(loss.round(2))
    [1.61 1.61 1.61]

    Args:
      vectors: `[2, B, H]` float, the dialogue representation of both dropout views.
      kernels: `[W, H, D]` float, one projection per view.
      biases: `[W, D]` float.
      similarity: `[W, b, B]` float, from `contrast_weights`.
      groups: `[B]` int, from `pool_groups`.
      valid: `[B]` bool, or `[W, B]`, in which views an example takes part.
      temperature: positive scalar.
      anchors: `[b]` int, the examples whose losses are wanted; None for all.

    Returns:
      `[b]` float32, 0 for an example that takes part nowhere.

    Raises:
      TypeError: an input has the wrong dtype.
      ValueError: the shapes do not fit.

    Source: He et al., "SPACE-2", COLING 2022, sections on multi-view score matching and tree-weighted contrast.
    """
    vectors, kernels, biases = float32(vectors, "vectors"), float32(kernels, "kernels"), float32(biases, "biases")
    views, hidden, width = kernels.shape
    check_shape(vectors, (2, vectors.shape[1], hidden), "vectors")
    check_shape(biases, (views, width), "biases")
    valid = jnp.broadcast_to(boolean(valid, "valid"), (views, vectors.shape[1]))
    losses = jax.vmap(weighted_contrast, in_axes=(0, 0, None, 0, None, None))(
        subspace_features(vectors, kernels, biases), similarity, groups, valid, temperature, anchors
    )
    taken = jnp.sum(of_anchors(valid, anchors, axis=1), axis=0, dtype=jnp.float32)
    return jnp.sum(losses, axis=0) / jnp.maximum(taken, 1.0)
