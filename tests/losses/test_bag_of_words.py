import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses import bag_of_words, token_cross_entropy


def reference(logits, words, weights):
    total = weight = 0.0
    for row, turn, w in zip(logits.astype(np.float64), words, weights, strict=True):
        for word in turn:
            if word >= 0 and w:
                total += w * (np.log(np.sum(np.exp(row))) - row[word])
                weight += w
    return total, weight


@pytest.fixture
def turns(rng):
    logits = rng.normal(size=(4, 9)).astype(np.float32)
    words = np.array([[3, 1, 3, 0], [8, -1, -1, -1], [-1, -1, -1, -1], [2, 5, -1, -1]], np.int32)
    weights = np.array([1, 1, 1, 0], np.float32)
    return logits, words, weights


def mean(logits, words, weights):
    return bag_of_words(logits, words, weights).mean()


def test_equals_the_loop(turns):
    total, weight = reference(*turns)
    result = bag_of_words(*turns)
    np.testing.assert_allclose(result.total, total, rtol=1e-5)
    assert result.weight == weight == 5


def test_equals_the_token_loss_with_the_distribution_repeated(turns):
    logits, words, weights = turns
    repeated = np.repeat(logits[:, None], 4, axis=1)
    tokens = token_cross_entropy(repeated, words, np.repeat(weights[:, None], 4, axis=1))
    np.testing.assert_allclose(mean(*turns), tokens.mean(), rtol=1e-6)


def test_gradient(turns, assert_numerical_gradients):
    logits, words, weights = turns
    assert_numerical_gradients(lambda x: mean(x, words, weights), logits)


def test_turns_that_do_not_count_leak_nothing(turns, finite_gradients):
    logits, words, weights = turns
    broken = np.where(np.array([[True], [True], [False], [False]]), logits, np.nan)
    value, (gradient,) = finite_gradients(lambda x: mean(x, words, weights), broken)
    np.testing.assert_allclose(value, mean(logits[:2], words[:2], weights[:2]), rtol=1e-6)
    assert (gradient[2:] == 0).all()


@pytest.mark.parametrize(("words", "weight"), [(-1, 1.0), (2, 0.0)])
def test_nothing_to_explain_gives_zero(turns, words, weight, finite_gradients):
    value, (gradient,) = finite_gradients(
        lambda x: mean(x, np.full((4, 3), words), np.full(4, weight, np.float32)), turns[0]
    )
    assert value == 0
    assert (gradient == 0).all()


def test_more_padding_and_another_order_change_nothing(turns):
    logits, words, weights = turns
    value, gradient = jax.value_and_grad(mean)(*turns)
    padded = (np.pad(logits, ((0, 2), (0, 0))), np.pad(words, ((0, 2), (0, 3)), constant_values=-1), np.ones(6))
    padded = (*padded[:2], np.pad(weights, (0, 2)))
    value_padded, gradient_padded = jax.value_and_grad(mean)(*padded)
    np.testing.assert_allclose(value_padded, value, rtol=1e-6)
    np.testing.assert_allclose(gradient_padded[:4], gradient, rtol=1e-5, atol=1e-8)
    value_other, gradient_other = jax.value_and_grad(mean)(logits[::-1], words[::-1, ::-1], weights[::-1])
    np.testing.assert_allclose(value_other, value, rtol=1e-6)
    np.testing.assert_allclose(gradient_other, gradient[::-1], rtol=1e-5, atol=1e-8)


def test_weights_scale_a_turn(turns):
    logits, words, _ = turns
    np.testing.assert_allclose(
        bag_of_words(logits[:1], words[:1], np.array([3.0], np.float32)).total,
        3 * bag_of_words(logits[:1], words[:1], np.array([1.0], np.float32)).total,
        rtol=1e-6,
    )


def test_extreme_logits_are_exact(finite_gradients):
    logits, words = np.array([[1e4, -1e4]], np.float32), np.array([[0, 1]])
    value, (gradient,) = finite_gradients(lambda x: bag_of_words(x, words, np.ones(1, bool)).total, logits)
    assert value == 2e4
    np.testing.assert_array_equal(gradient, [[1, -1]])


def test_bfloat16_gives_float32(turns):
    logits, words, weights = turns
    rounded = jnp.asarray(logits, jnp.bfloat16)
    result = bag_of_words(rounded, words, weights)
    assert result.total.dtype == jnp.float32
    np.testing.assert_allclose(result.total, reference(np.asarray(rounded, np.float32), words, weights)[0], rtol=1e-5)


def test_what_does_not_fit_is_refused(turns):
    logits, words, weights = turns
    with pytest.raises(TypeError, match="words is float32"):
        bag_of_words(logits, logits, weights)
    with pytest.raises(ValueError, match="words has shape"):
        bag_of_words(logits, words[:2], weights)
