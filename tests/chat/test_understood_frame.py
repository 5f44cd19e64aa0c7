"""The understood frame is the difference of two belief states."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.chat.understood_frame import understood

NAMES, VALUES = st.sampled_from("abc"), st.sampled_from("123")
STATES = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES.map(lambda value: (value,))))


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({}, {}, []),
        ({}, {"taxi": {}}, ["taxi"]),
        ({"taxi": {}}, {"taxi": {}}, []),
        ({"taxi": {}}, {}, ["taxi removed"]),
        ({}, {"hotel": {"area": ("north",), "stars": ("4",)}}, ["hotel: area = north, stars = 4"]),
        ({"hotel": {"area": ("north",)}}, {"hotel": {"area": ("south",)}}, ["hotel: area = south (was north)"]),
        ({"hotel": {"area": ("north",)}}, {}, ["hotel: area removed"]),
        (
            {"restaurant": {"area": ("north",)}},
            {"restaurant": {"food": ("thai",)}, "taxi": {"time": ("9:00",)}},
            ["restaurant: food = thai, area removed", "taxi: time = 9:00"],
        ),
        # Other spellings of the same value, and the order of domains and slots, say nothing new.
        ({"hotel": {"area": ("north", "the north")}}, {"hotel": {"area": ("north",)}}, []),
        ({"a": {"x": ("1",), "y": ("2",)}, "b": {}}, {"b": {}, "a": {"y": ("2",), "x": ("1",)}}, []),
        ({}, {"hotel": {"area": ()}}, ["hotel"]),
    ],
)
def test_a_line_says_what_a_turn_did(before, after, lines):
    assert sorted(understood(before, after).lines()) == sorted(lines)


@given(STATES, STATES)
def test_the_frame_leads_from_one_state_to_the_next(before, after):
    frame = json.loads(json.dumps(understood(before, after).as_json()))
    state = {domain: {slot: values[0] for slot, values in slots.items()} for domain, slots in before.items()}
    for domain, slots in frame["removed"].items():
        for slot in slots:
            del state[domain][slot]
        if domain not in after:
            del state[domain]
    for domain, slots in frame["changed"].items():
        for slot, (was, now) in slots.items():
            assert state[domain][slot] == was != now
            state[domain][slot] = now
    for domain, slots in frame["added"].items():
        assert not slots.keys() & state.get(domain, {}).keys()
        state.setdefault(domain, {}).update(slots)
    assert state == {domain: {slot: values[0] for slot, values in slots.items()} for domain, slots in after.items()}
