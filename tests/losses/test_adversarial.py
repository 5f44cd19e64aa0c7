"""The adversarial step and the divergence, against NumPy, differences and limits."""

import numpy as np
import pytest

from space_jax.losses import adversarial_step, divergence_by_classes

SEGMENTS = np.array([[1, 1, 2, 0], [1, 2, 2, 2]])


def step_by_loops(gradient, segments, size, bound):
    step = np.zeros_like(gradient)
    for row, numbers in enumerate(segments):
        for number in set(numbers.tolist()) - {0}:
            own = numbers == number
            largest = np.abs(gradient[row, own]).max()
            if largest > 0:
                step[row, own] = np.clip(size * gradient[row, own] / largest, -bound, bound)
    return step


@pytest.mark.parametrize(("size", "bound"), [(5e-5, 1e-5), (0.3, 1.0), (0.0, 1.0), (1.0, 0.0)])
def test_the_step_is_that_of_loops(rng, size, bound):
    gradient = rng.normal(size=(2, 4, 3)).astype(np.float32)
    ours = adversarial_step(gradient, SEGMENTS, size, bound)
    np.testing.assert_allclose(ours, step_by_loops(gradient, SEGMENTS, size, bound), rtol=1e-5, atol=1e-10)


def test_an_example_alone_gives_the_step_that_it_has_among_others(rng):
    gradient = rng.normal(size=(2, 4, 3)).astype(np.float32)
    whole = adversarial_step(gradient, SEGMENTS, 0.1, 1.0)
    alone = adversarial_step(gradient[1:, 1:], SEGMENTS[1:, 1:], 0.1, 1.0)
    np.testing.assert_array_equal(whole[1:, 1:], alone)


def test_no_gradient_is_no_step_and_tiny_ones_are_scaled():
    assert (np.asarray(adversarial_step(np.zeros((2, 4, 3), np.float32), SEGMENTS, 1.0, 1.0)) == 0).all()
    tiny = adversarial_step(np.full((1, 1, 2), 1e-30, np.float32), np.array([[1]]), 0.5, 1.0)
    np.testing.assert_allclose(tiny, np.full((1, 1, 2), 0.5), rtol=1e-5)


def test_the_divergence_is_that_of_loops(rng):
    p, q = rng.normal(size=(2, 5, 4)).astype(np.float32) * 3
    softmax = lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)  # noqa: E731
    a, b = softmax(p.astype(np.float64)), softmax(q.astype(np.float64))
    expected = ((a * np.log(a / b)).sum(-1) + (b * np.log(b / a)).sum(-1)) / 4
    np.testing.assert_allclose(divergence_by_classes(p, q), expected, rtol=1e-5)
    np.testing.assert_array_equal(divergence_by_classes(p, p), 0.0)
    np.testing.assert_allclose(divergence_by_classes(q, p), expected, rtol=1e-5)


def test_gradients(rng, assert_numerical_gradients, finite_gradients):
    p, q = rng.normal(size=(2, 3, 4)).astype(np.float32)
    assert_numerical_gradients(divergence_by_classes, p, q)
    finite_gradients(divergence_by_classes, np.array([[1e4, -1e4]], np.float32), np.array([[-1e9, 0]], np.float32))


def test_wrong_inputs_are_refused(rng):
    with pytest.raises(TypeError, match="segments"):
        adversarial_step(np.zeros((1, 2, 3), np.float32), np.zeros((1, 2), np.float32), 1.0, 1.0)
    with pytest.raises(ValueError, match="segments"):
        adversarial_step(np.zeros((1, 2, 3), np.float32), np.zeros((1, 3), np.int32), 1.0, 1.0)
