"""Losses of some turns against the whole batch: the rows of the losses of all."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses import (
    combined_similarity,
    contrast_weights,
    multi_view_contrast,
    view_similarities,
    weighted_contrast,
)

EXAMPLES, VIEWS = 6, 3
ANCHORS = np.array([4, 0, 5, 4], np.int32)  # in any order, and one of them twice


@pytest.fixture
def trees(rng):
    return rng.integers(0, 4, size=(EXAMPLES, VIEWS, 1)).astype(np.int32)


@pytest.fixture
def pool(rng):
    """Vectors, groups and masks; one example is not valid, one has no positive."""
    vectors = rng.normal(size=(2, EXAMPLES, 4)).astype(np.float32)
    similarity = rng.uniform(size=(VIEWS, EXAMPLES, EXAMPLES)).astype(np.float32)
    similarity[:, 4] = 0
    return vectors, similarity, np.array([0, 0, 1, 0, 0, 1], np.int32), np.arange(EXAMPLES) != 1


def test_similarities(trees):
    np.testing.assert_array_equal(view_similarities(trees, ANCHORS), view_similarities(trees)[:, ANCHORS])
    np.testing.assert_array_equal(combined_similarity(trees, ANCHORS), combined_similarity(trees)[ANCHORS])


def test_weights(trees):
    labelled, similarity = np.array([1, 0, 1, 1, 1, 0], bool), view_similarities(trees)
    whole = contrast_weights(similarity, labelled)
    np.testing.assert_array_equal(contrast_weights(similarity[:, ANCHORS], labelled, ANCHORS), whole[:, ANCHORS])
    with pytest.raises(ValueError, match="similarity has shape"):
        contrast_weights(similarity, labelled, ANCHORS)


def test_contrasts(pool, rng):
    vectors, similarity, *masks = pool
    kernels, biases = rng.normal(size=(VIEWS, 4, 5)).astype(np.float32), np.zeros((VIEWS, 5), np.float32)

    def single(vectors, anchors, rows):
        return weighted_contrast(vectors, similarity[0][rows], *masks, 0.3, anchors)

    def multiple(vectors, anchors, rows):
        return multi_view_contrast(vectors, kernels, biases, similarity[:, rows], *masks, 0.3, anchors)

    everybody = np.arange(EXAMPLES)
    for loss in (single, multiple):
        whole = loss(vectors, None, everybody)
        np.testing.assert_allclose(loss(vectors, ANCHORS, ANCHORS), whole[ANCHORS], rtol=1e-6)
        # The two halves have the gradient of the whole, whichever examples they are.
        gradient = jax.grad(lambda x, *which, loss=loss: loss(x, *which).sum())
        halves = [gradient(vectors, half, half) for half in (everybody[::2], everybody[1::2])]
        expected = gradient(vectors, None, everybody)
        np.testing.assert_allclose(sum(halves), expected, rtol=1e-5, atol=1e-6)
        assert jnp.abs(expected).max() > 0
    with pytest.raises(ValueError, match="similarity has shape"):
        weighted_contrast(vectors, similarity[0], *masks, 0.3, ANCHORS)
