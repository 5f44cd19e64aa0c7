"""Directions: lengths, what all vectors share, and vectors without a direction."""

import numpy as np

from space_jax.tasks.directions import centred, unit


def test_vectors_get_length_one_and_those_of_zeros_stay():
    assert np.allclose(unit(np.array([[3.0, 4.0], [0.0, 0.0], [-2.0, 0.0]])), [[0.6, 0.8], [0, 0], [-1, 0]])


def test_what_all_share_is_left_out():
    made = centred(np.array([[11.0, 1.0], [11.0, -1.0], [13.0, 0.0], [9.0, 0.0]]))
    assert np.allclose(made, [[0, 1], [0, -1], [1, 0], [-1, 0]])
    assert made.dtype == np.float32
    assert not centred(np.ones((4, 3))).any()
    assert np.allclose(centred(np.array([[3.0, 4.0]])), [[0.6, 0.8]])  # a single one shares nothing
