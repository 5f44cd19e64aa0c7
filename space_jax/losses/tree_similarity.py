"""Similarity of semantic trees for all pairs of turns in a batch, computed on the device.

A tree is ten sets of hashed elements (`dialogue/trees.py`), one per view, padded with 0.
"""

import jax
import jax.numpy as jnp

from space_jax.losses.anchors import of_anchors, with_itself
from space_jax.losses.dtypes import integer


def _count_common(ours: jax.Array, views: jax.Array) -> jax.Array:
    """`[W, b, K]` and `[W, B, K]` -> int32 `[W, b, B]`, the number of elements shared by each pair of sets."""
    others = jnp.where(views == 0, -1, views)  # the padding of one set must not match the padding of another
    # W * b * B * K^2 comparisons that the compiler fuses into the sum, so only [W, b, B] is ever stored. Ranking the
    # ids and gathering rows of a membership table needs b * B * K bytes per view and a sort over the whole batch. The
    # counts are integers: a float sum must keep its order, which prevents vectorising.
    same = ours[:, :, None, :, None] == others[:, None, :, None, :]  # [W, b, B, K, K]
    return jnp.sum(same, axis=(-1, -2), dtype=jnp.int32)


def _overlaps(trees: jax.Array, anchors: jax.Array | None) -> tuple[jax.Array, jax.Array]:
    """Sizes of intersection and union, `[W, b, B]` float32 each, of every pair of an anchor's set and a set."""
    views = jnp.swapaxes(trees, 0, 1)  # [W, B, K]
    ours = of_anchors(views, anchors, axis=1)  # [W, b, K]
    # K fits the largest trees. Most batches have none of those, and then half of K, a quarter of the work, is enough.
    half = views.shape[-1] // 2
    any_large = jnp.any(views[..., half:] != 0)
    common = jax.lax.cond(
        any_large, _count_common, lambda o, v: _count_common(o[..., :half], v[..., :half]), ours, views
    ).astype(jnp.float32)
    sizes = jnp.sum(views != 0, axis=-1, dtype=jnp.float32)  # [W, B]
    return common, of_anchors(sizes, anchors, axis=1)[:, :, None] + sizes[:, None, :] - common


def _ratio(part: jax.Array, whole: jax.Array) -> jax.Array:
    return jnp.where(whole > 0, part / jnp.where(whole > 0, whole, 1.0), 0.0)


@jax.jit
def view_similarities(trees: jax.Array, anchors: jax.Array | None = None) -> jax.Array:
    """Jaccard similarity of every pair of turns in every view.

    similarity_wij = |T_iw & T_jw| / |T_iw | T_jw|, 0 where both sets are empty, and 1 for i = j even without a tree

    >>> trees = jnp.array([[[3, 5]], [[5, 0]], [[0, 0]]])
    >>> print(view_similarities(trees)[0])
    [[1.  0.5 0. ]
     [0.5 1.  0. ]
     [0.  0.  1. ]]

    Args:
      trees: `[B, W, K]` int, the hashed elements of each view, without duplicates, padded with 0.
      anchors: `[b]` int, the turns whose similarity to every turn is wanted; None for all.

    Returns:
      `[W, b, B]` float32 between 0 and 1; b is B without `anchors`.

    Raises:
      TypeError: `trees` is not an integer array.

    Source: He et al., "SPACE-2", COLING 2022, section on semantic tree similarity (arXiv 2209.06638).
    """
    common, union = _overlaps(integer(trees, "trees"), anchors)
    return jnp.where(with_itself(trees.shape[0], anchors)[None], 1.0, _ratio(common, union))


@jax.jit
def combined_similarity(trees: jax.Array, anchors: jax.Array | None = None) -> jax.Array:
    """One similarity for every pair of turns: the mean over the views in which either turn has an element.

    similarity_ij = sum_w similarity_wij / #{w : T_iw | T_jw not empty}, 0 where a tree is missing, 1 for i = j

    >>> print(combined_similarity(jnp.array([[[3, 5], [7, 0]], [[5, 0], [0, 0]]])))
    [[1.   0.25]
     [0.25 1.  ]]

    Args:
      trees: `[B, W, K]` int, the hashed elements of each view, without duplicates, padded with 0.
      anchors: `[b]` int, the turns whose similarity to every turn is wanted; None for all.

    Returns:
      `[b, B]` float32 between 0 and 1; b is B without `anchors`.

    Raises:
      TypeError: `trees` is not an integer array.

    Source: He et al., "SPACE-3", SIGIR 2022, section on the tree-induced semi-supervised contrast (arXiv 2209.06664).
    """
    common, union = _overlaps(integer(trees, "trees"), anchors)
    total, used_views = jnp.zeros_like(common[0]), jnp.zeros_like(common[0])
    # View by view: on a CPU, a sum over the first axis takes longer than the comparisons.
    for part, whole in zip(common, union, strict=True):
        total, used_views = total + _ratio(part, whole), used_views + (whole > 0)
    combined = _ratio(total, used_views)
    return jnp.where(with_itself(trees.shape[0], anchors), 1.0, combined)
