"""Each annotation enters its own losses and no others, whatever else of the example is known."""

import dataclasses
import itertools

import jax
import numpy as np
import pytest

from space_jax.dialogue.labels import FACTS, Known
from space_jax.features.packing import pack
from space_jax.models.recipe import KEY_PURPOSES
from tests.models.conftest import ALL, NONE, PACKED, ROOMY, make_items

COMBINATIONS = [Known(*flags) for flags in itertools.product((False, True), repeat=len(FACTS))]
OTHERS = (ALL, NONE, ALL, Known(True, False, False))
GRIDS = {"packed": PACKED, "unpacked": ROOMY}
# `test_registry.py` shows that packing changes nothing.
IN_EACH_GRID = pytest.mark.parametrize("grid", ["packed", pytest.param("unpacked", marks=pytest.mark.slow)])

SUPERVISED = {  # term -> what it learns from
    "space1": {"dialog_act": "acts"},
    "space2": {"contrast/labelled": "user_tree"},
    "space3": {"contrast_user/labelled": "user_tree", "contrast_system/labelled": "system_tree"},
}
# The other recipes learn from no annotation.
pytestmark = pytest.mark.parametrize("runner", list(SUPERVISED), indirect=True, scope="session")


def items_of(runner, known):
    return make_items(runner.name, known=(known, *OTHERS))


def with_annotation(item, fact):
    """The item with other acts or another tree, whether they are known or not."""
    example = item.layout.example
    if fact == "acts":
        change = {"acts": 1.0 - example.acts}
    else:
        tree = np.zeros_like(getattr(example, fact))
        tree[:, 0] = 90
        change = {fact: tree}
    layout = dataclasses.replace(item.layout, example=dataclasses.replace(example, **change))
    return dataclasses.replace(item, layout=layout)


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


@IN_EACH_GRID
@pytest.mark.parametrize("known", COMBINATIONS, ids=str)
def test_an_annotation_that_is_known_moves_its_loss_and_gradient_and_another_nothing(runner, known, grid):
    items = items_of(runner, known)
    loss, terms, grads = runner(pack(items, GRIDS[grid]))
    for fact in FACTS:
        other_loss, other_terms, other_grads = runner(pack([with_annotation(items[0], fact), *items[1:]], GRIDS[grid]))
        learns = [name for name, of in SUPERVISED[runner.name].items() if of == fact and getattr(known, fact)]
        assert [name for name in terms if not np.array_equal(terms[name], other_terms[name])] == learns
        assert (loss != other_loss) == bool(learns)
        assert same(grads, other_grads) != bool(learns)


@IN_EACH_GRID
@pytest.mark.parametrize("known", COMBINATIONS, ids=str)
def test_a_supervised_term_is_that_of_the_examples_whose_annotation_is_known(runner, known, grid):
    items = items_of(runner, known)
    _, terms, _ = runner(pack(items, GRIDS[grid]))
    for name, fact in SUPERVISED[runner.name].items():
        alone = [item for item in items if getattr(item.layout.example.known, fact)]
        _, expected, _ = runner(pack(alone, GRIDS[grid]))
        np.testing.assert_allclose(terms[name], expected[name], rtol=2e-5, atol=2e-5, err_msg=name)
        assert terms[name][1] == len(alone) * (2 if runner.name == "space1" else 1)  # acts of both views


@IN_EACH_GRID
@pytest.mark.parametrize("known", COMBINATIONS, ids=str)
def test_an_example_is_unlabelled_where_nothing_that_its_recipe_uses_is_known(runner, known, grid):
    """The other terms by stream, and the contrast of a turn without a known tree with the unlabelled ones."""
    items = items_of(runner, known)
    _, terms, _ = runner(pack(items, GRIDS[grid]))
    facts = [item.layout.example.known for item in items]
    if runner.name == "space2":
        labelled = [one.user_tree for one in facts]
        masked = [len(item.masked_columns) for item in items]
        assert weights_of(terms, "contrast") == (sum(labelled), 5 - sum(labelled))
        assert weights_of(terms, "masked") == (np.dot(masked, labelled), sum(masked) - np.dot(masked, labelled))
    elif runner.name == "space3":
        labelled = [one.user_tree or one.system_tree for one in facts]
        words = [len(item.layout.response) for item in items]
        for side in ("user", "system"):
            trees = sum(getattr(one, f"{side}_tree") for one in facts)
            assert weights_of(terms, f"contrast_{side}") == (trees, 5 - trees)
        assert weights_of(terms, "words_system") == (np.dot(words, labelled), sum(words) - np.dot(words, labelled))
        assert weights_of(terms, "policy_system") == (sum(labelled), 5 - sum(labelled))
    else:  # one batch of both, see the gate
        assert terms["consistency"][1] == terms["selection"][1] == 5


def weights_of(terms, name):
    return tuple(terms[f"{name}/{stream}"][1] for stream in ("labelled", "unlabelled"))


def test_the_gate_is_shut_to_no_example_whose_acts_are_known(runner):
    """SPACE-1 under two keys: the divergences of known examples count whole, those of others times their gate."""
    if runner.name != "space1":
        pytest.skip("only SPACE-1 has a gate")
    keys = dict(zip(KEY_PURPOSES, jax.random.split(jax.random.key(7), len(KEY_PURPOSES)), strict=True))
    totals = {}
    for known in COMBINATIONS:
        totals[known] = runner.with_dropout(pack(items_of(runner, known), PACKED), keys)[1]["consistency"][0]
    assert len({total for known, total in totals.items() if known.acts}) == 1
    assert len({total for known, total in totals.items() if not known.acts}) == 1
    assert totals[ALL] > totals[NONE]
