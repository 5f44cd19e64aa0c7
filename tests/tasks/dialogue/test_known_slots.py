"""The slots that an agent learns."""

from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.tasks.dialogue.known_slots import known_slots
from space_jax.tasks.dialogue.records import DialogueRecord, SystemTurn


def record(state, response, *domains):
    acts = tuple(PlannedAct(domain, "inform") for domain in domains)
    return DialogueRecord("r", (), SystemTurn(state, (), acts, response), None)


def test_of_states_and_placeholders():
    """What is cut at the right place: `bike_shop` is known from a state or from an act."""
    records = [
        record({"Bike Shop": {"Kind": ("road",)}}, "[bike_shop_opening_hours], [booking_day], [ car _ wash _ price ]"),
        record(None, "[car_wash_count] and [film_name], [laughs]", "car_wash", "general"),
    ]
    assert known_slots(records) == {"bike_shop": ["kind", "opening_hours"], "car_wash": ["price"], "film": ["name"]}
    assert known_slots([]) == {}
