"""The simulated world behind the corpus: database, goals, success, user and policy apart, wording of foreign acts."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.corpora.simulated import (
    BRISK,
    DOMAINS,
    PATIENT,
    DialogAct,
    DomainGoal,
    Goal,
    Tracker,
    User,
    draw_goal,
    episodes,
    put_into_words,
    respond,
    succeeded,
    world_database,
)
from space_jax.corpora.simulated.grammar import compile_template, expand
from space_jax.corpora.simulated.phrases_questions import SYSTEM_QUESTIONS, USER_QUESTIONS
from space_jax.corpora.simulated.phrases_system import SYSTEM_PHRASES
from space_jax.corpora.simulated.phrases_user import USER_PHRASES
from space_jax.corpora.simulated.spellings import spellings
from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.record import SYSTEM, USER


def _goal(**changes):
    values = {"domain": "restaurant", "constraints": {"food": "Thai"}, "fallback": {}, "requests": ("phone",)}
    values |= {"booking": {}, "booking_fallback": {}, "change": {}, "picky": False}
    return Goal((DomainGoal(**values | changes),))


def test_entities_have_every_slot_and_a_name_of_their_own():
    database = world_database()
    for name, domain in DOMAINS.items():
        rows = database.entities[name]
        assert 36 <= len(rows) <= 64
        assert len({row["name"] for row in rows}) == len(rows)
        for row in rows:
            assert {*domain.search, *domain.facts, *domain.highlights} <= set(row)
            assert all(row[slot] in values for slot, values in domain.search.items())


@given(st.data())
def test_query_equals_looking_at_every_entity(data):
    name = data.draw(st.sampled_from(sorted(DOMAINS)))
    search = DOMAINS[name].search
    slots = data.draw(st.sets(st.sampled_from(sorted(search))))
    constraints = {slot: data.draw(st.sampled_from((*search[slot], "dontcare"))) for slot in sorted(slots)}
    expected = []
    for row in world_database().entities[name]:
        if not [slot for slot in slots if constraints[slot] not in ("dontcare", row[slot])]:
            expected.append(row)
    assert world_database().query(name, constraints | {"people": "2"}) == expected


def test_some_bookings_are_turned_down_and_always_the_same():
    database = world_database()
    answers = [
        database.available("hotel", row["name"], {"day": day, "nights": "2", "people": "1"})
        for row, day in itertools.product(database.entities["hotel"], ("Monday", "Friday"))
    ]
    assert 0.6 < sum(answers) / len(answers) < 0.9
    place = database.entities["hotel"][0]["name"]
    assert database.available("hotel", place, {"a": "1", "b": "2"}) == database.available(
        "hotel", place, {"b": "2", "a": "1"}
    )


def test_success_is_what_the_database_says():
    outcomes = list(episodes(5, 300))
    database = world_database()
    for one in outcomes:
        reached = len(one.progress) == len(one.goal.domains)
        for progress in one.progress:
            row = database.find(progress.goal.domain, progress.name) if progress.name else None
            fits = row is not None and all(row[s] == v for s, v in progress.constraints.items())
            told = row is not None and all(progress.answers.get(s) == row[s] for s in progress.goal.requests)
            booked = not progress.booking or progress.reference is not None
            reached = reached and fits and told and booked and not progress.given_up
        assert one.success == reached
    rate = sum(one.success for one in outcomes) / len(outcomes)
    assert 0.7 < rate < 0.95


def test_user_does_not_believe_a_system_that_makes_things_up():
    database = world_database()
    thai = database.query("restaurant", {"food": "Thai"})[0]
    for name, phone in ((thai["name"], "01632 000000"), ("The Nowhere", thai["phone"])):
        goal = _goal()
        user = User(goal, random.Random(1))
        user.respond(())
        propose = DialogAct("propose", "restaurant", (("name", name), ("food", "Thai")))
        for act in (propose, propose, DialogAct("inform", "restaurant", (("phone", phone),)), DialogAct("direct")):
            if not user.done:
                user.respond((act,))
        assert not succeeded(goal, tuple(user.progress), database)


@pytest.mark.parametrize("seed", range(8))
def test_user_and_policy_reach_a_reachable_goal(seed):
    database, rng = world_database(), random.Random(seed)
    goal = _goal()
    user, tracker, acts = User(goal, rng), Tracker(), ()
    while not user.done:
        tracker.hear_user(user.respond(acts))
        acts = respond(tracker, database, rng)
        tracker.hear_system(acts)
    assert succeeded(goal, tuple(user.progress), database)
    assert tracker.belief_state()["restaurant"]["food"] == ("Thai",)


def test_a_brisk_clerk_asks_only_for_what_is_needed():
    said = {manner: [act for seed in range(40) for act in _served(seed, manner)] for manner in (PATIENT, BRISK)}
    asked = {
        manner: [slot for act in acts if act.act == "request" for slot in act.slot_names()]
        for manner, acts in said.items()
    }
    optional = {"area", "price", "food", "stars", "category", "genre", "specialty", "language"}
    assert optional & set(asked[PATIENT])
    assert not optional & set(asked[BRISK])
    assert set(asked[BRISK]) >= {"departure", "people"}
    kinds = {manner: {act.act for act in acts} for manner, acts in said.items()}
    assert {"dont_understand", "expl_confirm"} <= kinds[PATIENT]
    assert "dont_understand" not in kinds[BRISK]


def test_user_outlasts_a_system_that_never_helps():
    user = User(_goal(), random.Random(0))
    turns = 0
    while not user.done:
        assert user.respond((DialogAct("direct"),))
        turns += 1
    assert turns <= 12


@given(
    act=st.sampled_from(ACTS),
    role=st.sampled_from((USER, SYSTEM)),
    domain=st.sampled_from(("general", *sorted(DOMAINS))),
    slots=st.lists(st.sampled_from(("area", "price", "food", "name", "phone", "unheard")), unique=True, max_size=3),
    valued=st.booleans(),
    seed=st.integers(0, 5),
)
def test_any_act_can_be_said(act, role, domain, slots, valued, seed):
    said = DialogAct(act, domain, tuple((slot, "Qux" if valued else None) for slot in slots))
    utterance = put_into_words((said,), role, random.Random(seed))
    assert utterance.text
    assert utterance.acts == (act,)
    values = [value for frame in utterance.frames for slot in frame.slots for value in slot.values]
    assert all(value.start is None or utterance.text[value.start : value.end] == value.text for value in values)


def test_lower_case_moves_no_span():
    act = DialogAct("inform", "restaurant", (("food", "Thai"), ("price", "cheap")), "open")
    for seed in range(20):
        utterance = put_into_words((act,), USER, random.Random(seed), lower=True)
        food = utterance.frames[0].slots[0].values[0]
        assert utterance.text == utterance.text.lower()
        assert utterance.text[food.start : food.end] == food.text == "thai"


@pytest.mark.parametrize(
    ("slot", "value", "forms"),
    [
        ("time", "18:30", ("18:30", "6:30 pm")),
        ("time", "12:00", ("12:00", "12 pm")),
        ("time", "00:15", ("00:15", "12:15 am")),
        ("people", "1", ("1",)),
        ("people", "2", ("2", "two")),
        ("food", "Thai", ("Thai",)),
    ],
)
def test_spellings(slot, value, forms):
    assert spellings(slot, value) == forms


def test_template_language():
    template = compile_template("(a|b)[ c] {day} <nights:night/nights>")
    found = set()
    for seed in range(60):
        pieces = []
        expand(template.nodes, {"nights": "1"}, random.Random(seed), pieces)
        found.add("".join(text if kind == "text" else f"<{text}>" for kind, text in pieces))
    assert found == {"a <day> night", "a c <day> night", "b <day> night", "b c <day> night"}
    assert template.names == {"day"}
    for wrong in ("(a", "a)", "[a", "(a]", "a|b", "{day"):
        with pytest.raises(ValueError, match="do not match"):
            compile_template(wrong)


def test_every_phrasing_compiles_and_there_are_enough():
    phrases = [*USER_PHRASES.values(), *SYSTEM_PHRASES.values()]
    for entry in (*phrases, *USER_QUESTIONS.values(), *SYSTEM_QUESTIONS.values()):
        for source in itertools.chain.from_iterable(entry.values()):
            compile_template(source)
    assert {act for act, _ in (*USER_PHRASES, *SYSTEM_PHRASES)} == set(ACTS)
    for (act, kind), entry in (*USER_PHRASES.items(), *SYSTEM_PHRASES.items()):
        assert len(entry["*"]) >= 6 or act == "request", (act, kind)


def _served(seed, manner):
    """All that a clerk says to one user."""
    database, rng = world_database(), random.Random(seed)
    user, tracker, acts = User(draw_goal(rng, database), rng), Tracker(), ()
    while not user.done:
        tracker.hear_user(user.respond(acts))
        acts = respond(tracker, database, rng, manner)
        tracker.hear_system(acts)
        yield from acts
