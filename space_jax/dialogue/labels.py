"""Which turns are learnt from, and which of them have labels: one rule for the features and for counting."""

from collections.abc import Iterator

from space_jax.dialogue.record import SYSTEM, Dialogue


def example_turns(dialogue: Dialogue) -> Iterator[tuple[int, bool]]:
    """The turns that training examples respond with: each system turn that has at least one turn before it.

    Args:
      dialogue: the dialogue.

    Yields:
      (index, labelled): the turn's index; whether the frames of the turn before it, and its own frames and acts, are
      annotated.
    """
    for index, turn in enumerate(dialogue.turns):
        if turn.role == SYSTEM and index > 0:
            before = dialogue.turns[index - 1]
            yield index, before.frames is not None and turn.frames is not None and turn.acts is not None
