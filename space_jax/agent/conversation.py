"""The agent's knowledge of a dialogue, its replies, and the annotations that can replace its output."""

import dataclasses

from space_jax.agent.lexicalise import Spoken, SystemAct
from space_jax.dialogue.record import BeliefState
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.tasks.dialogue.records import ContextTurn
from space_jax.world.backend import NAME, Backend
from space_jax.world.lookup import NO_OFFERS, NOTHING, OFFERED, Lookup, Offers
from space_jax.world.spelling import plain_name

SAY_AGAIN = "Sorry, I did not catch that. Could you say it again?"
"""The answer to an empty turn, and in place of an empty response."""


@dataclasses.dataclass(frozen=True, slots=True)
class Conversation:
    """The agent's knowledge of one dialogue.

    Attributes:
      backend: its world.
      said: the turns so far, the system's delexicalised.
      offers: the names given so far.
    """

    backend: Backend
    said: tuple[ContextTurn, ...] = ()
    offers: Offers = NO_OFFERS


@dataclasses.dataclass(frozen=True, slots=True)
class Truth:
    """Annotations that replace the model's output; None leaves a part to the model.

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
      found: the result from the database.
      acts: with the values in the text.
      conversation: with both turns; the next turn continues from it.
      cut: the parts ("state", "acts", "response") that reached their limit of tokens unfinished.
    """

    text: str
    response: str
    state: BeliefState
    found: Lookup
    acts: tuple[SystemAct, ...]
    conversation: Conversation
    cut: tuple[str, ...] = ()


def asked_again(conversation: Conversation) -> Reply:
    """The answer to an empty turn, which leaves the conversation unchanged."""
    return Reply(SAY_AGAIN, SAY_AGAIN, last_state(conversation), NOTHING, (), conversation)


def last_state(conversation: Conversation) -> BeliefState:
    """The belief state of the last answer, with names in place of `offered`."""
    states = [one.state for one in conversation.said if one.state is not None]
    return with_names(states[-1], NOTHING, conversation) if states else {}


def with_names(state: BeliefState, found: Lookup, conversation: Conversation) -> BeliefState:
    """The state with the names themselves in place of `OFFERED`."""
    named: BeliefState = {}
    for domain, slots in state.items():
        names = conversation.offers.names(plain_name(domain))
        if plain_name(domain) == found.domain and found.accepted and found.rows:
            names = (found.rows[0].get(NAME, ""),)
        value = (names[-1],) if names and names[-1] else None
        named[domain] = {
            slot: values if values != (OFFERED,) or value is None else value
            for slot, values in slots.items()
            if values != (OFFERED,) or value is not None
        }
    return named


def offers_after(conversation: Conversation, found: Lookup, spoken: Spoken) -> Offers:
    """The offers with the names just given."""
    offers = conversation.offers
    for domain, names in spoken.names.items():
        offers = offers.with_names(domain, found.constraints if domain == found.domain else frozenset(), names)
    return offers
