"""The order of the examples: every epoch once through all, a function of seed and step."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from space_jax.tasks.batches import indices_of, steps_per_epoch


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
