"""The time left, by arithmetic and beside speeds that change."""

import pytest

from space_jax.terminal.speed import Speed, in_words


def test_nothing_is_known_at_first():
    speed = Speed()
    assert speed.seconds_for(10) is None
    speed.add(0, 5.0)  # a minute in which nothing ended says nothing either
    assert speed.seconds_for(10) is None


def test_a_steady_speed_is_itself_from_the_first_unit():
    speed = Speed()
    for _ in range(100):
        speed.add(2, 0.5)
        assert speed.seconds_for(8) == pytest.approx(2.0)


def test_one_slow_step_moves_it_a_little_and_a_change_is_learnt():
    speed = Speed()
    for _ in range(600):
        speed.add(1, 1.0)
    before = speed.seconds_for(100)
    assert before == pytest.approx(100.0)
    speed.add(1, 20.0)  # an evaluation
    assert 105 < speed.seconds_for(100) < 125
    for _ in range(2000):
        speed.add(1, 3.0)
    assert speed.seconds_for(100) == pytest.approx(300.0, rel=0.03)


def test_what_comes_every_so_often_counts_by_its_share():
    speed = Speed()
    for step in range(1, 1001):
        speed.add(1, 1.0 + (10.0 if step % 10 == 0 else 0.0))
    assert speed.seconds_for(100) == pytest.approx(200.0, rel=0.05)


def test_words():
    assert in_words(89.6) == "0:01:30"
    assert in_words(0.2) == "0:00:00"
