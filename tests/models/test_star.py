"""After STAR: what slots and turns are read as, what is compared, and what the weights of tasks come to."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import StarConfig
from space_jax.features.packing import pack
from space_jax.losses import combined_similarity
from space_jax.models.electra import generator_sizes, put_in
from space_jax.models.registry import make_recipe
from space_jax.models.star import of_unused_slots, slot_tokens
from tests.models.conftest import ALL, MODEL, NONE, PACKED, RECIPES, UNPACKED, Runner, make_items


@pytest.fixture(scope="module")
def runner():
    return Runner("star")


def mean(terms, name):
    return terms[name][0] / terms[name][1]


def on_device(items, grid=UNPACKED):
    return jax.tree.map(jnp.asarray, pack(items, grid))


def in_dialogues(items, numbers):
    """The items as examples of these dialogues."""
    return [
        dataclasses.replace(
            item, layout=dataclasses.replace(item.layout, example=dataclasses.replace(item.layout.example, dialogue=n))
        )
        for item, n in zip(items, numbers, strict=True)
    ]


def test_it_begins_as_good_as_guessing(runner):
    _, terms, _ = runner(pack(make_items("star"), UNPACKED))
    assert mean(terms, "generator") == pytest.approx(math.log(60), rel=0.15)
    assert mean(terms, "replaced") == pytest.approx(math.log(2), rel=0.2)
    assert mean(terms, "roles") == pytest.approx(math.log(6), rel=0.2)
    assert terms["role_accuracy"][1] + terms["unused_accuracy"][1] == sum(
        len(item.slot_roles) for item in make_items("star")
    )


def test_slots_that_change_places_with_their_positions_take_their_logits_along(runner):
    batch = on_device(make_items("star"), PACKED)
    read = jax.jit(
        lambda b: runner.recipe.model.apply({"params": runner.params}, b.context.ids, b, method="read_contexts")
    )
    before = read(batch)
    order = np.random.default_rng(1).permutation(batch.context.ids.shape[1])  # of all tokens of every row
    moved = dataclasses.replace(
        batch,
        context=jax.tree.map(lambda grid: grid[:, order], batch.context),
        slots=dataclasses.replace(batch.slots, numbers=batch.slots.numbers[:, order]),
    )
    after = read(moved)
    np.testing.assert_allclose(after.roles, before.roles, atol=1e-5)
    np.testing.assert_allclose(after.turns, before.turns, atol=1e-5)
    renumbered = np.array(batch.slots.numbers)
    swapped = np.where(renumbered == 1, 2, np.where(renumbered == 2, 1, renumbered))
    other = read(dataclasses.replace(batch, slots=dataclasses.replace(batch.slots, numbers=jnp.asarray(swapped))))
    np.testing.assert_allclose(other.roles[:, [1, 0, *range(2, 9)]], before.roles, atol=1e-6)
    assert np.abs(np.asarray(before.roles[:, 0] - before.roles[:, 1])).max() > 1e-3


def test_a_turn_alone_in_its_dialogue_has_nothing_to_learn(runner):
    items = make_items("star")
    assert mean(runner(pack(items, UNPACKED))[1], "dependency") > 0.01
    _, alone, gradients = runner(pack(in_dialogues(items, range(5)), UNPACKED))
    assert abs(mean(alone, "dependency")) < 1e-6
    assert alone["dependency"][1] == 3
    assert all(np.abs(gradient).max() < 1e-6 for gradient in jax.tree.leaves(gradients["turn_head"]))


def test_the_whole_batch_can_be_compared_with(runner):
    """A turn alone in its dialogue then has the others as negatives: -log of its share among all."""
    batch = on_device(in_dialogues(make_items("star"), range(5)))
    recipe = make_recipe(MODEL, dataclasses.replace(RECIPES["star"], whole_batch=True))
    features = jax.jit(recipe.forward)(runner.params, batch, {}).features
    terms = recipe.finish({}, jax.tree.map(lambda x: x[None], features))
    known = np.asarray(batch.user_tree_known)
    rows, columns = (np.asarray(features["turns"].vectors[known, view], np.float64) for view in (0, 1))
    rows, columns = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (rows, columns))
    scores = rows @ columns.T / 0.05
    expected = np.log(np.exp(scores).sum(1)) - np.diag(scores)
    np.testing.assert_allclose(terms["dependency"].mean(), expected.mean(), rtol=1e-4)


def test_turns_weigh_by_their_trees_within_their_dialogue(runner):
    items = in_dialogues(make_items("star"), (1, 1, 1, 2, 2))
    batch = on_device(items)
    features = jax.jit(runner.recipe.forward)(runner.params, batch, {}).features["turns"]
    loss = runner.recipe.finish({}, {"turns": jax.tree.map(lambda x: x[None], features)})["dependency"]
    known = np.asarray(batch.user_tree_known)
    similarity = np.asarray(combined_similarity(batch.user_tree))
    rows, columns = (np.asarray(features.vectors[:, view], np.float64) for view in (0, 1))
    expected = []
    for i in np.flatnonzero(known):
        near = [j for j in np.flatnonzero(known) if batch.dialogue[i] == batch.dialogue[j] and similarity[i, j] > 0]
        s = np.array([rows[i] @ columns[j] / np.linalg.norm(rows[i]) / np.linalg.norm(columns[j]) for j in near]) / 0.05
        w = np.exp(3 * similarity[i, near])
        expected.append(np.log(np.exp(s).sum()) - (w / w.sum()) @ s)
    np.testing.assert_allclose(loss.mean(), np.mean(expected), rtol=1e-4, atol=1e-6)


def test_as_released_the_tasks_weigh_1_and_unused_slots_count_as_replaced():
    config = dataclasses.replace(RECIPES["star"], as_released=True)
    recipe, batch = make_recipe(MODEL, config), on_device(make_items("star"))
    boxed = jax.jit(recipe.init)(jax.random.key(0), batch)
    params = jax.tree.map(lambda b: b.value, boxed, is_leaf=lambda b: hasattr(b, "names"))
    assert "task_weights" not in params
    partial = jax.jit(recipe.forward)(params, batch, {})
    terms = recipe.finish(partial.terms, jax.tree.map(lambda x: x[None], partial.features))
    means = {name: float(term.mean()) for name, term in terms.items()}
    loss = sum(factor * means[name] for name, factor in recipe.coefficients.items())
    parts = means["generator"] + 5 * means["replaced"] + means["roles"] + means["dependency"]
    assert loss == pytest.approx(parts / 2 + 3 * math.log(2), rel=1e-6)
    unused = np.asarray(of_unused_slots(batch))
    expected = sum(
        int(np.isin(item.slot_numbers, 1 + np.flatnonzero(item.slot_roles == 0)).sum()) for item in make_items("star")
    )
    assert unused.sum() == expected > 0
    ours = dataclasses.replace(config, as_released=False)
    plain = jax.jit(make_recipe(MODEL, ours).forward)(params | {"task_weights": jnp.ones(3)}, batch, {}).terms[
        "replaced"
    ]
    assert abs(float(plain.mean()) - means["replaced"]) > 1e-3


def test_slots_of_an_example_whose_tree_is_hidden_do_not_count(runner):
    batch = on_device(make_items("star"))
    hidden = dataclasses.replace(batch, user_tree_known=jnp.zeros_like(batch.user_tree_known))
    _, terms, _ = runner(hidden)
    assert terms["roles"][1] == terms["role_accuracy"][1] == terms["dependency"][1] == 0
    assert terms["generator"][1] == runner(batch)[1]["generator"][1] > 0


def test_examples_without_slots_are_read_for_replaced_words(runner):
    _, terms, gradients = runner(pack(make_items("star", known=[NONE] * 5), PACKED))
    assert terms["replaced"][1] > 0
    assert terms["roles"][1] == 0
    assert all((np.asarray(gradient) == 0).all() for gradient in jax.tree.leaves(gradients["slot_head"]))
    without = dataclasses.replace(on_device(make_items("star", known=[NONE] * 5)), slots=None)
    assert np.isfinite(runner(without)[0])


def test_words_are_written_where_they_were_hidden_and_nowhere_else(runner):
    batch = on_device(make_items("star"))
    fill = jax.jit(lambda b, key: runner.recipe.model.apply({"params": runner.params}, b, key, method="fill_in")[1])
    likeliest, drawn = np.asarray(fill(batch, None)), np.asarray(fill(batch, jax.random.key(0)))
    places = np.zeros(likeliest.shape, bool)
    for row, columns, weights in zip(places, batch.masked_positions, batch.masked_weights, strict=True):
        row[np.asarray(columns)[np.asarray(weights) > 0]] = True
    for ids in (likeliest, drawn):
        np.testing.assert_array_equal(ids[~places], np.asarray(batch.context.ids)[~places])
        assert ((ids >= 0) & (ids < 60)).all()
    assert (drawn[places] != likeliest[places]).any()


def test_words_are_drawn_as_often_as_the_generator_expects(runner):
    batch = on_device(make_items("star")[:1])
    model, params = runner.recipe.model, {"params": jax.tree.map(lambda p: 3 * p, runner.params)}

    def scores(net):
        masked = dataclasses.replace(batch.context, ids=batch.masked_ids)
        x = net.generate(net.backbone.embed(masked), masked.segments)
        return net.generator.head(x, batch.masked_positions[:, :1], net.backbone.embedding)[0, 0, :60]

    scored = jax.jit(lambda given: model.apply(given, method=scores))(params)
    expected = np.asarray(jax.nn.softmax(scored), np.float64)
    place = int(batch.masked_positions[0, 0])
    draw = jax.jit(jax.vmap(lambda key: model.apply(params, batch, key, method="fill_in")[1][0, place]))
    counts = np.bincount(np.asarray(draw(jax.random.split(jax.random.key(1), 4000))), minlength=60)
    assert (np.abs(counts - 4000 * expected) < 5 * np.sqrt(4000 * expected) + 1).all()


def test_put_in_by_hand():
    ids, positions = jnp.array([[5, 6, 7], [8, 9, 10]]), jnp.array([[2, 0], [1, 0]])
    counts = jnp.array([[True, False], [True, True]])
    written = put_in(ids, positions, jnp.array([[20, 21], [22, 23]]), counts)
    np.testing.assert_array_equal(written, [[5, 6, 20], [23, 22, 10]])


def test_the_tokens_of_slots():
    items = make_items("star", known=[ALL])
    tokens = np.asarray(slot_tokens(on_device(items)))[0]
    for number, row in enumerate(tokens, start=1):
        np.testing.assert_array_equal(row[: len(items[0].slot_numbers)], items[0].slot_numbers == number)


def test_the_generator_is_as_narrow_as_its_heads():
    small = generator_sizes(dataclasses.replace(MODEL, hidden=768, heads=12, mlp=3072), 4)
    assert (small.hidden, small.heads, small.mlp, small.layers) == (256, 4, 1024, 2)
    with pytest.raises(Exception, match=r"recipe.generator_heads: 0 is not positive"):
        StarConfig(generator_heads=0)
