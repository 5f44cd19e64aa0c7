"""Partial string ratio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.evaluation.multiwoz.similarity import is_alike, partial_ratio


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("curry", "curry", 100),
        ("curry", "golden curry house", 100),
        ("golden curry house", "curry", 100),
        ("abcd", "abxd", 75),  # three of four characters
        ("abcdefghij", "xxabcdefghiyxx", 90),  # nine of ten characters in one window
        ("abc", "xyz", 0),
        ("", "abc", 0),
        ("", "", 0),
    ],
)
def test_known_ratios(first, second, expected):
    assert partial_ratio(first, second) == expected


@given(st.text("abc ", max_size=12), st.text("abc ", max_size=20), st.integers(1, 100))
def test_the_shortcut_decides_as_the_ratio_does(first, second, enough):
    assert is_alike(first, second, enough) == (partial_ratio(first, second) >= enough)
