"""Masking in the rows of a task's batch."""

import numpy as np

from space_jax.tasks.masked_language_model import SHARE, masked_rows
from space_jax.tasks.text_packing import USER_ROLE, Shape, dialogue_layout, pack

LENGTH = 40


def batch_of(tokenizer, *counts):
    """One row of texts of so many tokens each."""
    texts = [dialogue_layout(tokenizer, [(USER_ROLE, [70] * count)], LENGTH, None) for count in counts]
    return pack(texts, len(texts), Shape(LENGTH, len(texts)), [list(range(len(texts)))])


def test_places_are_given_to_all_examples_of_a_row_in_turn(tokenizer, monkeypatch):
    monkeypatch.setattr("space_jax.features.masking.BERT_SHARE", 1.0)  # every word, more than there are places
    batch, words = batch_of(tokenizer, 20, 4, 8), tokenizer.vocabulary()
    rows = masked_rows(batch, words, np.random.default_rng(0))
    positions = rows["masked_positions"][0]
    assert rows["masked_weights"].tolist() == [[1.0] * (LENGTH // SHARE)]
    # Columns 1 to 20, 23 to 26 and 29 to 36 are words, and each text gives its last ones.
    assert positions.tolist() == [17, 18, 19, 20, 24, 25, 26, 34, 35, 36]
    np.testing.assert_array_equal(rows["masked_targets"][0], batch.context.ids[0, positions])
    others = np.delete(np.arange(LENGTH), positions)
    np.testing.assert_array_equal(rows["masked_ids"][0, others], batch.context.ids[0, others])


def test_masks_are_those_of_the_generator_and_none_without_one(tokenizer):
    batch, words = batch_of(tokenizer, 20, 10), tokenizer.vocabulary()
    first, again = (masked_rows(batch, words, np.random.default_rng(3)) for _ in range(2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
    assert 0 < first["masked_weights"].sum() < LENGTH // SHARE
    assert not masked_rows(batch, words, None)["masked_weights"].any()
