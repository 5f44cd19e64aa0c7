"""Layouts as tables that can be checked by eye. Special ids: sos_u 5, eos_u 6, sos_r 7, eos_r 8, bos 3, eos 4."""

import dataclasses

import numpy as np
import pytest

from space_jax.errors import UserError
from space_jax.features.layout import assemble


@pytest.fixture(scope="module")
def example(make_example):
    """User: 30 31; system: 32; user: 33 34 35 with a span on 34; response 40 41."""
    return make_example([[30, 31], [32], [33, 34, 35]], [40, 41], spans=[False] * 4 + [True, False])


def table(layout):
    return np.stack([layout.ids, layout.positions, layout.turns, layout.roles, layout.spans]).tolist()


@pytest.mark.parametrize("recipe", ["space2", "space3"])
def test_wrapped_turns(example, vocabulary, recipe):
    layout = assemble(example, vocabulary, recipe, 256)
    assert table(layout) == [
        [5, 30, 31, 6, 7, 32, 8, 5, 33, 34, 35, 6],  # ids
        [0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 3, 4],  # positions
        [3, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1, 1],  # distance to the response
        [1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1],  # roles
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0],  # spans
    ]
    assert layout.response.tolist() == [7, 40, 41, 8]
    assert layout.user_words.tolist() == [5, 33, 34, 35, 6]


def test_space1_closes_each_turn(example, vocabulary):
    layout = assemble(example, vocabulary, "space1", 256)
    assert table(layout) == [
        [30, 31, 4, 32, 4, 33, 34, 35, 4],
        [0, 1, 2, 0, 1, 0, 1, 2, 3],
        [3, 3, 3, 2, 2, 1, 1, 1, 1],
        [1, 1, 1, 0, 0, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0, 1, 0, 0],
    ]
    assert layout.response.tolist() == [3, 40, 41, 4]
    assert layout.user_words.tolist() == [33, 34, 35, 4]


def test_the_cut_keeps_the_end_and_the_places_in_the_turn(example, vocabulary):
    layout = assemble(example, vocabulary, "space3", 7)
    assert table(layout) == [
        [32, 8, 5, 33, 34, 35, 6],
        [1, 2, 0, 1, 2, 3, 4],
        [2, 2, 1, 1, 1, 1, 1],
        [0, 0, 1, 1, 1, 1, 1],
        [0, 0, 0, 0, 1, 0, 0],
    ]


def test_two_turns_of_one_speaker_keep_their_true_roles(make_example, vocabulary):
    layout = assemble(make_example([[30], [31], [32]], [40], roles=[1, 0, 0]), vocabulary, "space3", 256)
    assert layout.ids.tolist() == [5, 30, 6, 7, 31, 8, 7, 32, 8]
    assert layout.roles.tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert layout.turns.tolist() == [3, 3, 3, 2, 2, 2, 1, 1, 1]
    assert layout.user_words.tolist() == []  # the last context turn is the system's


def test_empty_turns_keep_their_wrappers(make_example, vocabulary):
    empty = make_example([[], []], [])
    assert assemble(empty, vocabulary, "space2", 256).ids.tolist() == [7, 8, 5, 6]
    assert assemble(empty, vocabulary, "space2", 256).response.tolist() == [7, 8]
    assert assemble(empty, vocabulary, "space1", 256).ids.tolist() == [4, 4]
    assert assemble(empty, vocabulary, "space1", 256).response.tolist() == [3, 4]


@pytest.mark.parametrize(("recipe", "response"), [("space1", [3, 40, 41]), ("space3", [7, 40, 41])])
def test_a_response_that_was_cut_has_no_closing_token_to_learn(example, vocabulary, recipe, response):
    layout = assemble(dataclasses.replace(example, response_cut=True), vocabulary, recipe, 256)
    assert layout.response.tolist() == response
    np.testing.assert_array_equal(layout.ids, assemble(example, vocabulary, recipe, 256).ids)


def test_dtypes_are_exact(example, vocabulary):
    for recipe in ("space1", "space3"):
        layout = assemble(example, vocabulary, recipe, 256)
        names = ("ids", "positions", "roles", "turns", "response", "user_words")
        assert all(getattr(layout, name).dtype == np.int32 for name in names)
        assert layout.spans.dtype == np.bool_


def test_an_unknown_recipe_is_named(example, vocabulary):
    with pytest.raises(UserError, match="'space4' is not one of space1, space2, space3"):
        assemble(example, vocabulary, "space4", 256)
