"""The model of scale: its sums by hand, and its limits."""

import pytest

from space_jax.scale.chips import CHIPS
from space_jax.scale.model import Slice, Work, cost, estimate, steps_of

V5E = "TPU v5 lite"
WORK = Work(parameters=1_000_000, flops=1e12, rows=64, row_bytes=1e6)


def test_a_single_chip_computes_and_sends_nothing():
    found = estimate(WORK, Slice("one", V5E, 1), efficiency=0.5)
    assert found.state == 16e6
    assert found.activations == 64e6
    assert found.compute == pytest.approx(1e12 / (197e12 * 0.5))
    assert found.communication == 0
    assert found.fits


def test_copies_reduce_gradients_and_parts_gather_parameters():
    data, fsdp = (estimate(WORK, Slice("x", V5E, 4, fsdp=f), 1.0) for f in (1, 4))
    links = CHIPS[V5E].links
    assert data.communication == pytest.approx(2 * 4e6 * 3 / 4 / links)
    assert fsdp.communication == pytest.approx(3 * 4e6 * 3 / 4 / links)
    assert (data.state, fsdp.state) == (16e6, 4e6)
    assert data.activations == fsdp.activations == 16e6


def test_a_row_is_not_split():
    few = estimate(WORK, Slice("many", V5E, 256), 1.0)
    assert few.activations == 1e6
    assert few.seconds == max(few.compute, few.communication)


def test_steps_and_cost():
    assert steps_of(3_000_000, 128, 60) == 1_406_250
    assert cost(steps=3600, seconds=2.0, chips=16, price=1.5) == 48.0
