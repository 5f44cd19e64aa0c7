from space_jax.dialogue.record import Dialogue, Turn
from space_jax.tasks.track.whole import track_dialogue

DIALOGUE = Dialogue("d", (Turn("user", "north"), Turn("system", "ok"), Turn("user", "cheap"), Turn("user", "bye")))


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
