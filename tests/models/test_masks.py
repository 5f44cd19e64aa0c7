import jax.numpy as jnp
import numpy as np

from space_jax.models.masks import Sight, causal_same_segment, decoder_mask, same_segment

SEGMENTS = jnp.array([[1, 1, 2, 0]])


def test_same_segment_is_blocks_without_padding():
    expected = [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
    ]
    np.testing.assert_array_equal(same_segment(SEGMENTS, SEGMENTS)[0], np.array(expected, bool))


def test_causal_same_segment_is_lower_triangles():
    expected = [
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
    ]
    np.testing.assert_array_equal(causal_same_segment(SEGMENTS)[0], np.array(expected, bool))


def test_decoder_sees_its_memory_and_its_past():
    memory = jnp.array([[1, 2, 2, 0]])
    decoder = jnp.array([[1, 2, 2]])
    expected = [
        [1, 0, 0, 0, 1, 0, 0],
        [0, 1, 1, 0, 0, 1, 0],
        [0, 1, 1, 0, 0, 1, 1],
    ]
    np.testing.assert_array_equal(decoder_mask(decoder, memory)[0], np.array(expected, bool))


def test_rows_do_not_see_one_another():
    mask = same_segment(jnp.array([[1, 1], [0, 1]]), jnp.array([[1, 0], [0, 1]]))
    np.testing.assert_array_equal(mask[0], [[True, False], [True, False]])
    np.testing.assert_array_equal(mask[1], [[False, False], [False, True]])


def test_sight_has_both_masks():
    segments, memory = jnp.array([[1, 2, 0]]), jnp.array([[1, 2, 2, 0]])
    np.testing.assert_array_equal(Sight(segments, memory, causal=True).mask(), decoder_mask(segments, memory))
    nothing = jnp.zeros((1, 0), int)
    np.testing.assert_array_equal(Sight(segments, nothing, causal=False).mask(), same_segment(segments, segments))
    np.testing.assert_array_equal(Sight(segments, memory, causal=False).keys, [[1, 2, 2, 0, 1, 2, 0]])
