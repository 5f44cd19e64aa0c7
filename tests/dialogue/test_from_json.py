"""The checks of a record, and that the JSON Schema gives the same verdicts."""

import copy
import json
from importlib import resources

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.from_json import dialogue_from_json, same_text
from space_jax.dialogue.record import Frame, Slot, Turn, Value
from space_jax.errors import UserError

MISSING = object()
GOOD = {
    "id": "d1",
    "turns": [
        {"role": "system", "text": "Welcome."},
        {
            "role": "user",
            "text": "A room in the East, please",
            "frames": [
                {
                    "domain": "hotel",
                    "intent": "inform",
                    "slots": [
                        {"name": "area", "values": [{"value": "east", "start": 14, "end": 18}]},
                        {"name": "stars"},
                    ],
                }
            ],
            "acts": ["inform", "thank_you"],
            "state": {"hotel": {"area": ["east", "eastern"], "stars": "4"}},
            "delexicalised": "A room in the [hotel_area], please",
        },
    ],
}
SPOT = ("turns", 1, "frames", 0, "slots", 0, "values", 0)  # the value with a span


SCHEMA = jsonschema.Draft202012Validator(
    json.loads(resources.files("space_jax.dialogue").joinpath("dialogue.schema.json").read_text())
)


def changed(*path, to) -> dict:
    """`GOOD` with the field at `path` set to `to`, or removed for `MISSING`."""
    record = copy.deepcopy(GOOD)
    *before, last = path
    inner = record
    for key in before:
        inner = inner[key]
    if to is MISSING:
        del inner[last]
    else:
        inner[last] = to
    return record


def test_a_record_becomes_a_dialogue():
    dialogue = dialogue_from_json(GOOD)
    assert dialogue.turns[0] == Turn("system", "Welcome.")
    assert dialogue.turns[1] == Turn(
        role="user",
        text="A room in the East, please",
        frames=(Frame("hotel", "inform", (Slot("area", (Value("east", 14, 18),)), Slot("stars"))),),
        acts=("inform", "thank_you"),
        state={"hotel": {"area": ("east", "eastern"), "stars": ("4",)}},
        delexicalised="A room in the [hotel_area], please",
    )


ACCEPTED = {
    "as it is": GOOD,
    "two turns of one role": changed("turns", 1, "role", to="system"),
    "an empty text": changed("turns", 0, "text", to=""),
    "null is not annotated": changed("turns", 1, "frames", to=None),
    "no frames said": changed("turns", 1, "frames", to=[]),
    "no acts": changed("turns", 1, "acts", to=[]),
    "no state yet": changed("turns", 1, "state", to={}),
    "a domain without slots": changed("turns", 1, "state", to={"hotel": {}}),
    "no slots": changed("turns", 1, "frames", 0, "slots", to=MISSING),
    "an offset as JSON's 14.0": changed(*SPOT, "start", to=14.0),
    "no domain in the source": changed("turns", 1, "frames", 0, "domain", to="DEFAULT_DOMAIN"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_checks_and_schema_accept(name):
    dialogue_from_json(ACCEPTED[name])
    assert SCHEMA.is_valid(ACCEPTED[name])


def test_null_and_missing_are_not_annotated_and_empty_is():
    assert dialogue_from_json(ACCEPTED["null is not annotated"]).turns[1].frames is None
    assert dialogue_from_json(ACCEPTED["no frames said"]).turns[1].frames == ()


REFUSED = [
    (["a"], "the line: expected an object, found a list"),
    (changed("id", to=MISSING), "field id: expected this key, found nothing"),
    (changed("id", to=7), "field id: expected a string, found 7"),
    (changed("id", to="  "), 'field id: expected a string that is not blank, found "  "'),
    (changed("turns", to=[]), "field turns: expected at least one turn, found an empty list"),
    (changed("turns", to={}), "field turns: expected a list, found an object"),
    (changed("turns", 1, to="hi"), 'field turns[1]: expected an object, found "hi"'),
    (
        changed("domain", to="x"),
        "field domain: expected a key of the format (these are: id, turns), found an unknown key",
    ),
    (
        changed("turns", 0, "txt", to="x"),
        "field turns[0].txt: expected a key of the format (nearest: text, state), found",
    ),
    (changed("turns", 0, "role", to="agent"), 'field turns[0].role: expected "user" or "system", found "agent"'),
    (changed("turns", 0, "text", to=None), "field turns[0].text: expected a string, found null"),
    (changed("turns", 1, "acts", 0, to="informs"), "field turns[1].acts[0]: expected one of the twenty unified acts"),
    (changed("turns", 1, "acts", 0, to="informs"), '(nearest: inform, impl_confirm), found "informs"'),
    (
        changed("turns", 1, "acts", 1, to="inform"),
        'field turns[1].acts[1]: expected every act once, found "inform" again',
    ),
    (changed("turns", 1, "acts", to="inform"), 'field turns[1].acts: expected a list, found "inform"'),
    (changed("turns", 1, "frames", to={}), "field turns[1].frames: expected a list, found an object"),
    (
        changed("turns", 1, "frames", 0, "domain", to=""),
        "field turns[1].frames[0].domain: expected a string that is not",
    ),
    (changed("turns", 1, "frames", 0, "intent", to=MISSING), "field turns[1].frames[0].intent: expected this key"),
    (changed("turns", 1, "frames", 0, "slots", to=None), "field turns[1].frames[0].slots: expected a list, found null"),
    (
        changed("turns", 1, "frames", 0, "slots", 0, "name", to=[]),
        ".slots[0].name: expected a string, found an empty list",
    ),
    (changed(*SPOT, "value", to=True), ".values[0].value: expected a string, found true"),
    (changed(*SPOT, "end", to=MISSING), '.values[0]: expected "start" and "end" together, found only one of them'),
    (changed(*SPOT, "start", to=-1), ".values[0].start: expected a whole number of characters, 0 or more, found -1"),
    (changed(*SPOT, "start", to=14.5), "found 14.5"),
    (changed(*SPOT, "start", to=True), "found true"),
    (changed("turns", 1, "state", to=[]), "field turns[1].state: expected an object, found an empty list"),
    (changed("turns", 1, "state", to={"hotel": "x"}), "field turns[1].state['hotel']: expected an object"),
    (changed("turns", 1, "state", to={" ": {}}), "field turns[1].state[' ']: expected a string that is not blank"),
    (
        changed("turns", 1, "state", "hotel", "area", to=[]),
        "field turns[1].state['hotel']['area']: expected a string or a",
    ),
    (changed("turns", 1, "state", "hotel", "area", to=4), "found 4"),
    (changed("turns", 1, "state", "hotel", "area", to=["a", 4]), "['area'][1]: expected a string, found 4"),
    (changed("turns", 1, "state", "hotel", "area", to=""), "['area']: expected a string that is not blank"),
    (changed("turns", 1, "delexicalised", to=3), "field turns[1].delexicalised: expected a string, found 3"),
]


@pytest.mark.parametrize(("record", "message"), REFUSED)
def test_checks_and_schema_refuse(record, message):
    with pytest.raises(UserError) as caught:
        dialogue_from_json(record)
    assert message in str(caught.value)
    assert not SCHEMA.is_valid(record)


BEYOND_THE_SCHEMA = [
    (
        changed(*SPOT, "end", to=99),
        ".values[0]: expected start < end <= 26, the length of the turn's text, found start 14",
    ),
    (changed(*SPOT, "end", to=14), "found start 14, end 14"),
    (changed(*SPOT, "end", to=17), '.values[0]: expected the turn\'s text from 14 to 17 to be "east", found "Eas"'),
    (changed("turns", 0, "text", to="\ud83d"), "field turns[0].text: expected text that UTF-8 can hold"),
]


@pytest.mark.parametrize(("record", "message"), BEYOND_THE_SCHEMA)
def test_checks_refuse_what_a_schema_cannot_say(record, message):
    with pytest.raises(UserError) as caught:
        dialogue_from_json(record)
    assert message in str(caught.value)
    assert SCHEMA.is_valid(record)


def test_the_schema_is_a_schema():
    of_schemas = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
    assert list(of_schemas.iter_errors(SCHEMA.schema)) == []


def test_the_schema_knows_the_unified_acts_in_their_order():
    assert tuple(SCHEMA.schema["$defs"]["act"]["enum"]) == ACTS


def test_spans_are_compared_without_letter_case_and_surrounding_white_space():
    record = changed(*SPOT, "start", to=13)  # " East"
    assert dialogue_from_json(record).turns[1].frames[0].slots[0].values[0] == Value("east", 13, 18)
    assert same_text("STRASSE ", "straße")
    assert same_text("cafe\u0301", "café")  # the accent as a character of its own
    assert not same_text("cafe", "café")
    assert not same_text("east", "eastern")


def test_offsets_count_characters_and_not_bytes():
    value = {"value": "Zürich", "start": 3, "end": 9}
    frame = {"domain": "train", "intent": "inform", "slots": [{"name": "to", "values": [value]}]}
    record = {"id": "d", "turns": [{"role": "user", "text": "🙂→ Zürich", "frames": [frame]}]}
    assert dialogue_from_json(record).turns[0].frames[0].slots[0].values[0].start == 3


def test_long_and_unprintable_values_are_shortened_in_messages():
    with pytest.raises(UserError) as caught:
        dialogue_from_json(changed("turns", 0, "role", to="x\x1b[31m" + "y" * 100))
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 120


def paths(record, here: tuple = ()) -> list[tuple]:
    """Every place in a record."""
    items = record.items() if isinstance(record, dict) else enumerate(record) if isinstance(record, list) else ()
    return [path for key, inner in items for path in [(*here, key), *paths(inner, (*here, key))]]


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 30) | st.sampled_from([14.0, 0.5, "", " ", "inform", "user", "hotel"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "values", "value", "start", "role", "text", " "]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=300)
@given(path=st.sampled_from(paths(GOOD)), to=anything | st.just(MISSING))
def test_checks_and_schema_agree_wherever_a_field_is_changed(path, to):
    record = changed(*path, to=to)
    try:
        dialogue_from_json(record)
        message = ""
    except UserError as error:
        message = str(error)
    beyond = "expected the turn's text from" in message or "expected start < end" in message
    assert SCHEMA.is_valid(record) == (message == "" or beyond), message
