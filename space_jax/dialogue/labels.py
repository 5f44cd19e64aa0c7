"""Selects the turns to learn from and their known annotation; features and counts share this rule."""

from collections.abc import Iterator
from typing import NamedTuple

from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn


class Known(NamedTuple):
    """The annotation of an example. The parts are independent: a loss that uses one does not need the others.

    Attributes:
      acts: the dialog acts of the response are annotated.
      user_tree: the last context turn is the user's, and its frames are annotated.
      system_tree: the frames of the response are annotated.
    """

    acts: bool
    user_tree: bool
    system_tree: bool


FACTS = Known._fields


class ExampleTurns(NamedTuple):
    """The turns of one training example.

    Attributes:
      context: number of turns, from the first of the dialogue, before the response.
      response: the system turn after them; None if there is no response to learn.
      known: the known annotation; without a response, its acts and tree are unknown.
    """

    context: int
    response: Turn | None
    known: Known


def example_turns(dialogue: Dialogue) -> Iterator[ExampleTurns]:
    """The examples of a dialogue: one for each system turn that has at least one turn before it.

    A dialogue without such a turn, such as an utterance of an intent corpus or the customer's half of a conversation,
    has an example without a response for each of its user turns instead. In a dialogue with responses, an unanswered
    user turn, mostly a farewell, serves only as context, since responses are what is to be learnt.

    Args:
      dialogue: the dialogue.
    """
    answers = [index for index, turn in enumerate(dialogue.turns) if turn.role == SYSTEM and index > 0]
    for index in answers:
        before, response = dialogue.turns[index - 1 : index + 1]
        yield ExampleTurns(
            index, response, Known(response.acts is not None, _has_tree(before), response.frames is not None)
        )
    if answers:
        return
    for index, turn in enumerate(dialogue.turns):
        if turn.role == USER:
            yield ExampleTurns(index + 1, None, Known(False, _has_tree(turn), False))


def _has_tree(turn: Turn) -> bool:
    return turn.role == USER and turn.frames is not None
