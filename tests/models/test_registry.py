"""The recipes: packing, padding and order change nothing; views are keys; every edge is finite."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import Space1Config, Space3Config
from space_jax.dialogue.labels import Known
from space_jax.features.example import NO_TOKENS
from space_jax.features.packing import Item, pack
from space_jax.models.recipe import DROPOUT_VIEWS, KEY_PURPOSES
from space_jax.models.registry import make_recipe
from space_jax.models.space3 import without_last_turn
from space_jax.models.views import two_views
from tests.models.conftest import MODEL, NONE, PACKED, ROOMY, UNPACKED, make_items

KEYS = dict(zip(KEY_PURPOSES, jax.random.split(jax.random.key(7), len(KEY_PURPOSES)), strict=True))


def assert_same(ours, theirs, tolerance=2e-5):
    assert ours[1].keys() == theirs[1].keys()
    for name, sums in ours[1].items():
        np.testing.assert_allclose(sums, theirs[1][name], rtol=tolerance, atol=tolerance, err_msg=name)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=tolerance), ours[2], theirs[2])


def test_packing_and_padding_change_nothing(runner):
    """Several examples a row, against one a row with rows and examples to spare."""
    items = make_items(runner.name)
    assert_same(runner(pack(items, PACKED)), runner(pack(items, ROOMY)))


def test_order_of_the_batch_changes_nothing(runner):
    items = make_items(runner.name)
    assert_same(runner(pack(items, PACKED)), runner(pack(items[::-1], PACKED)))


def test_every_term_counts_what_it_should(runner):
    _, terms, grads = runner(pack(make_items(runner.name), PACKED))
    assert set(terms) == set(runner.recipe.coefficients)
    for name, (total, weight) in terms.items():
        assert np.isfinite(total)
        assert weight > 0, name
    if runner.name in CONTRASTING:
        assert terms[next(n for n in terms if n.startswith("contrast") and n.endswith("/labelled"))][1] == 3
    assert all(np.isfinite(g).all() for g in jax.tree.leaves(grads))
    assert all(np.abs(g).max() > 0 for g in jax.tree.leaves(grads)), "a parameter that no term trains"


def test_without_labels_the_labelled_terms_are_empty(runner):
    _, terms, grads = runner(pack(make_items(runner.name, known=[NONE] * 5), PACKED))
    for name, (total, weight) in terms.items():
        if name.endswith("/labelled") or name == "dialog_act":
            assert (total, weight) == (0, 0), name
    assert all(np.isfinite(g).all() for g in jax.tree.leaves(grads))


def unanswered(item: Item) -> Item:
    """The item without its response and what is annotated of it."""
    example = dataclasses.replace(
        item.layout.example,
        response_tokens=NO_TOKENS,
        responded=False,
        system_tree=np.zeros_like(item.layout.example.system_tree),
        acts=np.zeros_like(item.layout.example.acts),
        known=Known(False, item.layout.example.known.user_tree, False),
    )
    return dataclasses.replace(
        item,
        layout=dataclasses.replace(item.layout, response=NO_TOKENS, example=example),
        negative=NO_TOKENS,
        masked_response=NO_TOKENS,
        predicted_response=NO_TOKENS.astype(bool),
    )


CONTRASTING = ("space2", "space3")
OF_THE_RESPONSE = (
    "order",
    "restor",
    "response",
    "context_beside",
    "words_system",
    "contrast_system",
    "policy_system",
    "generation",
    "dialog_act",
    "selection",
)


def test_an_example_without_a_response_has_no_part_in_the_terms_of_responses(runner):
    """One labelled and one unlabelled example without a response, against the batch without those two."""
    if runner.name == "structbert":
        pytest.skip("the words of StructBERT's contexts are predicted beside the response: test_structbert.py")
    items = make_items(runner.name)
    some = pack([unanswered(item) if at in (1, 2) else item for at, item in enumerate(items)], PACKED)
    rest = pack([item for at, item in enumerate(items) if at not in (1, 2)], PACKED)
    of_responses = {
        name: coefficient if name.startswith(OF_THE_RESPONSE) else 0.0
        for name, coefficient in runner.recipe.coefficients.items()
    }
    if runner.name != "space2":  # whose terms are all the user's
        grads, expected = (runner(batch, of_responses)[2] for batch in (some, rest))
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-5), grads, expected)
    terms, without, whole = (runner(batch)[1] for batch in (some, rest, pack(items, PACKED)))
    for name, sums in terms.items():
        if name == "consistency":
            assert sums[1] == whole[name][1]  # compares what is predicted from the context
        else:
            expected = (without if name.startswith(OF_THE_RESPONSE) else whole)[name]
            np.testing.assert_allclose(sums, expected, rtol=2e-5, atol=2e-5, err_msg=name)


def test_only_examples_without_a_response(runner):
    loss, terms, grads = runner(pack([unanswered(item) for item in make_items(runner.name)], PACKED))
    assert np.isfinite(loss)
    assert all(np.isfinite(g).all() for g in jax.tree.leaves(grads))
    if runner.name != "yuyan":  # whose response is the text itself, which in truth every example has
        assert any(weight > 0 for _, weight in terms.values())
    assert all(tuple(sums) == (0, 0) for name, sums in terms.items() if name.startswith(OF_THE_RESPONSE))


def test_nothing_valid_gives_zero_and_zero_gradient(runner):
    loss, terms, grads = runner(pack([], PACKED))
    assert loss == 0
    assert all(weight == 0 for _, weight in terms.values())
    assert all((np.asarray(g) == 0).all() for g in jax.tree.leaves(grads))


def test_one_example(runner):
    loss, _, grads = runner(pack(make_items(runner.name)[:1], PACKED))
    assert np.isfinite(loss)
    assert all(np.isfinite(g).all() for g in jax.tree.leaves(grads))


def test_dropout_keys_decide_the_loss(runner):
    batch = pack(make_items(runner.name), PACKED)
    first, again = runner.with_dropout(batch, KEYS), runner.with_dropout(batch, KEYS)
    assert first[0] == again[0]
    other = runner.with_dropout(batch, KEYS | {DROPOUT_VIEWS[1]: jax.random.key(99)})
    changed = {name for name in first[1] if not np.array_equal(first[1][name], other[1][name])}
    # Besides the terms that compare views, only the acts of SPACE-1 look at the second view.
    assert set(runner.recipe.view_terms) <= changed <= set(runner.recipe.view_terms) | {"dialog_act"}


def test_equal_keys_give_no_divergence(runner):
    if runner.name != "space1":
        pytest.skip("only SPACE-1 measures the divergence of its views")
    batch = pack(make_items("space1"), PACKED)
    same = KEYS | {DROPOUT_VIEWS[1]: KEYS[DROPOUT_VIEWS[0]]}
    assert abs(runner.with_dropout(batch, same)[1]["consistency"][0]) < 1e-6
    assert runner.with_dropout(batch, KEYS)[1]["consistency"][0] > 1e-4


def test_represent_gives_a_vector_an_example(runner):
    items = make_items(runner.name)
    represent = jax.jit(runner.recipe.represent)
    packed = represent(runner.params, pack(items, PACKED))
    unpacked = represent(runner.params, pack(items, UNPACKED))
    assert packed["understanding"].shape == (5, MODEL.hidden)
    for name, vectors in packed.items():
        np.testing.assert_allclose(vectors, unpacked[name], atol=1e-5)


def test_two_views_stack_under_both_keys():
    def run(keys):
        return jax.random.normal(keys["dropout"], (3,))

    views = two_views(run, KEYS)
    np.testing.assert_array_equal(views, [run({"dropout": KEYS[name]}) for name in DROPOUT_VIEWS])
    np.testing.assert_array_equal(two_views(lambda keys: jnp.ones(2), {}), np.ones((2, 2)))


def test_policy_sides_choose_the_terms():
    for side, expected in (("system", {"system"}), ("user", {"user"}), ("both", {"system", "user"})):
        names = make_recipe(MODEL, Space3Config(policy_side=side)).coefficients
        assert {name.split("/")[0][7:] for name in names if name.startswith("policy_")} == expected


def test_the_user_side_policy_leaves_out_first_turns(runner):
    if runner.name != "space3":
        pytest.skip("SPACE-3 has the policy decoder")
    _, terms, _ = runner(pack(make_items("space3"), PACKED))
    assert terms["policy_user/labelled"][1] == 2  # of three labelled examples one opens its dialogue
    assert terms["policy_system/labelled"][1] == 3


def test_without_last_turn_moves_the_others_nearer():
    context = pack(make_items("space3"), UNPACKED).context
    before = without_last_turn(jax.tree.map(jnp.asarray, context))
    kept = np.asarray(context.turns) > 1
    np.testing.assert_array_equal(np.asarray(before.segments) > 0, kept)
    np.testing.assert_array_equal(np.asarray(before.turns)[kept], context.turns[kept] - 1)
    np.testing.assert_array_equal(before.roles, context.roles)


def test_as_released_counts_unlabelled_acts_and_selects_nothing():
    recipe = make_recipe(MODEL, Space1Config(as_released=True))
    batch = pack(make_items("space1"), PACKED)
    params = jax.tree.map(
        lambda b: b.value, jax.jit(recipe.init)(jax.random.key(0), batch), is_leaf=lambda b: hasattr(b, "names")
    )
    partial = jax.jit(recipe.forward)(params, batch, {})
    assert set(partial.terms) == {"generation", "dialog_act", "consistency"}
    weights = {}
    for known in (True, False):
        features = {"acts_known": jnp.asarray(partial.features["acts_known"][None] & known)}
        weights[known] = float(recipe.finish(partial.terms, features)["dialog_act"].weight)
    assert weights == {True: 10.0, False: 0.0}  # five examples in two views, though two are unlabelled


def test_an_example_without_a_negative_is_not_selected(runner):
    if runner.name != "space1":
        pytest.skip("SPACE-1 selects responses")
    items = make_items("space1")
    items[1] = dataclasses.replace(items[1], negative=items[1].negative[:0])
    _, terms, grads = runner(pack(items, PACKED))
    assert terms["selection"][1] == 4
    assert all(np.isfinite(g).all() for g in jax.tree.leaves(grads))
