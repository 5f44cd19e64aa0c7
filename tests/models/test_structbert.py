"""StructBERT's order of two turns: what it sees of each order, and what it must not see."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.features.items import MakeItem
from space_jax.features.layout import wrappers
from space_jax.features.packing import pack
from space_jax.features.word_order import NEXT, OTHER, PREVIOUS
from space_jax.models.structbert import orderable, ordered
from tests.models.conftest import ALL, RECIPES, UNPACKED, VOCABULARY, Runner, make_items, random_example


def one(variant, turns=1):
    """The second example, of three turns, or the first, of one, in an order; and its grid as ours sees it."""
    item = dataclasses.replace(make_items("structbert")[turns == 3], variant=variant)
    batch = pack([item], UNPACKED)
    return item, batch, jax.device_get(ordered(jax.tree.map(jnp.asarray, batch)))


def seen(tokens):
    """(turn, role, ids) of each turn of row 0, the oldest first."""
    there = tokens.segments[0] > 0
    turns = tokens.turns[0]
    return [
        (int(turn), set(tokens.roles[0][there & (turns == turn)].tolist()), tokens.ids[0][there & (turns == turn)])
        for turn in sorted(set(turns[there].tolist()), reverse=True)
    ]


@pytest.mark.parametrize("turns", [1, 3])
def test_what_is_seen_of_each_order(turns):
    for variant in (OTHER, NEXT, PREVIOUS):
        item, _, tokens = one(variant, turns)
        found = seen(tokens)
        # The same numbers and segments in every order: only the words can tell.
        assert [turn for turn, _, _ in found] == list(range(turns, -1, -1))
        assert [roles for _, roles, _ in found] == [{0}] * turns + [{1}]
        last = item.masked_ids[item.layout.turns == 1]
        pair = {
            OTHER: (last, item.negative),
            NEXT: (last, item.layout.response),
            PREVIOUS: (item.layout.response, last),
        }[variant]
        for (_, _, ids), expected in zip(found[-2:], pair, strict=True):
            np.testing.assert_array_equal(ids, expected)
        for turn, _, ids in found[:-2]:
            np.testing.assert_array_equal(ids, item.masked_ids[item.layout.turns == turn])


def test_nothing_around_a_turn_says_who_spoke():
    opening, closing, (first, last) = wrappers(VOCABULARY, "structbert")
    assert [len(part) for part in (*opening, first)] == [0, 0, 0]
    assert [part.tolist() for part in (*closing, last)] == [[VOCABULARY.eos]] * 3


def test_an_order_without_its_response_does_not_count():
    items = make_items("structbert")
    batch = pack([dataclasses.replace(items[0], variant=OTHER, negative=items[0].negative[:0]), *items[1:]], UNPACKED)
    assert orderable(jax.tree.map(jnp.asarray, batch)).tolist() == [0, 1, 1, 1, 1]


@pytest.fixture(scope="module")
def runner():
    return Runner("structbert")


def test_it_begins_as_good_as_guessing(runner):
    _, terms, _ = runner(pack(make_items("structbert"), UNPACKED))
    assert terms["order"][0] / terms["order"][1] == pytest.approx(math.log(3), rel=0.1)
    assert terms["words"][0] / terms["words"][1] == pytest.approx(math.log(VOCABULARY.size), rel=0.1)
    hidden = terms["masked_accuracy"][1], terms["word_order_accuracy"][1]
    assert sum(hidden) == terms["words"][1]
    assert min(hidden) > 0


def test_accuracies_train_nothing(runner):
    batch = pack(make_items("structbert"), UNPACKED)
    without = {name: float(name in ("words", "order")) for name in runner.recipe.coefficients}
    assert without == runner.recipe.coefficients
    only = {name: float(name in runner.recipe.accuracies) for name in runner.recipe.coefficients}
    assert all((np.asarray(g) == 0).all() for g in jax.tree.leaves(runner(batch, only)[2]))


def test_a_changed_response_changes_its_own_example_alone(runner):
    """Its words, which are predicted beside the response, and its order."""
    items = make_items("structbert")
    other = dataclasses.replace(
        items[1], layout=dataclasses.replace(items[1].layout, response=items[4].layout.response)
    )
    predict = jax.jit(lambda batch: runner.recipe.model.apply({"params": runner.params}, batch, method="predict"))
    batches = [pack(some, UNPACKED) for some in (items, [items[0], other, *items[2:]])]
    first, second = map(predict, batches)
    orders = np.abs(np.asarray(first.order_logits - second.order_logits)).max(axis=1)
    words = [np.asarray(found.losses)[batch.slot] for found, batch in zip((first, second), batches, strict=True)]
    assert (orders > 1e-6).tolist() == [False, True, False, False, False]
    assert (np.abs(words[0] - words[1]).max(axis=1) > 1e-6).tolist() == [False, True, False, False, False]


def test_every_draw_is_a_third_and_labels_are_original_tokens():
    rng = np.random.default_rng(0)
    for released in (False, True):
        make = MakeItem(VOCABULARY, dataclasses.replace(RECIPES["structbert"], as_released=released), 24)
        items = [make.random_map(random_example(rng, ALL, 3), rng) for _ in range(600)]
        counts = np.bincount([item.variant for item in items], minlength=3)
        assert np.abs(counts - 200).max() < 4 * math.sqrt(600 * 2 / 9)
        shuffled = [item.layout.ids[item.masked_columns[item.moved]] for item in items]
        assert sum(map(len, shuffled)) > 50
        if not released:  # there special tokens move along
            assert (np.concatenate(shuffled) >= 15).all()
