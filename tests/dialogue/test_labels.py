"""Which turns are learnt from, and which of them have labels."""

from space_jax.dialogue import Dialogue, Turn
from space_jax.dialogue.labels import ExampleTurns, example_turns


def test_a_response_is_labelled_if_it_and_the_turn_before_it_are_annotated():
    turns = (
        Turn("system", "hello", (), ()),
        Turn("user", "hi", ()),
        Turn("system", "yes?", (), ()),
        Turn("user", "a hotel"),
        Turn("system", "which?", (), ()),
        Turn("system", "well?", (), None),
    )
    examples = [(2, turns[2], True), (4, turns[4], False), (5, turns[5], False)]
    assert list(example_turns(Dialogue("d", turns))) == [ExampleTurns(*example) for example in examples]
    assert list(example_turns(Dialogue("d", ()))) == []
