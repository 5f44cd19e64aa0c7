"""The order of the examples: every epoch once through all, a function of seed and step. What counts as padding."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.features.batch import count_tokens, padding_share
from space_jax.tasks.batches import EpochBatches, indices_of, steps_per_epoch
from space_jax.tasks.text_packing import Encoded, Shape, pack


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 3), st.integers(0, 4))
def test_an_epoch_goes_through_all_once(examples, size, seed, epoch):
    steps = steps_per_epoch(examples, size)
    parts = [indices_of(examples, size, seed, epoch * steps + k) for k in range(steps)]
    assert all(len(part) == size for part in parts[:-1])
    assert sorted(np.concatenate(parts).tolist()) == list(range(examples))


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = {tuple(indices_of(20, 20, seed, epoch).tolist()) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9
    assert indices_of(20, 7, 1, 5).tolist() == indices_of(20, 7, 1, 5).tolist()


class Lengths:
    """A task whose examples are numbers of tokens."""

    def collate(self, examples, size, rng):
        return pack([Encoded(*(np.full(n, n, np.int32) for _ in range(4))) for n in examples], size, Shape(10, 2))


def test_an_incomplete_batch_has_the_rows_of_the_one_before():
    batches = EpochBatches(Lengths(), [9, 9, 9, 9, 9, 9, 9], 3, 1, seed=0)
    shapes = [next(batches).shape.rows for _ in range(6)]
    assert shapes == [3, 3, 3] * 2
    batches.seek(2)  # as a resumed run does
    alone = next(batches)
    assert alone.shape.rows == 3
    assert alone.valid.sum() == 1
    assert count_tokens(alone) == 9
    (only,) = {next(EpochBatches(Lengths(), [9, 9], 3, 1, seed=0)).shape.rows}  # there is none before it
    assert only == 2


def test_targets_count_as_tokens_and_as_padding():
    contexts = [Encoded(*(np.ones(n, np.int32) for _ in range(4))) for n in (6, 3)]
    batch = pack(contexts, 2, Shape(10, 2))
    assert (count_tokens(batch), padding_share(batch)) == (9, pytest.approx(0.1))
    targets = np.array([[1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]])
    batch = dataclasses.replace(batch, rows={"target_segments": targets, "target_parts": np.zeros_like(targets)})
    assert (count_tokens(batch), padding_share(batch)) == (14, pytest.approx(16 / 30))
    assert batch.shape == (1, 10, 20)
