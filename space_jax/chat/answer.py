"""One displayed turn of a conversation: the understood frame, belief state, database, acts, then the words."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from space_jax.agent.agent import Agent
from space_jax.agent.conversation import Conversation, Reply
from space_jax.agent.turn import Streamed
from space_jax.chat.understood_frame import NOTHING_NEW, Understood, understood
from space_jax.dialogue.record import BeliefState
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.world.lookup import Lookup

_NAMES = ("name", "train_id", "poi", "event", "location")
_NAMED = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Talk:
    """A conversation, and the belief state that was shown last."""

    conversation: Conversation
    shown: BeliefState = dataclasses.field(default_factory=dict)


class Answer:
    """An answer in progress.

    Args:
      agent: that answers.
      talk: so far.
      text: what the user says.
      streamed: the answer of `agent.streams`, where it was begun beside others.

    Attributes:
      text: of the user, see `as_typed`.
      before: the conversation before this turn.
      frame: what was understood.
      state: the belief state.
      found: the result from the database.
      acts: chosen by the agent.
      cut: the parts of these that reached their limit of tokens unfinished, "state" or "acts".
      pieces: of the answer's words, to be taken one after the other.
    """

    def __init__(self, agent: Agent, talk: Talk, text: str, streamed: Streamed | None = None) -> None:
        self.text, self.before = as_typed(text), talk.conversation
        self._streamed = streamed or agent.stream(talk.conversation, self.text)
        self.state: BeliefState = self._streamed.state
        self.frame: Understood = understood(talk.shown, self.state)
        self.found: Lookup = self._streamed.found
        self.acts: tuple[PlannedAct, ...] = self._streamed.acts
        self.cut: tuple[str, ...] = self._streamed.cut
        self.pieces: Iterator[str] = self._streamed.pieces

    def finish(self) -> tuple[dict[str, Any], Talk]:
        """The line of a transcript and the conversation after this turn, once all pieces are taken."""
        reply = self._streamed.finish()
        line = {"user": self.text, "understood": self.frame.as_json(), **as_json(reply)}
        return line, Talk(reply.conversation, self.state)


def as_typed(text: str) -> str:
    """A user's text with a "?" for each lone surrogate.

    Those come from terminals with another encoding and from scripts, and UTF-8 cannot encode them.
    """
    return text.encode("utf-8", "replace").decode("utf-8")


def as_json(reply: Reply) -> dict[str, Any]:
    """A reply for a transcript."""
    return {
        "state": {d: {slot: values[0] for slot, values in slots.items()} for d, slots in reply.state.items()},
        "matches": reply.found.count,
        "database": list(reply.found.tokens),
        "acts": [[one.domain, one.act, dict(one.slots)] for one in reply.acts],
        "cut": list(reply.cut),
        "delexicalised": reply.response,
        "system": reply.text,
    }


def frame_lines(frame: Understood) -> list[str]:
    """The understood frame, a line a domain."""
    return frame.lines() or [NOTHING_NEW]


def match_line(found: Lookup) -> str:
    """How many rows match, and the tokens that tell the model."""
    if found.domain is None:
        return f"not asked {' '.join(found.tokens)}"
    booked = f", reference {found.reference}" if found.reference else ""
    return f"{found.domain}: {found.count} match{'' if found.count == 1 else 'es'} {' '.join(found.tokens)}{booked}"


def match_names(found: Lookup) -> list[str]:
    """The names of the first matches; the last is "..." if there are more."""
    names = [_name(row) for row in found.rows[:_NAMED]]
    return [*names, "..."] if found.count > _NAMED else names


def act_line(act: PlannedAct) -> str:
    """An act as the model writes it."""
    return " ".join((act.domain, act.act, *act.slots))


def _name(row: Mapping[str, str]) -> str:
    return next((row[column] for column in _NAMES if column in row), next(iter(row.values()), ""))
