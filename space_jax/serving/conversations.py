"""Conversations rebuilt from their messages: a client sends the whole of one with every turn, the server forgets it.

A conversation that the server itself has held goes on from where it was. Of any other, after a restart or where a
client has changed a message, the turns are gone through again: the agent answers each, and where the words of the
message are others than its own, they take the place of its own.
"""

import dataclasses
import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from space_jax.agent.given_words import answered_with
from space_jax.chat.answer import Answer, Talk
from space_jax.dialogue.record import SYSTEM, USER
from space_jax.serving.bodies import Message
from space_jax.serving.refusal import RefusedError

KEPT = 1024
"""Conversations that are remembered; those that were used last."""


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """What one side says in a row."""

    role: str
    text: str


def turns_of(messages: Sequence[Message]) -> tuple[Words, ...]:
    """The turns of a conversation, the user's last; messages of one side in a row are one turn.

    Raises:
      RefusedError: 422, the last message is not the user's.
    """
    turns: list[Words] = []
    for message in messages:
        if message.role not in ("user", "assistant"):
            continue
        role = USER if message.role == "user" else SYSTEM
        if turns and turns[-1].role == role:
            turns[-1] = Words(role, f"{turns[-1].text} {message.content}".strip())
        else:
            turns.append(Words(role, message.content))
    if not turns or turns[-1].role != USER or messages[-1].role != "user":
        place = f"messages[{len(messages) - 1}].role"
        raise RefusedError(422, f'{place}: expected "user" of the last message, found another')
    return tuple(turns)


class Conversations:
    """The conversations that were held last.

    Args:
      fresh: a conversation that has not begun.
    """

    def __init__(self, fresh: Talk) -> None:
        self._fresh = fresh
        self._held: OrderedDict[bytes, Talk] = OrderedDict()

    def known(self, turns: Sequence[Words]) -> tuple[Talk, int]:
        """The longest beginning of a conversation that is remembered, and how many of its turns that are."""
        for count, name in reversed(list(enumerate(_names(turns), start=1))):
            if name in self._held:
                self._held.move_to_end(name)
                return self._held[name], count
        return self._fresh, 0

    def remember(self, turns: Sequence[Words], talk: Talk) -> None:
        """Keeps a conversation after a turn of the system."""
        *_, name = _names(turns)
        self._held[name] = talk
        if len(self._held) > KEPT:
            self._held.popitem(last=False)


def opened(fresh: Talk, words: str) -> Talk:
    """A conversation that the system opened."""
    begun = answered_with(fresh.conversation, "", words, fresh.conversation, {})
    return Talk(begun)


def gone_through(answer: Answer, given: str) -> Talk:
    """The conversation after an answer that was given in these words, once all of its pieces are taken."""
    line, after = answer.finish()
    if line["system"].split() == given.split():
        return after
    other = answered_with(answer.before, answer.text, given, after.conversation, answer.state, answer.found)
    return Talk(other, after.shown)


def _names(turns: Sequence[Words]) -> Iterator[bytes]:
    """A name of the conversation after each of its turns; blanks do not count."""
    digest = hashlib.sha256()
    for one in turns:
        digest.update("\0".join((one.role, *one.text.split(), "\n")).encode())
        yield digest.digest()
