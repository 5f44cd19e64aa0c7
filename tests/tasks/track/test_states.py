from space_jax.dialogue.record import Dialogue, Turn
from space_jax.tasks.track.state_text import to_state, to_text
from space_jax.tasks.track.states import carried, carried_copies, track_dialogue, updated

DIALOGUE = Dialogue("d", (Turn("user", "north"), Turn("system", "ok"), Turn("user", "cheap"), Turn("user", "bye")))


def test_values_stay_until_they_change():
    updates = [
        {"a-x": {"value": "1"}},
        {},
        {"a-x": {"value": "2"}, "a-y": {"value": "3"}},
    ]
    assert carried(["d"] * 3, updates) == [{"a-x": ("1",)}, {"a-x": ("1",)}, {"a-x": ("2",), "a-y": ("3",)}]


def test_a_dialogue_begins_with_nothing():
    states = carried(["d", "e", "d"], [{"a-x": {"value": "1"}}, {}, {}])
    assert states == [{"a-x": ("1",)}, {}, {"a-x": ("1",)}]


def test_references():
    before = {"a-x": ("1", "one")}
    assert updated(before, {"b-x": {"refer": "a-x"}})["b-x"] == ("1", "one")
    assert updated(before, {"b-x": {"refer": "a-x"}, "a-x": {"value": "2"}})["b-x"] == ("2",)
    assert updated(before, {"b-x": {"refer": "c-x"}}) == before
    assert before == {"a-x": ("1", "one")}


def test_copies_are_remembered_until_the_slot_changes():
    inform, span = {"gate": "inform", "value": "1"}, {"gate": "span", "value": "1"}
    copies = carried_copies(["d"] * 3, [{"a-x": inform, "a-y": span}, {}, {"a-x": span}])
    assert copies == [{"a-x"}, {"a-x"}, set()]


def test_states_as_text():
    state = {"hotel-price_range": ("cheap",), "hotel-area": ("north", "northern"), "hotel-name": ("a , b and c",)}
    text = to_text(state)
    assert text == "hotel area north , hotel name a , b and c , hotel price range cheap"
    slots = [*state, "hotel-price"]
    assert to_state(text, slots) == {slot: values[:1] for slot, values in state.items()}


def test_whatever_is_written_can_be_read():
    slots = ["hotel-area", "hotel-price_range"]
    assert to_text({}) == "none"
    for text in ("", "none", ", , ,", "hotel", "hotel area", "area north , north", "hotel area , hotel area"):
        assert to_state(text, slots) == {}
    assert to_state("hotel area north,hotel price range", slots) == {"hotel-area": ("north",)}
    assert to_state("hotel area north , hotel area west", slots) == {"hotel-area": ("west",)}


def test_copied_states_are_carried_on():
    def predict(records):
        assert [record.turns[-1][1] for record in records] == ["north", "cheap", "bye"]
        return [
            {"update": {"hotel-area": {"value": "north"}}},
            {"update": {"hotel-price": {"value": "cheap"}}},
            {"update": {}},
        ]

    states = [state for _, state in track_dialogue(DIALOGUE, predict)]
    assert states[0] == {"hotel-area": ("north",)}
    assert states[1] == states[2] == {"hotel-area": ("north",), "hotel-price": ("cheap",)}


def test_written_states_are_taken_as_they_are():
    written = [{"state": {"a-x": ["1"]}, "text": "a x 1"}, {"state": {}, "text": "none"}, {"state": {}, "text": "none"}]
    assert [state for _, state in track_dialogue(DIALOGUE, lambda records: written)] == [{"a-x": ("1",)}, {}, {}]
