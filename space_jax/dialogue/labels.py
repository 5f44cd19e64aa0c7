"""Which turns are learnt from, and which of them have labels: one rule for the features and for counting."""

import dataclasses
from collections.abc import Iterator

from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn


@dataclasses.dataclass(frozen=True, slots=True)
class ExampleTurns:
    """The turns of one training example.

    Attributes:
      context: how many turns of the dialogue, from its first, are before the response.
      response: the system turn after them; None where there is none to learn.
      labelled: whether what the losses compare is annotated: the frames of the last context turn and, where there is a
        response, its frames and acts.
    """

    context: int
    response: Turn | None
    labelled: bool


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
        annotated = before.frames is not None and response.frames is not None and response.acts is not None
        yield ExampleTurns(index, response, annotated)
    if answers:
        return
    for index, turn in enumerate(dialogue.turns):
        if turn.role == USER:
            yield ExampleTurns(index + 1, None, turn.frames is not None)
