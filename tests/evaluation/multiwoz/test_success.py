"""Inform and Success of single dialogues, worked out by hand on the small world."""

import pytest

from space_jax.evaluation.multiwoz.goals import Goal
from space_jax.evaluation.multiwoz.source import TestDialogue as Dialogue
from space_jax.evaluation.multiwoz.source import read_database
from space_jax.evaluation.multiwoz.success import SystemTurn, judge

INDIAN, NORTH = {"food": "indian"}, {"food": "indian", "area": "north"}


@pytest.fixture
def play(source):
    """Judges turns (response, state of the domain, is the domain active) of a dialogue with one goal."""

    def run(domain, goal, *turns, booked=()):
        system = [
            SystemTurn(response, {} if state is None else {domain: state}, frozenset({domain} if active else ()))
            for response, state, active in turns
        ]
        bookings = tuple(frozenset({domain} if number in booked else ()) for number in range(len(turns)))
        dialogue = Dialogue({domain: goal}, ("",) * len(turns), ({},) * len(turns), bookings)
        outcome = judge(system, dialogue, read_database(source))
        return outcome.inform, outcome.success

    return run


def goal(constraints, *requested):
    return Goal(constraints, frozenset(requested))


@pytest.mark.parametrize(
    ("turns", "informed"),
    [
        ([("try NAME", NORTH, True)], True),
        ([("try NAME", INDIAN, True)], False),  # one of the two on offer is in the south
        ([("try it", NORTH, True)], False),  # nothing was offered
        ([("try NAME", NORTH, False)], False),  # not what the turn is about
        ([("try NAME", None, True)], False),  # no state, no result
        ([("try NAME", {"area": "west"}, True)], False),
        ([("try NAME", INDIAN, True), ("try NAME", NORTH, True)], True),  # replaced: one no longer fits
        ([("try NAME", NORTH, True), ("try NAME", INDIAN, True)], True),  # stays: it is among the new ones
        ([("try NAME", NORTH, True), ("try NAME", {"area": "west"}, True)], False),  # replaced by nothing
        ([("try NAME", {"area": "west"}, True), ("try NAME", NORTH, True)], True),
        ([("try TRAINID", NORTH, True)], False),
    ],
)
def test_inform(play, turns, informed):
    assert play("restaurant", goal(NORTH), *turns) == (informed, informed)


def test_a_goal_with_a_name_and_domains_without_a_table_are_always_matched(play):
    assert play("restaurant", goal({"name": "old mill"}), ("hello", None, False)) == (True, True)
    for domain in ("taxi", "police", "hospital"):
        assert play(domain, goal({}), ("hello", None, False)) == (True, True)


def test_trains(play):
    early, late = {"arrive": "10:00"}, {"leave": "10:30"}
    assert play("train", goal(early), ("hello", early, True)) == (True, True)
    assert play("train", goal(early, "TRAINID"), ("hello", early, True)) == (False, False)
    assert play("train", goal(early, "TRAINID"), ("take TRAINID", early, True)) == (True, True)
    assert play("train", goal(early), ("take TRAINID", late, True)) == (False, False)
    assert play("train", goal(early), ("take NAME", late, True)) == (True, True)


@pytest.mark.parametrize(
    ("requested", "turns", "booked", "succeeds"),
    [
        (["PHONE"], [("NAME PHONE", NORTH, True)], [], True),
        (["PHONE"], [("NAME", NORTH, True), ("PHONE", NORTH, False)], [], False),
        (["PHONE", "POST"], [("NAME PHONE", NORTH, True)], [], False),
        (["PHONE", "POST"], [("POST", {}, True), ("NAME PHONE", NORTH, True)], [], True),
        (["ADDRESS"], [("NAME ADDRESS", NORTH, True)], [], True),
        (["REFERENCE"], [("NAME", NORTH, True), ("REFERENCE", NORTH, True)], [1], True),
        (["REFERENCE"], [("NAME REFERENCE", NORTH, True), ("bye", NORTH, True)], [1], False),  # not booked by then
        (["PHONE"], [("PHONE", NORTH, True)], [], None),  # told, but nothing offered
    ],
)
def test_success(play, requested, turns, booked, succeeds):
    informed = succeeds is not None
    assert play("restaurant", goal(NORTH, *requested), *turns, booked=booked) == (informed, bool(succeeds))


def test_every_domain_counts(source):
    goals = {"restaurant": goal(NORTH), "taxi": goal({}, "PHONE"), "hotel": goal({})}
    states = {"restaurant": NORTH, "hotel": {}}
    turns = [SystemTurn("NAME PHONE", states, frozenset({"restaurant", "taxi"}))]
    outcome = judge(turns, Dialogue(goals, ("",), ({},), (frozenset(),)), read_database(source))
    assert outcome.informed == {"restaurant": True, "taxi": True, "hotel": False}
    assert outcome.provided == {"restaurant": True, "taxi": True, "hotel": True}
    assert (outcome.inform, outcome.success) == (False, False)
    assert not outcome.domain_success("taxi")  # a dialogue that fails to inform fails in each domain
