import pytest

from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from space_jax.tasks.track.gates import (
    DONTCARE_GATE,
    INFORM,
    NO,
    REFER,
    SPAN,
    UNREACHABLE,
    YES,
    Decision,
    decisions,
    find_value,
    informed_slots,
)
from space_jax.tasks.track.records import TrackRecord, of_dialogue, of_row


def record(text, after, before=(), informed=(), spans=()):
    return TrackRecord("d-0", "d", ((1, text),), tuple(informed), tuple(spans), dict(before), after)


def decide(*args, **fields):
    one = record(*args, **fields)
    return decisions(one, sorted({*one.before, *one.after}))


def test_what_does_not_change_is_no_decision():
    assert decide("no thanks", {"hotel-area": ("north",)}, before={"hotel-area": ("northern",)}) == {}


def test_gates_that_need_no_words():
    after = {"hotel-area": ("dontcare",), "hotel-parking": ("yes",), "hotel-internet": ("no",)}
    gates = {slot: one.gate for slot, one in decide("yes yes no any", after).items()}
    assert gates == {"hotel-area": DONTCARE_GATE, "hotel-parking": YES, "hotel-internet": NO}


def test_a_span_in_another_spelling():
    text = "A guest house for two, leaving 5:45 pm."
    after = {"hotel-type": ("guesthouse",), "hotel-people": ("2",), "train-leave_at": ("17:45",)}
    found = {slot: text[one.start : one.end] for slot, one in decide(text, after).items() if one.gate == SPAN}
    assert found == {"hotel-type": "guest house", "hotel-people": "two", "train-leave_at": "5:45 pm"}


def test_annotated_spans_come_first():
    text = "2 nights for 2"
    found = decide(text, {"hotel-people": ("2",)}, spans=[("people", 13, 14)])
    assert found == {"hotel-people": Decision(SPAN, 13, 14)}
    assert decide(text, {"hotel-people": ("2",)})["hotel-people"] == Decision(SPAN, 0, 1)
    assert decide(text, {"hotel-people": ("2",)}, spans=[("people", 2, 8)])["hotel-people"] == Decision(SPAN, 0, 1)


def test_inform_and_refer():
    informed = [("restaurant-name", "the curry garden", 1), ("booking-day", "friday", 2)]
    after = {"restaurant-name": ("curry garden",), "restaurant-day": ("friday",), "taxi-destination": ("acorn house",)}
    before = {"hotel-name": ("acorn guest house",)}
    found = decide("yes please", {**after, **before}, before=before, informed=informed)
    assert found["restaurant-name"].gate == found["restaurant-day"].gate == INFORM
    assert found["taxi-destination"] == Decision(REFER, other="hotel-name")


def test_what_nobody_can_produce():
    assert decide("hm", {"hotel-area": ("west",)})["hotel-area"].gate == UNREACHABLE
    assert decide("hm", {}, before={"hotel-area": ("west",)})["hotel-area"].gate == UNREACHABLE
    # A number of nights is no number of people.
    assert decide("hm", {"hotel-people": ("3",)}, before={"hotel-stay": ("3",)})["hotel-people"].gate == UNREACHABLE


@pytest.mark.parametrize(
    ("text", "slot", "value", "found"),
    [
        ("somewhere in the northwest", "hotel-area", "north", None),
        ("I want hobson 's house", "hotel-name", "hobson's house", "hobson 's house"),
        ("a (cheap) room", "hotel-pricerange", "cheap", "cheap"),
        ("at 17.30", "taxi-leave_at", "17:30", "17.30"),
        ("at 5 p.m.", "taxi-leave_at", "17:00", "5 p.m."),
        ("at 7 or 9 am", "taxi-leave_at", "09:00", "9 am"),
        ("", "hotel-area", "north", None),
        ("ÜBER alles", "movies-movie", "über alles", "ÜBER alles"),
        ("c++ (part 2)", "movies-movie", "c++ (part 2)", "c++ (part 2)"),
    ],
)
def test_places(text, slot, value, found):
    place = find_value(text, slot, [value])
    assert (place and text[slice(*place)]) == found


def test_general_acts_are_about_every_domain():
    said = [("booking-day", "friday", 2), ("hotel-day", "monday", 1), ("hotel-phone", "123", 1)]
    slots = ["hotel-day", "restaurant-day", "hotel-area"]
    assert informed_slots(said, slots) == {"hotel-day": ("monday", 1), "restaurant-day": ("friday", 2)}


def test_records_of_a_dialogue():
    def system(text, value):
        return Turn(
            "system", text, (Frame("hotel", "offer", (Slot("name", (Value(value),)), Slot("area"))),), ("offer",)
        )

    said = (
        Frame(
            "hotel",
            "inform",
            (
                Slot(
                    "area",
                    (Value("west", 0, 4), Value("W")),
                ),
            ),
        ),
    )
    dialogue = Dialogue(
        "x",
        (
            Turn("user", "west", said, state={"hotel": {"area": ("west",), "name": ("not mentioned",)}}),
            system("the Acorn?", "acorn"),
            Turn("user", "no", (), state={"hotel": {"area": ("west",)}}),
            system("the Avalon?", "avalon"),
            Turn("user", "yes", (), state={"hotel": {"area": ("west",), "name": ("avalon",)}}),
        ),
    )
    first, second, third = of_dialogue(dialogue)
    assert [one.id for one in (first, second, third)] == ["x-0", "x-2", "x-4"]
    assert first.spans == (("area", 0, 4),)
    assert (first.before, first.after) == ({}, {"hotel-area": ("west",)})
    assert second.informed == (("hotel-name", "acorn", 1),)
    assert third.informed == (("hotel-name", "avalon", 1),)
    assert third.turns[-2:] == ((0, "the Avalon?"), (1, "yes"))
    assert third.before == second.after


def test_rows():
    row = {"turns": [{"role": "user", "text": "hi"}], "state": {"hotel-area": "west"}, "informed": [["a-b", "c"]]}
    one = of_row(row, "f:1", 4)
    assert (one.id, one.before, one.after) == ("4", {"hotel-area": ("west",)}, None)
    assert one.informed == (("a-b", "c", 1),)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({}, "field turns"),
        ({"turns": []}, "field turns"),
        ({"turns": [{"role": "user"}]}, "field turns"),
        ({"turns": [{"role": "system", "text": "hi"}]}, "the last"),
        ({"turns": [{"role": "user", "text": "hi"}], "state": 3}, "field state"),
        ({"turns": [{"role": "user", "text": "hi"}], "informed": [["a-b"]]}, "field informed"),
        ({"turns": [{"role": "user", "text": "hi"}], "after": {"a-b": 3}}, "field after"),
    ],
)
def test_rows_that_cannot_be_used(row, problem):
    with pytest.raises(UserError, match=f"f:1.*{problem}"):
        of_row(row, "f:1", 1)


@pytest.mark.slow
def test_share_of_reachable_values_in_real_data(shared_data):
    from space_jax.corpora.registry import corpus

    for name, split, least in (("woz2", "train", 0.975), ("sim_m", "train", 0.99), ("multiwoz21", "validation", 0.93)):
        folder = "sim_dialogue" if name == "sim_m" else name
        records = [r for d in corpus(name).load(shared_data / "data" / folder, split) for r in of_dialogue(d)]
        slots = sorted({slot for one in records for slot in one.after or ()})
        gates = [one.gate for r in records if r.after is not None for one in decisions(r, slots).values()]
        assert sum(gate != UNREACHABLE for gate in gates) / len(gates) > least, name
