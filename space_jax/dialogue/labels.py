"""Which turns are learnt from, and what of their annotation is known: one rule for the features and for counting."""

from collections.abc import Iterator
from typing import NamedTuple

from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn


class Known(NamedTuple):
    """What a source says of an example. Each part stands alone: a loss that compares one asks for no other.

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
      context: how many turns of the dialogue, from its first, are before the response.
      response: the system turn after them; None where there is none to learn.
      known: what is annotated. Without a response, its acts and its tree are not.
    """

    context: int
    response: Turn | None
    known: Known


def example_turns(dialogue: Dialogue) -> Iterator[ExampleTurns]:
    """The examples of a dialogue: one for each system turn that has at least one turn before it.

    A dialogue without such a turn, such as an utterance of an intent corpus or the customer's half of a conversation,
    has an example without a response for each of its user turns instead. In a dialogue that has answers, a user turn
    that nobody answers is context or nothing: mostly a farewell, and how a response follows is what is to be learnt.

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
