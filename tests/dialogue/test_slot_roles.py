"""The roles of slots, turn by turn, in dialogues with and without belief states."""

import pytest

from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.dialogue.slot_roles import SLOT_ROLES, schema_of, slot_roles


def frame(*slots, domain="Hotel", intent="inform"):
    """Slots as "area=east", or "area" for one without a value."""
    made = (one.partition("=") for one in slots)
    return Frame(domain, intent, tuple(Slot(name, (Value(value),) if value else ()) for name, _, value in made))


def user(*slots, state=None):
    held = None if state is None else {"hotel": {name: (value,) for name, value in state.items()}}
    return Turn(USER, "", (frame(*slots),), state=held)


def system(*slots):
    return Turn(SYSTEM, "", (frame(*slots),))


def named(turns):
    return [{slot: SLOT_ROLES[role] for (_, slot), role in roles.items()} for roles in slot_roles(turns)]


def test_without_states_what_was_said_stands_for_them():
    turns = [
        user("area=East", "price=none"),
        system("name=Autumn House", "stars"),
        user("name=autumn house", "phone", "area=east"),
        system("phone=123"),
        user("area=west"),
        user("area=west"),
    ]
    assert named(turns) == [
        {"area": "informed"},
        {},
        {"name": "confirmed", "phone": "requested", "area": "confirmed"},
        {},
        {"area": "changed"},
        {"area": "confirmed"},
    ]


def test_states_say_what_frames_do_not():
    turns = [
        user("area=east", state={"area": "east", "stars": "4"}),
        system("name=Acorn", "day=monday"),
        user(state={"area": "east", "stars": "4", "name": "acorn", "day": "friday"}),
        user("area=west", state={"area": "west", "name": "acorn", "day": "not mentioned"}),
    ]
    assert named(turns) == [
        {"area": "informed", "stars": "informed"},
        {},
        {"name": "confirmed", "day": "informed"},
        {"area": "changed", "stars": "removed", "day": "removed"},
    ]


def test_one_of_several_spellings_is_enough():
    both = {"hotel": {"area": ("center", "centre")}}
    turns = [user("area=centre"), Turn(USER, "", (), state=both), Turn(USER, "", (frame("area=center"),), state=both)]
    assert named(turns) == [{"area": "informed"}, {}, {"area": "confirmed"}]


def test_a_value_wins_over_a_question_and_nothing_is_known_without_frames():
    assert named([user("area", "area=east")]) == [{"area": "informed"}]
    assert named([Turn(USER, "", None), Turn(USER, "", ()), Turn(SYSTEM, "", None)]) == [{}, {}, {}]
    turns = [user("area=east"), Turn(USER, "", None, state={"hotel": {"area": ("west",)}}), user("area=west")]
    assert named(turns)[2] == {"area": "confirmed"}


@pytest.mark.parametrize("order", [1, -1])
def test_the_schema_is_that_of_frames_and_states_in_alphabetical_order(order):
    dialogues = [
        Dialogue("a", (user("stars=4", "area", state={"name": "acorn"}), system("phone=1"))),
        Dialogue("b", (Turn(USER, "", (frame("day=friday", domain="train"), frame("Area=east"))), Turn(USER, ""))),
    ][::order]
    assert schema_of(dialogues) == {"hotel": ("area", "name", "phone", "stars"), "train": ("day",)}
    assert list(schema_of(dialogues)) == ["hotel", "train"]
    assert schema_of([]) == {}
