import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from space_jax.losses import (
    Sum,
    combined_similarity,
    contrast_weights,
    l2_normalise,
    multi_view_contrast,
    pool_groups,
    weighted_contrast,
)

EXAMPLES, WIDTH = 5, 4


def reference(features, similarity, groups, valid, temperature):
    """Anchor by anchor over the features of both views."""
    examples = features.shape[1]
    anchors = [(view, b) for view in range(2) for b in range(examples) if valid[b]]
    losses = np.zeros(examples)
    for view, i in anchors:
        others = [(v, j) for v, j in anchors if (v, j) != (view, i) and groups[j] == groups[i]]
        scores = [np.exp(features[view, i].astype(np.float64) @ features[v, j] / temperature) for v, j in others]
        weights = [similarity[i, j] for _, j in others]
        if sum(weights) > 0:
            terms = [w * np.log(score / sum(scores)) for w, score in zip(weights, scores, strict=True)]
            losses[i] -= sum(terms) / sum(weights) / 2
    return losses


@pytest.fixture
def pool(rng):
    features = rng.normal(size=(2, EXAMPLES, WIDTH))
    features = (features / np.linalg.norm(features, axis=-1, keepdims=True)).astype(np.float32)
    similarity = rng.uniform(size=(EXAMPLES, EXAMPLES))
    similarity = ((similarity + similarity.T) / 2 * (similarity > 0.3)).astype(np.float32)
    np.fill_diagonal(similarity, 1)
    return features, similarity, np.array([0, 0, 1, 0, 1], np.int32), np.array([1, 1, 1, 0, 1], bool), 0.2


def mean(features, similarity, groups, valid, temperature):
    return Sum.of(weighted_contrast(features, similarity, groups, valid, temperature), valid).mean()


def test_equals_the_loop(pool):
    np.testing.assert_allclose(weighted_contrast(*pool), reference(*pool), rtol=1e-5)


def test_gradient(pool, assert_numerical_gradients):
    features, similarity, groups, valid, _ = pool
    assert_numerical_gradients(lambda x, t: weighted_contrast(x, similarity, groups, valid, t), features, 0.5)


def test_identity_weights_are_the_self_supervised_loss(pool):
    features, _, _, _, temperature = pool
    anchors = features.reshape(2 * EXAMPLES, WIDTH)
    logits = anchors @ anchors.T / temperature
    np.fill_diagonal(logits, -np.inf)
    partner = np.roll(np.arange(2 * EXAMPLES), EXAMPLES)
    cross_entropy = np.log(np.exp(logits).sum(1)) - logits[np.arange(2 * EXAMPLES), partner]
    everybody = np.zeros(EXAMPLES, np.int32), np.ones(EXAMPLES, bool)
    np.testing.assert_allclose(
        mean(features, np.eye(EXAMPLES, dtype=np.float32), *everybody, temperature), cross_entropy.mean(), rtol=1e-5
    )


def test_groups_are_separate_batches(pool):
    features, similarity, groups, valid, temperature = pool
    whole = np.asarray(weighted_contrast(*pool))
    for group in (0, 1):
        part = valid & (groups == group)
        alone = weighted_contrast(features[:, part], similarity[part][:, part], groups[part], valid[part], temperature)
        np.testing.assert_allclose(whole[part], alone, rtol=1e-5)


def test_examples_that_are_not_valid_leak_nothing(pool, finite_gradients):
    features, similarity, groups, valid, temperature = pool
    broken = np.where(valid[None, :, None], features, np.nan)
    value, (gradient,) = finite_gradients(lambda x: mean(x, similarity, groups, valid, temperature), broken)
    np.testing.assert_allclose(value, reference(*pool)[valid].mean(), rtol=1e-5)
    assert (gradient[:, ~valid] == 0).all()
    assert weighted_contrast(*pool)[3] == 0


def test_everything_padded_gives_zero(pool, finite_gradients):
    features, similarity, groups, valid, temperature = pool
    value, (gradient,) = finite_gradients(lambda x: mean(x, similarity, groups, valid & False, temperature), features)
    assert value == 0
    assert (gradient == 0).all()


def test_no_positive_pair_gives_zero(pool, finite_gradients):
    features, similarity, groups, valid, temperature = pool
    value, gradients = finite_gradients(lambda x, s: mean(x, s, groups, valid, temperature), features, similarity * 0)
    assert value == 0
    assert (gradients[0] == 0).all()


def test_an_anchor_without_a_positive_still_repels(pool, finite_gradients):
    features, similarity, groups, valid, temperature = pool
    similarity = similarity.copy()
    similarity[1] = 0
    losses = weighted_contrast(features, similarity, groups, valid, temperature)
    assert losses[1] == 0
    np.testing.assert_allclose(losses, reference(features, similarity, groups, valid, temperature), rtol=1e-5)
    _, (gradient,) = finite_gradients(lambda x: mean(x, similarity, groups, valid, temperature), features)
    assert (gradient[:, 1] != 0).any()  # through the normaliser of the others


def pooled(features, trees, labelled, valid):
    """What a recipe does with its pool."""
    weights = contrast_weights(combined_similarity(trees), labelled)
    return mean(features, weights, pool_groups(labelled, valid, size=0), valid, 0.2)


@pytest.mark.parametrize("labels", [[0, 0, 0, 0, 0], [1, 0, 1, 1, 0], [1, 1, 1, 1, 1]])
def test_labelled_and_unlabelled_examples_of_one_batch(pool, labels, rng, finite_gradients):
    features, _, _, valid, temperature = pool
    labelled = np.array(labels, bool)
    trees = np.where(labelled[:, None, None], rng.integers(1, 4, size=(EXAMPLES, 10, 1)), 0)
    value, (gradient,) = finite_gradients(lambda x: pooled(x, trees, labelled, valid), features)
    similarity = np.where(labelled[:, None] & labelled, combined_similarity(trees), np.eye(EXAMPLES))
    expected = reference(features, similarity, labelled, valid, temperature)
    np.testing.assert_allclose(value, expected[valid].mean(), rtol=1e-5)
    assert (gradient[:, ~valid] == 0).all()


def test_a_pool_spread_over_devices_is_the_same_pool(rng):
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    features = rng.normal(size=(2, 16, 3)).astype(np.float32)
    trees, labelled = rng.integers(0, 3, size=(16, 10, 1)), rng.integers(0, 2, size=16).astype(bool)
    arrays = (features, trees, labelled, np.arange(16) < 14)
    specs = [PartitionSpec(None, "data"), *[PartitionSpec("data")] * 3]
    spread = [jax.device_put(a, NamedSharding(mesh, spec)) for a, spec in zip(arrays, specs, strict=True)]
    value, gradient = jax.jit(jax.value_and_grad(pooled))(*arrays)
    value_spread, gradient_spread = jax.jit(jax.value_and_grad(pooled))(*spread)
    np.testing.assert_allclose(value_spread, value, rtol=1e-5)
    np.testing.assert_allclose(gradient_spread, gradient, rtol=1e-4, atol=1e-6)


def test_one_example_has_nobody_to_be_told_from(finite_gradients):
    features = np.ones((2, 1, 3), np.float32)
    value, (gradient,) = finite_gradients(
        lambda x: mean(x, np.ones((1, 1), np.float32), np.zeros(1, np.int32), np.ones(1, bool), 0.07), features
    )
    assert value == 0
    np.testing.assert_allclose(gradient, 0, atol=1e-6)


def test_permuting_and_padding_change_nothing(pool):
    features, similarity, groups, valid, temperature = pool
    value, gradient = jax.value_and_grad(mean)(*pool)
    order = np.array([3, 0, 4, 1, 2])
    value_other, gradient_other = jax.value_and_grad(mean)(
        features[:, order], similarity[order][:, order], groups[order], valid[order], temperature
    )
    np.testing.assert_allclose(value_other, value, rtol=1e-5)
    np.testing.assert_allclose(gradient_other, gradient[:, order], rtol=1e-4, atol=1e-6)
    padded = (
        np.pad(features, ((0, 0), (0, 2), (0, 0))),
        np.pad(similarity, ((0, 2), (0, 2))),
        np.pad(groups, (0, 2)),
        np.pad(valid, (0, 2)),
    )
    value_padded, gradient_padded = jax.value_and_grad(mean)(*padded, temperature)
    np.testing.assert_allclose(value_padded, value, rtol=1e-5)
    np.testing.assert_allclose(gradient_padded[:, :EXAMPLES], gradient, rtol=1e-4, atol=1e-6)


def test_the_scale_of_the_weights_does_not_count(pool):
    features, similarity, *rest = pool
    np.testing.assert_allclose(weighted_contrast(features, similarity * 1e-3, *rest), reference(*pool), rtol=1e-4)


def test_limits_of_the_temperature(pool, finite_gradients):
    features, similarity, groups, valid, _ = pool
    # Hot: every candidate is as likely as any other, whatever the weights.
    hot = weighted_contrast(features, similarity, groups, valid, 1e8)
    np.testing.assert_allclose(hot, np.where(valid, np.log(3), 0), rtol=1e-5)
    # Cold: with both views alike and told apart from the rest, the identity costs nothing.
    same = np.stack([np.eye(EXAMPLES), np.eye(EXAMPLES)]).astype(np.float32)
    for temperature in (1e-2, 1e-4):
        value, _ = finite_gradients(
            lambda x, t=temperature: mean(x, np.eye(EXAMPLES, dtype=np.float32), groups, valid, t), same
        )
        np.testing.assert_allclose(value, 0, atol=1e-6)


def test_extreme_features_are_finite(pool, finite_gradients):
    features, *rest = pool
    value, _ = finite_gradients(lambda x: mean(x, *rest), features * 1e4)
    assert value > 1e4


def test_bfloat16_gives_float32(pool):
    features, *rest = pool
    rounded = jnp.asarray(features, jnp.bfloat16)
    result = weighted_contrast(rounded, *rest)
    assert result.dtype == jnp.float32
    np.testing.assert_allclose(result, reference(np.asarray(rounded, np.float32), *rest), rtol=1e-5)


def test_l2_normalise(rng, assert_numerical_gradients, finite_gradients):
    vectors = rng.normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_allclose(
        l2_normalise(vectors), vectors / np.linalg.norm(vectors, axis=1, keepdims=True), rtol=1e-6
    )
    assert_numerical_gradients(l2_normalise, vectors)
    value, (gradient,) = finite_gradients(l2_normalise, np.zeros((2, 4), np.float32))
    assert value == 0
    assert (gradient == 0).all()
    assert l2_normalise(jnp.ones((1, 4), jnp.bfloat16)).dtype == jnp.float32


@pytest.fixture
def views(pool, rng):
    _, similarity, groups, valid, temperature = pool
    vectors = rng.normal(size=(2, EXAMPLES, 3)).astype(np.float32)
    kernels = rng.normal(size=(2, 3, WIDTH)).astype(np.float32)
    biases = rng.normal(size=(2, WIDTH)).astype(np.float32)
    similarities = np.stack([similarity, np.eye(EXAMPLES, dtype=np.float32)])
    return vectors, kernels, biases, similarities, groups, valid, temperature


def test_multi_view_is_the_mean_over_subspaces(views):
    vectors, kernels, biases, similarities, *rest = views
    losses = []
    for kernel, bias, similarity in zip(kernels, biases, similarities, strict=True):
        projected = np.tanh(vectors @ kernel + bias)
        projected /= np.linalg.norm(projected, axis=-1, keepdims=True)
        losses.append(reference(projected, similarity, *rest))
    np.testing.assert_allclose(multi_view_contrast(*views), np.mean(losses, axis=0), rtol=1e-5)


def test_an_example_takes_part_in_some_views(views):
    """Left out of a view it is no negative there either, and its loss is the mean over the other views."""
    vectors, kernels, biases, similarities, groups, valid, _ = views
    parts = np.stack([valid, valid])
    first, second = np.flatnonzero(valid)[:2]
    parts[0, first] = parts[:, second] = False
    losses = [
        multi_view_contrast(vectors, kernels[w : w + 1], biases[w : w + 1], similarities[w : w + 1], groups, part, 0.07)
        for w, part in enumerate(parts)
    ]
    expected = np.mean(losses, axis=0)
    expected[first] = losses[1][first]
    expected[second] = 0
    ours = multi_view_contrast(vectors, kernels, biases, similarities, groups, parts, 0.07)
    np.testing.assert_allclose(ours, expected, rtol=1e-5)
    some = np.array([4, first, second])
    anchored = multi_view_contrast(vectors, kernels, biases, similarities[:, some], groups, parts, 0.07, some)
    np.testing.assert_allclose(anchored, expected[some], rtol=1e-5)


def test_multi_view_gradient(views, assert_numerical_gradients):
    vectors, kernels, biases, *rest = views
    assert_numerical_gradients(lambda *x: multi_view_contrast(*x, *rest), vectors, kernels, biases)


def test_multi_view_of_nothing_is_zero(views, finite_gradients):
    vectors, kernels, biases, similarities, groups, valid, temperature = views

    def loss(v, k, b):
        return Sum.of(multi_view_contrast(v, k, b, similarities, groups, valid & False, temperature), valid).mean()

    value, gradients = finite_gradients(loss, vectors, kernels, biases)
    assert value == 0
    assert all((gradient == 0).all() for gradient in gradients)
    # A dead projection has no direction; it must not break the gradient.
    finite_gradients(lambda v: multi_view_contrast(v, kernels * 0, biases * 0, *views[3:]), vectors)


def test_multi_view_in_bfloat16_gives_float32(views):
    vectors, *rest = views
    assert multi_view_contrast(jnp.asarray(vectors, jnp.bfloat16), *rest).dtype == jnp.float32


def test_what_does_not_fit_is_refused(pool, views):
    features, similarity, groups, valid, temperature = pool
    with pytest.raises(TypeError, match="valid is int32"):
        weighted_contrast(features, similarity, groups, groups, temperature)
    with pytest.raises(ValueError, match="similarity has shape"):
        weighted_contrast(features, similarity[:1], groups, valid, temperature)
    with pytest.raises(ValueError, match="biases has shape"):
        multi_view_contrast(views[0], views[1], views[2][:1], *views[3:])
