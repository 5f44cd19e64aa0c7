"""Which turns are learnt from, and what is known of them."""

from space_jax.dialogue import Dialogue, Turn
from space_jax.dialogue.labels import ExampleTurns, Known, example_turns


def test_each_annotation_of_an_example_is_known_by_itself():
    turns = (
        Turn("system", "hello", (), ()),
        Turn("user", "hi", ()),
        Turn("system", "yes?", (), ()),
        Turn("user", "a hotel"),
        Turn("system", "which?", None, ()),
        Turn("user", "any", ()),
        Turn("system", "well?", (), None),
        Turn("system", "well?", (), ("direct",)),  # after a system turn, whose frames are no user tree
    )
    known = {2: (True, True, True), 4: (True, False, False), 6: (False, True, True), 7: (True, False, True)}
    expected = [ExampleTurns(index, turns[index], Known(*flags)) for index, flags in known.items()]
    assert list(example_turns(Dialogue("d", turns))) == expected
    assert list(example_turns(Dialogue("d", ()))) == []


def test_without_a_response_only_the_user_tree_can_be_known():
    turns = (Turn("system", "hello", (), ()), Turn("user", "hi", ()), Turn("user", "a hotel", None, ("request",)))
    expected = [ExampleTurns(2, None, Known(False, True, False)), ExampleTurns(3, None, Known(False, False, False))]
    assert list(example_turns(Dialogue("d", turns))) == expected
