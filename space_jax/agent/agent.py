"""The running dialogue: user's words -> belief state -> database -> dialog acts -> delexicalised response -> words.

A conversation is a value: `Agent.reply` takes conversations and hands on new ones, so that many go on side by side and
any can be taken up again.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from space_jax.agent.backend import Backend
from space_jax.agent.lookup import NO_OFFERS, NOTHING, Lookup, Offers, look_up
from space_jax.agent.words import Spoken, SystemAct, speak
from space_jax.agent.writer import Writer
from space_jax.decoding.sampling import GREEDY, Sampling
from space_jax.dialogue.record import SYSTEM, USER, BeliefState
from space_jax.errors import UserError
from space_jax.tasks.dialogue.act_text import PlannedAct, parse_acts, write_acts
from space_jax.tasks.dialogue.belief_text import parse_belief, write_belief
from space_jax.tasks.dialogue.records import NAME, OFFERED, Said
from space_jax.tasks.dialogue.sequence import ACTS, RESPONSE, STATE
from space_jax.tasks.dialogue.task import DialogueTask

SAY_AGAIN = "Sorry, I did not catch that. Could you say it again?"
"""The answer to a user who says nothing, and what is said when the model has nothing to say."""


@dataclasses.dataclass(frozen=True, slots=True)
class Conversation:
    """What the agent knows of one dialogue.

    Attributes:
      backend: the world it is about.
      said: the turns so far, the system's delexicalised.
      offers: the names given so far.
    """

    backend: Backend
    said: tuple[Said, ...] = ()
    offers: Offers = NO_OFFERS


@dataclasses.dataclass(frozen=True, slots=True)
class Truth:
    """What is given instead of written by the model; None leaves it to the model.

    With the true state alone this is policy optimisation, as the benchmark calls it.
    """

    state: BeliefState | None = None
    acts: tuple[PlannedAct, ...] | None = None
    response: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the agent.

    Attributes:
      text: in words.
      response: delexicalised.
      state: the belief state, with names in place of `offered`.
      found: what the database says.
      acts: with the values that the text says.
    """

    text: str
    response: str
    state: BeliefState
    found: Lookup
    acts: tuple[SystemAct, ...]


class Agent:
    """A trained model in conversation.

    Args:
      writer: the model.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer, self._sequences = writer, writer.sequences
        self._has = writer.task.labels

    @classmethod
    def load(cls, workdir: Path | str, step: str = "best", sampling: Sampling = GREEDY, seed: int = 0) -> "Agent":
        """The agent of a fine-tuning run.

        Raises:
          UserError: no such run or checkpoint, or one of another task.
        """
        from space_jax.tasks.trained import Trained

        trained = Trained(workdir, step)
        if not isinstance(trained.task, DialogueTask):
            raise UserError(f"{workdir}: was trained for the task {trained.task.name}, but an agent needs dialogue")
        return cls(Writer(trained.task, trained.params, sampling, seed))

    def reply(
        self, conversations: Sequence[Conversation], texts: Sequence[str], truths: Sequence[Truth] | None = None
    ) -> tuple[list[Reply], list[Conversation]]:
        """Answers one user's turn in each conversation.

        Args:
          conversations: so far.
          texts: what each user says; to one who says nothing the agent says that it did not understand.
          truths: what is given, if anything.

        Returns:
          The replies and the conversations with both turns.
        """
        given = list(truths) if truths is not None else [Truth()] * len(texts)
        replies = [Reply(SAY_AGAIN, SAY_AGAIN, _last_state(one), NOTHING, ()) for one in conversations]
        after = list(conversations)
        heard = [number for number, text in enumerate(texts) if text.strip()]
        if heard:
            answers = self._answer(
                [conversations[n] for n in heard], [texts[n] for n in heard], [given[n] for n in heard]
            )
            for number, (reply, conversation) in zip(heard, answers, strict=True):
                replies[number], after[number] = reply, conversation
        return replies, after

    def _answer(
        self, conversations: Sequence[Conversation], texts: Sequence[str], truths: Sequence[Truth]
    ) -> list[tuple[Reply, Conversation]]:
        asked = [(*one.said, Said(USER, text)) for one, text in zip(conversations, texts, strict=True)]
        turn = _Turn(self._writer, asked)
        # A model that was trained without belief states writes none, but true ones still ask the database for words.
        states: list[BeliefState] = [truth.state or {} for truth in truths]
        if self._has["state"]:
            states = [
                parse_belief(text)
                for text in turn.write(STATE, [None if t.state is None else write_belief(t.state) for t in truths])
            ]
        found = [look_up(one.backend, state, one.offers) for one, state in zip(conversations, states, strict=True)]
        if self._has["state"]:
            turn.give([self._sequences.database(one.tokens) for one in found])
        acts: list[tuple[PlannedAct, ...]] = [()] * len(asked)
        if self._has["acts"]:
            known = [None if t.acts is None else write_acts(t.acts) for t in truths]
            acts = [parse_acts(text) for text in turn.write(ACTS, known)]
        responses = turn.write(RESPONSE, [t.response for t in truths])
        answers = []
        for n, one in enumerate(conversations):
            response = responses[n].strip() or SAY_AGAIN
            spoken = speak(response, acts[n], states[n], found[n], one.offers, one.backend)
            answer = Said(
                SYSTEM,
                response,
                states[n] if self._has["state"] else None,
                acts[n] if self._has["acts"] else None,
            )
            state = _named(states[n], found[n], one)
            reply = Reply(spoken.text, response, state, found[n], spoken.acts)
            answers.append((reply, Conversation(one.backend, (*asked[n], answer), _offered(one, found[n], spoken))))
        return answers


class _Turn:
    """A system turn that is being written, part after part, in all rows."""

    def __init__(self, writer: Writer, asked: Sequence[Sequence[Said]]) -> None:
        self._writer, self._sequences = writer, writer.sequences
        self._memory = writer.read([writer.sequences.context(said) for said in asked]).memory
        self._given: list[list[int]] = [[] for _ in asked]
        self._begin = [0] * len(asked)

    def give(self, tokens: Sequence[Sequence[int]]) -> None:
        """Tokens that come before the next part."""
        for row, more in zip(self._given, tokens, strict=True):
            row += more

    def write(self, part: str, known: Sequence[str | None]) -> list[str]:
        """The text of a part in each row: what is known, or what the model writes."""
        given = []
        for row, text in zip(self._given, known, strict=True):
            opening = [self._sequences.opening[part]]
            given.append(row + (opening if text is None else self._sequences.wrapped(part, text)[:-1]))
        free = [text is None for text in known]
        tokens, self._memory = self._writer.write(self._memory, part, given, self._begin, free)
        # The closing mark is not yet in the memory: it comes first of what is given next.
        self._given = [[self._sequences.closing[part]] for _ in known]
        self._begin = [
            1 + len(written) if text is None else len(self._sequences.wrapped(part, text)) - 1
            for written, text in zip(tokens, known, strict=True)
        ]
        return [
            self._writer.text(written) if text is None else text for written, text in zip(tokens, known, strict=True)
        ]


def _last_state(conversation: Conversation) -> BeliefState:
    states = [one.state for one in conversation.said if one.state is not None]
    return states[-1] if states else {}


def _named(state: BeliefState, found: Lookup, conversation: Conversation) -> BeliefState:
    """The state with names where it says that one was offered."""
    named: BeliefState = {}
    for domain, slots in state.items():
        names = conversation.offers.names(domain)
        if domain == found.domain and found.accepted and found.rows:
            names = (found.rows[0].get(NAME, ""),)
        value = (names[-1],) if names and names[-1] else None
        named[domain] = {
            slot: values if values != (OFFERED,) or value is None else value
            for slot, values in slots.items()
            if values != (OFFERED,) or value is not None
        }
    return named


def _offered(conversation: Conversation, found: Lookup, spoken: Spoken) -> Offers:
    offers = conversation.offers
    for domain, names in spoken.names.items():
        offers = offers.with_names(domain, found.constraints if domain == found.domain else frozenset(), names)
    return offers
