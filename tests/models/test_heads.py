"""The ways from the grid to examples and back, as small tables."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.features.packing import pack
from space_jax.models.heads import last_prompts, per_example, per_token, prompt_grid, slot_segments
from space_jax.models.space1 import Space1Model
from space_jax.models.space3 import Space3Model
from tests.models.conftest import MODEL, PACKED, UNPACKED, assert_float32_logits, make_items

OCCUPIED = jnp.array([[True, True, False], [True, False, False]])


def test_slot_segments():
    np.testing.assert_array_equal(slot_segments(OCCUPIED), [[1, 2, 0], [1, 0, 0]])


def test_prompt_grid_repeats_the_prompts_in_every_slot():
    ids, segments = prompt_grid((7, 8), OCCUPIED)
    np.testing.assert_array_equal(ids, [[7, 8, 7, 8, 7, 8]] * 2)
    np.testing.assert_array_equal(segments, [[1, 1, 2, 2, 0, 0], [1, 1, 0, 0, 0, 0]])


def test_last_prompts_takes_the_last_of_each_slot():
    x = jnp.arange(12.0).reshape(1, 6, 2)
    np.testing.assert_array_equal(last_prompts(x, 3), [[[4, 5], [10, 11]]])


def test_per_example_follows_the_slots_and_leaves_out_what_is_not_valid():
    batch = pack(make_items("space3")[:3], PACKED)
    rows, slots = batch.occupied.shape
    grid = jnp.arange(1.0, rows * slots + 1).reshape(rows, slots, 1)
    vectors = np.asarray(per_example(grid, batch))[:, 0]
    np.testing.assert_array_equal(vectors[:3], batch.slot[:3] + 1)
    np.testing.assert_array_equal(vectors[3:], 0)


def test_per_token_gives_each_token_the_value_of_its_example():
    for grid in (PACKED, UNPACKED):
        batch = pack(make_items("space3"), grid)
        values = np.array([0.5, 1.0, 0.0, 2.0, 4.0], np.float32)
        spread = np.asarray(per_token(jnp.asarray(values), jnp.asarray(batch.context.segments), batch))
        for b, value in enumerate(values):
            row, slot = divmod(int(batch.slot[b]), grid.slots)
            assert (spread[row][batch.context.segments[row] == slot + 1] == value).all()
        assert (spread[batch.context.segments == 0] == 0).all()


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        (Space1Model, lambda model, x: model.act_classifier(x)),
        (Space1Model, lambda model, x: model.selector(x)),
        (Space3Model, lambda model, x: model.score_words(x)[:, : MODEL.vocabulary.size]),
        (Space3Model, lambda model, x: model.backbone.embedding.logits(x)[:, : MODEL.vocabulary.size]),
    ],
    ids=["acts", "selection", "bag of words", "next token"],
)
def test_logits_are_float32_under_bfloat16(kind, head):
    batch = pack(make_items("space1" if kind is Space1Model else "space3"), PACKED)
    variables = jax.jit(lambda: kind(MODEL).init(jax.random.key(0), batch, method="initialise"))()

    def run(dtype, variables, x):
        return kind(dataclasses.replace(MODEL, dtype=dtype)).apply(variables, x, method=head)

    assert_float32_logits(run, variables, jax.random.normal(jax.random.key(1), (6, MODEL.hidden)))


def test_losses_over_the_vocabulary_and_pooled_vectors_are_float32_under_bfloat16():
    """A loss against a token whose logit is far below the largest is as large as that distance."""
    batch = pack(make_items("space3"), PACKED)
    variables = jax.jit(lambda: Space3Model(MODEL).init(jax.random.key(0), batch, method="initialise"))()
    targets, counts = jnp.arange(12).reshape(2, 6), jnp.ones((2, 6), bool)

    def losses(model, x):
        return model.backbone.embedding.cross_entropy(x, targets, counts, model.masked_head.bias)

    for head, size in ((losses, 100.0), (lambda model, x: model.pool(x), 0.5)):

        def run(dtype, variables, x, head=head):
            return Space3Model(dataclasses.replace(MODEL, dtype=dtype)).apply(variables, x, method=head)

        x = jax.random.normal(jax.random.key(1), (2, 6, MODEL.hidden))
        assert_float32_logits(run, variables, x if head is losses else 0.1 * x, size=size)
