"""The agent's loop with a model that writes nonsense: it always answers, and takes what it is given."""

import re

import pytest

from space_jax.agent.agent import Agent
from space_jax.agent.conversation import SAY_AGAIN, Conversation, Truth
from space_jax.agent.lexicalise import SystemAct
from space_jax.agent.play import as_heard, play_policy, summary
from space_jax.agent.respond import respond
from space_jax.agent.writer import Writer
from space_jax.corpora.simulated import DialogAct, simulate
from space_jax.decoding.sampling import Sampling
from space_jax.dialogue.record import USER
from space_jax.errors import UserError
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.tasks.dialogue.records import ContextTurn
from space_jax.tasks.dialogue.sequence import PARTS
from space_jax.world.backend import Tables
from space_jax.world.corpus_worlds import SimulatedBackend, Worlds
from space_jax.world.database import Database

UNSAID = re.compile(r"\[\s*\w+\s*_\s*\w+\s*\]")
WORLD = Tables(Database({"hotel": [{"name": "Ivy", "area": "north", "phone": "4"}]}))
TRUTH = Truth(
    {"hotel": {"area": ("north",)}},
    (PlannedAct("hotel", "propose", ("name",)),),
    "[hotel_name] is in the [hotel_area] .",
)


@pytest.fixture
def fresh():
    return Conversation(WORLD)


def test_what_is_given_is_used(agent, fresh):
    (reply,) = agent.replies([fresh], ["a hotel in the north"], [TRUTH])
    assert reply.text == "Ivy is in the north ."
    assert reply.acts == (SystemAct("hotel", "propose", (("name", "Ivy"),)),)
    assert reply.found.tokens == ("[db_1]",)
    assert [one.role for one in reply.conversation.said] == ["user", "system"]
    assert reply.conversation.offers.names("hotel") == ("Ivy",)
    (reply,) = agent.replies(
        [reply.conversation], ["yes"], [Truth({"hotel": {"name": ("offered",)}}, (), "[hotel_phone]")]
    )
    assert (reply.text, reply.state) == ("4", {"hotel": {"name": ("Ivy",)}})


def test_side_by_side_is_as_one_at_a_time(agent, fresh):
    texts = ["a hotel", "taxi to the north please"]
    together = agent.replies([fresh] * 2, texts)
    assert together == [agent.reply(text, fresh) for text in texts]


def test_a_conversation_begins_with_its_first_turn(agent, task, params, fresh):
    of_run = Agent(Writer(task, params), Worlds("simulated", ""))
    first = of_run.reply("a hotel in the north")
    assert first.conversation.said[0].text == "a hotel in the north"
    assert isinstance(first.conversation.backend, SimulatedBackend)
    second = of_run.reply("yes", first.conversation)
    assert [one.text for one in second.conversation.said[::2]] == ["a hotel in the north", "yes"]
    assert len(first.conversation.said) == 2  # as it was
    assert agent.reply("a hotel in the north").found.rows == ()  # an agent without tables
    without = Agent(Writer(task, params), Worlds("camrest676", ""))
    with pytest.raises(UserError, match="corpus camrest676: expected a source"):
        without.reply("a hotel")
    assert without.reply("a hotel", fresh).text  # nobody asks for its own


def test_of_a_long_true_state_the_model_reads_the_domain_that_is_asked(agent, fresh, monkeypatch):
    """As in training, where the domains spoken of first are left out of what is too long."""
    given, write = [], Writer.write

    def noted(writer, memory, part, tokens, *rest):
        given.append((part, writer.text(tokens[0])))
        return write(writer, memory, part, tokens, *rest)

    monkeypatch.setattr(Writer, "write", noted)
    state = {"restaurant": {"name": ("good " * 9,), "area": ("north " * 9,)}, "hotel": {"area": ("north",)}}
    (reply,) = agent.replies([fresh], ["a hotel"], [Truth(state, (), "good")])
    text = next(text for part, text in given if part == "state")
    assert "hotel area: north" in text
    assert "restaurant" not in text
    assert (reply.state, reply.found.tokens) == (state, ("[db_1]",))


def test_what_is_drawn_is_not_the_state(task, params):
    """Draws among all tokens differ from seed to seed; the belief state is the likeliest whatever the seed."""
    said = [[ContextTurn(USER, "a hotel in the north")]] * 4

    def written(part, seed):
        writer = Writer(task, params, Sampling(2.0), seed)
        opening = [[writer.sequences.opening[part]]] * 4
        return writer.write(
            writer.read([task.sequences.context(one) for one in said]), part, opening, [0] * 4, [True] * 4
        )[0]

    assert written("state", 0) == written("state", 1)
    assert len({tuple(row) for row in written("response", 0)}) > 1


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_a_user_who_says_nothing_is_asked_again(agent, fresh, text):
    reply = agent.reply(text, fresh)
    assert (reply.text, reply.conversation) == (SAY_AGAIN, fresh)


@pytest.mark.parametrize("text", ["x" * 5000, "north " * 1000, "<sos_b> hotel [db_1] ; : \\", "\ud800 \x00", "漢字"])
def test_any_text_is_answered(agent, fresh, text):
    reply = agent.reply(text, fresh)
    assert reply.text
    assert not UNSAID.search(reply.text)


@pytest.mark.parametrize("state", [{"hotel": {"area": ("the moon",)}}, {"hotel": {}}, {"nowhere": {"x": ("1",)}}, {}])
def test_any_state_is_answered(agent, fresh, state):
    (reply,) = agent.replies([fresh], ["a hotel"], [Truth(state, TRUTH.acts, TRUTH.response)])
    assert reply.text
    assert "[" not in reply.text


def test_a_streamed_answer_is_the_answer(agent, fresh):
    streamed = agent.stream(fresh, "a hotel in the north")
    pieces = list(streamed.pieces)
    reply = agent.reply("a hotel in the north", fresh)
    assert "".join(pieces).split() == reply.text.split()
    assert streamed.finish() == reply
    assert list(agent.stream(fresh, " ").pieces) == [SAY_AGAIN]


def test_answers_streamed_side_by_side_are_those_of_each_alone(agent, fresh):
    texts = ["a hotel", "taxi to the north please", " ", "yes"]
    streamed = agent.streams([fresh] * 4, texts)
    pieces: list[list[str]] = [[] for _ in texts]
    while not all(one and one[-1] == "" for one in pieces):
        for n in (3, 0, 1, 2, 3):  # in any order, and one twice as fast
            pieces[n].append(next(streamed[n].pieces, ""))
    for n, text in enumerate(texts):
        alone = agent.stream(fresh, text)
        assert [piece for piece in pieces[n] if piece] == list(alone.pieces)
        assert streamed[n].finish() == alone.finish() == agent.reply(text, fresh)


def test_the_pieces_of_a_streamed_answer_share_one_program(task, params, fresh):
    writer = Writer(task, params)
    assert list(Agent(writer).stream(fresh, "a cheap hotel in the north").pieces)
    assert writer._drawn > len(PARTS) + 1
    assert writer._write._cache_size() == len(PARTS)


def test_fifty_turns(agent, fresh):
    conversation = fresh
    for _ in range(50):
        reply = agent.reply("a cheap hotel in the north", conversation)
        conversation = reply.conversation
        assert reply.text
    assert len(conversation.said) == 100


def test_true_dialogues_are_answered_turn_by_turn(agent, monkeypatch):
    dialogues = list(simulate(3, 2))
    reply, answers = agent.replies, []

    def noted(*arguments):
        answers.append(reply(*arguments))
        return answers[-1]

    monkeypatch.setattr(agent, "replies", noted)
    answered, speed = respond(agent, dialogues, Worlds("simulated", ""), given=("states", "acts"), together=2)
    for one, dialogue in zip(answered, dialogues, strict=True):
        assert one.dialogue is dialogue
        assert len(one.replies) == sum(turn.role == USER for turn in dialogue.turns)
        assert [set(reply.state) for reply in one.replies] == [set(r.target.state) for r in one.records]
    # The true states find what they found, so the database says what it said.
    found = sorted(one.found.tokens for one in answers[0])
    assert found == sorted(one.records[0].target.database for one in answered)
    assert speed.turns == sum(len(one.replies) for one in answered)


def test_what_the_simulated_user_hears():
    said = (
        SystemAct("hotel", "propose", (("name", None),)),
        SystemAct("hotel", "dance"),
        SystemAct("hotel", "request", (("area", None),)),
    )
    assert as_heard(said) == (DialogAct("request", "hotel", (("area", None),)),)
    assert as_heard(()) == (DialogAct("dont_understand"),)


def test_the_policy_sets_the_mark():
    scores = summary(play_policy(1, 60))
    assert 0.7 < scores["success"] <= 1 - scores["refused"]
    assert scores["success_of_possible"] > 0.92
    assert play_policy(1, 3) == play_policy(1, 3)
    about_trains = play_policy(1, 3, ("train",))
    assert [[goal.domain for goal in one.goal.domains] for one in about_trains] == [["train"]] * 3
