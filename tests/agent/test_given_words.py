"""A system turn in others' words: its placeholders, the names it gives, the belief state that is kept."""

import pytest

from space_jax.agent.conversation import Conversation
from space_jax.agent.given_words import answered_with
from space_jax.dialogue.record import SYSTEM, USER
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.tasks.dialogue.records import ContextTurn
from space_jax.world.backend import Tables
from space_jax.world.database import Database
from space_jax.world.lookup import OFFERED, look_up

STATE = {"hotel": {"area": ("north",)}}


@pytest.fixture
def fresh():
    rows = [{"name": "Ivy", "area": "north"}, {"name": "Elm", "area": "north"}, {"name": "Oak", "area": "south"}]
    return Conversation(Tables(Database({"hotel": rows})))


def own(before, user):
    """The conversation with an answer of the agent's own."""
    said = (ContextTurn(USER, user), ContextTurn(SYSTEM, "[hotel_name] ?", STATE, (PlannedAct("hotel", "propose"),)))
    return Conversation(before.backend, (*before.said, *said))


def test_the_names_that_it_gives_are_offered(fresh):
    found = look_up(fresh.backend, STATE, fresh.offers)
    after = answered_with(fresh, "in the north", "There are Elm and Ivy in the north.", own(fresh, "x"), STATE, found)
    answer = ContextTurn(SYSTEM, "There are [hotel_name] and [hotel_name] in the [hotel_area].", STATE)
    assert after.said == (ContextTurn(USER, "x"), answer)
    assert after.offers.names("hotel") == ("Elm", "Ivy")
    accepted = look_up(after.backend, {"hotel": {**STATE["hotel"], "name": (OFFERED,)}}, after.offers)
    assert [row["name"] for row in accepted.rows] == ["Ivy"]
    assert look_up(after.backend, STATE, after.offers).count == 0  # both were refused, if the user asks for another


def test_words_without_values_stay_as_they_are(fresh):
    after = answered_with(fresh, "hello", "How may I help?", own(fresh, "hello"), {})
    assert after.said[-1].text == "How may I help?"
    assert after.offers == fresh.offers


def test_a_system_that_speaks_first_and_one_that_was_not_asked(fresh):
    begun = answered_with(fresh, "", "Welcome", fresh, {})
    assert begun.said == (ContextTurn(SYSTEM, "Welcome"),)
    assert answered_with(begun, "", "Are you there?", begun, {}).said[1:] == (ContextTurn(SYSTEM, "Are you there?"),)
