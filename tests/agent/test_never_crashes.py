"""Whatever the model writes and the user says, the agent answers; the model is replaced by one that writes any text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.agent.agent import Agent
from space_jax.agent.conversation import SAY_AGAIN, Conversation, Reply
from space_jax.agent.corpus_scores import multiwoz_predictions
from space_jax.agent.respond import AnsweredDialogue
from space_jax.dialogue.record import USER, Dialogue, Turn
from space_jax.evaluation.end_to_end import Answered
from space_jax.evaluation.multiwoz import parse_predictions
from space_jax.world.backend import Tables
from space_jax.world.corpus_worlds import SimulatedBackend
from space_jax.world.database import Database

HOTELS = [
    {"name": "Ivy", "area": "north", "leave_at": "10:00", "stars": "4"},
    {"name": "?", "area": "south", "stars": ""},
]
UNSAID = re.compile(r"\[\s*\w+\s*_\s*\w+\s*\]")
BACKENDS = {
    "tables": Tables(Database({"hotel": HOTELS}), {"hotel": ("day", "people")}),
    "lenient": Tables(Database({"hotel": HOTELS}, lenient=True)),
    "none": Tables(Database({})),
    "simulated": SimulatedBackend(),
}
# What belief states, acts and responses are made of, and what looks like it.
# fmt: off
PIECES = (
    " ", ", ", "; ", ": ", ":", "\\", "\\;", "[", "]", "[hotel_name]", "[ hotel _ name ]", "[hotel_count]", "[x_y", "_",
    "hotel", "restaurant", "train", "taxi", "general", "name", "area", "stars", "day", "people", "leave_at", "time",
    "propose", "request", "repeat", "inform", "offered", "dontcare", "Ivy", "north", "?", "25:99", "7 pm", "before 10",
    "monday", "²", "٣", "1e999", "-1", "9" * 30, "[db_1]", "<eos_b>", "漢字", "🙂", "\x00", "\u200b", "' OR 1=1", "\n",
)
# fmt: on
GARBAGE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=30)


class Babbler:
    """Stands in for the writer: the n-th call of `write` for a part writes the n-th of its texts."""

    beam, written = 1, 0

    def __init__(self, task, **texts):
        self.task, self.sequences = task, task.sequences
        self._texts, self._part = texts, ""

    def read(self, contexts):
        assert all(len(one) for one in contexts)

    def write(self, memory, part, given, begin, active, limit=None):
        self._part = part
        return [[5]] * len(given), memory

    def text(self, tokens):
        return self._texts[self._part]


def talk(task, backend, turns):
    """Replies to users who say the first of each turn, where the model writes the rest; and the last conversation."""
    conversation, replies = Conversation(BACKENDS[backend]), []
    for said, state, acts, response in turns:
        agent = Agent(Babbler(task, state=state, acts=acts, response=response))
        replies.append(agent.reply(said, conversation))
        conversation = replies[-1].conversation
    return replies, conversation


@pytest.mark.parametrize("backend", BACKENDS)
@given(turns=st.lists(st.tuples(GARBAGE, GARBAGE, GARBAGE, GARBAGE), min_size=1, max_size=3))
def test_any_garbage_is_answered_and_can_be_scored(task, backend, turns):
    replies, conversation = talk(task, backend, turns)
    assert all(reply.text.strip() and not UNSAID.search(reply.text) for reply in replies)
    assert len(conversation.said) == 2 * sum(bool(said.strip()) for said, *_ in turns)
    dialogue = Dialogue("test-A", (Turn(USER, "x"),))
    answers = tuple(Answered(reply.state, reply.response) for reply in replies)
    predictions = multiwoz_predictions([AnsweredDialogue(dialogue, (), answers)], "test")
    assert len(parse_predictions(predictions, "p.json").dialogues["a"]) == len(replies)


@pytest.mark.parametrize("state", ["hotel name: offered", "hotel area: north, name: offered", "; ; hotel , : ;", "\\"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_states_that_only_look_right(task, backend, state):
    replies, _ = talk(
        task, backend, [("a hotel", state, "hotel propose name; hotel", "[hotel_name] or [hotel_name] ?")]
    )
    assert replies[0].text


def test_an_empty_result_is_told_and_answered(task):
    (reply,), _ = talk(task, "tables", [("x", "hotel area: the moon", "hotel nooffer area", "No [hotel_name] there.")])
    assert (reply.found.count, reply.found.tokens) == (0, ("[db_0]", "[book_nores]"))
    assert reply.text == "I found no hotel with area the moon."


@pytest.mark.parametrize("response", ["", "   ", "\n"])
def test_a_model_that_says_nothing_asks_again(task, response):
    (reply,), conversation = talk(task, "tables", [("a hotel", "", "", response)])
    assert reply == Reply(SAY_AGAIN, SAY_AGAIN, {}, reply.found, (), conversation)
    assert conversation.said[-1].text == SAY_AGAIN
