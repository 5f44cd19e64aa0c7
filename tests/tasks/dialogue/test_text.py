"""Belief states and acts as text and back, for any names and values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.tasks.dialogue.act_text import PlannedAct, acts_of, parse_acts, write_acts
from space_jax.tasks.dialogue.belief_text import parse_belief, write_belief

VALUES = st.text().map(lambda text: " ".join(text.split())).filter(bool)
NAMES = st.text(min_size=1).map(lambda text: "_".join(text.split())).filter(bool)
STATES = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES.map(lambda value: (value,)), max_size=4), max_size=3)


def test_as_it_is_written():
    state = {"train": {"leave_at": ("18:15",)}, "hotel": {"name": ("A, B; C", "A B C"), "stars": ("4",)}, "taxi": {}}
    text = r"train leave_at: 18:15; hotel name: A\, B\; C, stars: 4; taxi"
    assert write_belief(state) == text
    assert parse_belief(text) == {**state, "hotel": {"name": ("A, B; C",), "stars": ("4",)}}


@given(STATES)
def test_any_state_comes_back(state):
    parsed = parse_belief(write_belief(state))
    assert parsed == state
    assert list(parsed) == list(state)  # the last domain is the one that is asked


@given(st.text(alphabet=st.sampled_from("ab :;,\\\n")) | st.text())
def test_no_text_raises(text):
    state = parse_belief(text)
    assert parse_belief(write_belief(state)) == state
    assert all(len(act) == 3 for act in parse_acts(text))


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", {}),
        ("hotel", {"hotel": {}}),
        ("hotel area", {"hotel": {}}),
        ("hotel area:, stars: 4", {"hotel": {"stars": ("4",)}}),
        ("hotel area: north area: south", {"hotel": {"area": ("north area: south",)}}),
        (
            "hotel stars: 3, stars: 4; taxi; hotel area: north",
            {"taxi": {}, "hotel": {"stars": ("4",), "area": ("north",)}},
        ),
        (";;, ,: :", {}),
        ("hotel name: x\\", {"hotel": {"name": ("x",)}}),
    ],
)
def test_malformed_states(text, state):
    assert list(parse_belief(text).items()) == list(state.items())


def test_acts():
    frames = [
        Frame("hotel", "select", (Slot("name", (Value("A"), Value("B"))),)),
        Frame("hotel", "request", (Slot("area"),)),
        Frame("general", "direct"),
    ]
    acts = acts_of(frames)
    assert write_acts(acts) == "hotel select name name; hotel request area; general direct"
    assert parse_acts(write_acts(acts)) == acts
    assert parse_acts("hotel; ; general bye ") == (PlannedAct("general", "bye"),)
