"""Answers as they come: sentence by sentence, without what has to be taken back, and marked where they were cut."""

import pytest

from space_jax.agent.agent import Agent
from space_jax.agent.conversation import Conversation
from space_jax.world.backend import Tables
from space_jax.world.database import Database

ROWS = [{"name": "Ivy", "area": "north", "stars": ""}]


class Dictated:
    """Stands in for the writer: writes these texts, a word a token, as far as the limits allow."""

    beam, written = 1, 0

    def __init__(self, task, **texts):
        self.task, self.sequences = task, task.sequences
        self._words = {part: text.split(" ") if text else [] for part, text in texts.items()}
        self._place = dict.fromkeys(texts, 0)
        self._part = ""

    def read(self, contexts):
        return None

    def write(self, memory, part, given, begin, active, limit=None):
        self._part, start = part, self._place[part]
        end = min(len(self._words[part]), start + (limit or self.sequences.limits[part]))
        self._place[part] = end
        return [list(range(start, end))], memory

    def text(self, tokens):
        return " ".join(self._words[self._part][n] for n in tokens)


@pytest.fixture
def answers(task):
    """The pieces, the streamed reply and the one that is written at once, for a response and a state."""

    def of(response, state="hotel area: north"):
        fresh = Conversation(Tables(Database({"hotel": ROWS})))
        streamed = Agent(Dictated(task, state=state, acts="", response=response)).stream(fresh, "a hotel")
        pieces = list(streamed.pieces)
        whole = Agent(Dictated(task, state=state, acts="", response=response)).reply("a hotel", fresh)
        assert streamed.finish() == whole
        assert "".join(pieces) == whole.text
        return pieces, streamed, whole

    return of


def test_a_sentence_is_shown_when_it_is_whole(answers):
    pieces, _, whole = answers("It is the [hotel_name]. It is in the [hotel_area]. Shall I?")
    assert pieces == ["It is the Ivy.", " It is in the north.", " Shall I?"]
    assert whole.cut == ()


def test_nothing_of_a_sentence_that_cannot_be_said_is_shown(answers):
    pieces, _, whole = answers("It is fine. And a [hotel_stars] -star hotel. Shall I book it?")
    assert pieces == ["It is fine.", " Ivy: area north. I do not know the stars."]
    assert whole.response.endswith("Shall I book it?")  # what the model remembers is its own


def test_a_response_that_reached_its_limit_says_so(answers, task):
    """And half a placeholder is no word."""
    response = " ".join(["a"] * (task.sequences.limits["response"] - 2) + ["in", "[hotel_na", "never written"])
    pieces, streamed, whole = answers(f"Yes. {response}".replace("a a ", "", 1))
    assert whole.cut == ("response",)
    assert streamed.cut == ()
    assert whole.text.endswith(" a in ...")
    assert whole.response.endswith(" a in")
    assert pieces[0] == "Yes."


def test_a_state_that_reached_its_limit_says_so(answers, task):
    slots = ", ".join(f"s{n}: x" for n in range(task.sequences.limits["state"]))
    _, streamed, whole = answers("Yes.", f"hotel {slots}")
    assert streamed.cut == whole.cut == ("state",)
    assert whole.text == "Yes."


def test_the_last_token_may_end_a_response(answers, task):
    """The closing mark needs the last place: one word less than the limit is whole."""
    words = ["a"] * (task.sequences.limits["response"] - 1)
    assert answers(" ".join(words))[2].cut == ()
    assert answers(" ".join([*words, "a"]))[2].cut == ("response",)
