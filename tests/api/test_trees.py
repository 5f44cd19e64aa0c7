"""The trees of annotated turns: readable, and hashed for the losses."""

import numpy as np
import pytest

import space_jax


def turn(*slots, domain="hotel", intent="inform"):
    filled = [{"name": name, "values": [{"value": value}]} for name, value in slots]
    return {"role": "user", "text": "...", "frames": [{"domain": domain, "intent": intent, "slots": filled}]}


CHEAP = turn(("price", "cheap"))
NORTH = turn(("price", "cheap"), ("area", "north"))
HELLO = {"role": "user", "text": "Hello!"}


def test_the_views_by_name():
    assert space_jax.tree_views(NORTH) == {
        "D": ["hotel"],
        "I": ["inform"],
        "S": ["area", "price"],
        "V": ["cheap", "north"],
        "DI": ["hotel-inform"],
        "IS": ["inform-area", "inform-price"],
        "SV": ["area-north", "price-cheap"],
        "DIS": ["hotel-inform-area", "hotel-inform-price"],
        "ISV": ["inform-area-north", "inform-price-cheap"],
        "DISV": ["hotel-inform-area-north", "hotel-inform-price-cheap"],
    }
    assert set(map(tuple, space_jax.tree_views(HELLO).values())) == {()}


def test_the_losses_measure_how_much_two_turns_share():
    trees = space_jax.semantic_trees([CHEAP, NORTH, HELLO])
    assert (trees.shape, trees.dtype) == ((3, 10, 16), np.int32)
    # D, I and DI are the same; of the two elements of each of the other seven views one is shared.
    expected = (3 + 7 * 0.5) / 10
    similarity = np.asarray(space_jax.losses.combined_similarity(trees))
    np.testing.assert_allclose(similarity, [[1, expected, 0], [expected, 1, 0], [0, 0, 1]], rtol=1e-6)
    assert space_jax.semantic_trees([]).shape == (0, 10, 16)
    assert space_jax.semantic_trees([NORTH], width=1).shape == (1, 10, 1)


def test_a_wrong_turn_is_named():
    with pytest.raises(space_jax.UserError, match=r"^turn 2: field turns\[0\]"):
        space_jax.semantic_trees([CHEAP, {"role": "guest", "text": "Hello!"}])
