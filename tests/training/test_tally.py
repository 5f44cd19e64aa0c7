"""The arithmetic of the rates, and when lost masked tokens are worth a word."""

import pytest

from space_jax.training.tally import Clock, LostTargets, Rates


def test_rates_are_of_the_steps_since_the_last_look():
    clock = Clock()
    assert clock.look() == Rates(0.0, 0.0, 0.0)
    clock.add(1.0, 100, 0.2)
    clock.add(3.0, 500, 0.4)
    rates = clock.look()
    assert rates == pytest.approx((150.0, 2.0, 0.3))
    assert clock.look() == rates
    clock.add(1.0, 10, 0.0)
    assert clock.look() == pytest.approx((10.0, 1.0, 0.0))


def test_counts_are_since_the_last_look_and_the_complaint_comes_once():
    targets = LostTargets()
    assert targets.look() == (0, "")
    targets.add(1, 60)
    targets.add(0, 40)
    assert targets.look() == (1, "")  # one in a hundred is not above 1%
    targets.add(2, 100)
    lost, complaint = targets.look()
    assert lost == 2
    assert complaint.startswith("2.0% of the masked tokens are not in the loss")
    assert "data.masked_per_row" in complaint
    targets.add(50, 100)
    assert targets.look() == (50, "")
