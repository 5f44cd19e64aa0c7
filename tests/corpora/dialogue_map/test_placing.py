"""Where boxes and arrows stand: nothing overlaps, nothing rare is drawn, everything is reached."""

import dataclasses

import pytest

from space_jax.corpora.dialogue_map.placing import DRAWN, GAP, HEIGHT, placed
from space_jax.corpora.dialogue_map.view import Group
from space_jax.dialogue.record import SYSTEM, USER

BLANK = Group("g", USER, 100, 0.5, (), (), (), (), (), 0.0, 0.0, None, {}, (), ())


def group(role, then, **fields):
    return dataclasses.replace(BLANK, role=role, then=then, **fields)


def test_two_columns_of_boxes():
    found = placed([group(USER, {}), group(USER, {}), group(USER, {}), group(SYSTEM, {}), group(SYSTEM, {})])
    assert found.tops == (0, HEIGHT + GAP, 2 * (HEIGHT + GAP), 0, 2 * (HEIGHT + GAP))
    assert found.height == 3 * HEIGHT + 2 * GAP
    assert found.arrows == ()
    assert placed([]).height == 0
    assert placed([group(SYSTEM, {})]).tops == (0,)


def test_rare_arrows_are_left_out_but_the_strongest():
    groups = [group(USER, {3: 0.5, 4: 0.19, 0: 0.3}, begins=1.0), *[group(USER, {}, begins=1.0)] * 2]
    groups += [group(SYSTEM, {1: 0.15, 2: 0.05}), group(SYSTEM, {2: 0.09}, begins=1.0)]
    found = {(arrow.source, arrow.target): arrow for arrow in placed(groups).arrows}
    assert set(found) == {(0, 3), (3, 1)}  # neither the own turns nor what is rarer than a tenth
    assert DRAWN == 0.2
    assert found[0, 3].share == 0.5
    assert found[0, 3].turns == 50


def test_a_group_that_no_strong_arrow_reaches_gets_one():
    groups = [group(USER, {2: 0.9, 3: 0.04}, begins=1.0), group(USER, {2: 0.95, 3: 0.01}, begins=1.0)]
    groups += [group(SYSTEM, {0: 0.5}), group(SYSTEM, {1: 0.5})]
    assert (0, 3) in {(arrow.source, arrow.target) for arrow in placed(groups).arrows}


def test_what_follows_one_another_stands_side_by_side():
    """The system's groups come in the wrong order by their place alone."""
    groups = [group(USER, {n: 1.0}) for n in (5, 4, 3)] + [group(SYSTEM, {n: 1.0}) for n in (2, 1, 0)]
    tops = placed(groups).tops
    assert tops[:3] == (0, HEIGHT + GAP, 2 * (HEIGHT + GAP))
    assert tops[5:2:-1] == tops[:3]


@pytest.mark.parametrize("side", [USER, SYSTEM])
def test_arrows_leave_from_top_to_bottom(side):
    other = SYSTEM if side == USER else USER
    groups = [group(side, {3: 0.3, 1: 0.3, 2: 0.3}), *[group(other, {}, begins=1.0)] * 3]
    found = placed(groups)
    leaving = sorted(found.arrows, key=lambda arrow: arrow.leaves)
    assert [arrow.arrives for arrow in leaving] == sorted(arrow.arrives for arrow in leaving)
    assert all(found.tops[0] < arrow.leaves < found.tops[0] + HEIGHT for arrow in leaving)
