"""The loader of MultiWOZ 2.1, on a small made-up corpus in its format and on the real files."""

import copy
import json
import zipfile

import pytest

from space_jax.corpora import multiwoz, multiwoz21
from space_jax.dialogue import ACT_INDEX, dialogue_from_json, dialogue_to_json
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError


def entry(text: str, acts: dict, spans: list = (), metadata: dict | None = None) -> dict:
    return {"text": text, "metadata": metadata or {}, "dialog_act": acts, "span_info": list(spans)}


RECORD = {
    "goal": {},
    "log": [
        entry(
            "A hotel in  the middle ,   wifi and a garden  for 2 .",
            {
                "Hotel-Inform": [["Area", "centre"], ["Internet", "yes"], ["People", "2"], ["none", "none"]],
                "Hotel-Request": [["Post", "?"]],
            },
            [["Hotel-Inform", "Area", "centre", 3, 4], ["Hotel-Inform", "People", "2", 11, 11]],
        ),
        entry(
            "The Blue Door and the blue door annex . Shall I book ?",
            {
                "Hotel-Recommend": [["Name", "the blue door"], ["Type", "door"]],
                "Booking-Inform": [["none", "none"]],
                "general-reqmore": [["none", "none"]],
                "Hotel-Inform": [],
            },
            [
                ["Hotel-Recommend", "Name", "the blue door", 0, 2],
                ["Hotel-Recommend", "Name", "the blue door", 4, 6],
                ["Hotel-Recommend", "Type", "door", 1, 0],
            ],
            {
                "hotel": {
                    "semi": {"area": "centre", "pricerange": "not mentioned", "stars": "", "type": ["inn", "lodge"]},
                    "book": {"booked": [{"name": "x"}], "people": "2", "day": "none"},
                },
                "train": {"semi": {"leaveAt": "09:15|09:30", "destination": "do n't care"}, "book": {"booked": []}},
                "bus": {"semi": {"day": ""}, "book": {}},
            },
        ),
        entry("fine then", {}),
        entry("It failed .", {"Booking-NoBook": [["Ref", "none"]]}, [], {"hotel": {"semi": {}, "book": {}}}),
        entry("Bye now .", {"general-bye": [["none", "none"]]}),
    ],
}


def write(folder, *records: dict, zipped: bool = True) -> None:
    text = json.dumps({f"MUL{number}": record for number, record in enumerate(records)})
    if zipped:
        with zipfile.ZipFile(folder / "val.json.zip", "w") as archive:
            archive.writestr("__MACOSX/._val.json", "noise")
            archive.writestr("val.json", text)
    else:
        (folder / "val.json").write_text(text)


@pytest.fixture
def corpus(tmp_path):
    """Writes dialogues as the source's val split and reads them back."""

    def load(*records: dict) -> list:
        write(tmp_path, *records)
        return list(multiwoz21.load(tmp_path, "validation"))

    return load


@pytest.fixture
def dialogue(corpus):
    return corpus(RECORD)[0]


def test_ids_roles_and_single_blanks(dialogue):
    assert dialogue.id == "validation-MUL0"
    assert [turn.role for turn in dialogue.turns] == ["user", "system", "user", "system", "user"]
    assert dialogue.turns[0].text == "A hotel in the middle , wifi and a garden for 2 ."


def test_frames_have_token_spans_as_characters(dialogue):
    assert dialogue.turns[0].frames == (
        Frame(
            "hotel",
            "inform",
            (
                Slot("area", (Value("the middle", 11, 21),)),  # written otherwise than annotated
                Slot("internet", (Value("yes"),)),
                Slot("people", (Value("2", 46, 47),)),
            ),
        ),
        Frame("hotel", "request", (Slot("postcode"),)),
    )
    assert dialogue.turns[1].frames == (
        Frame(
            "hotel",
            "recommend",
            (
                Slot("name", (Value("The Blue Door", 0, 13),)),
                Slot("type", (Value("door", 27, 31),)),  # an empty span: searched for outside the first
            ),
        ),
        Frame("booking", "inform"),
        Frame("general", "reqmore"),
        Frame("hotel", "inform"),
    )


def test_a_span_whose_value_is_spelt_otherwise_goes_by_act_and_slot(corpus):
    record = copy.deepcopy(RECORD)
    record["log"][0]["span_info"][0][2] = "center"
    assert corpus(record)[0] == corpus(RECORD)[0]


def test_acts_are_unified_and_an_empty_annotation_is_none(dialogue):
    assert [turn.acts for turn in dialogue.turns] == [
        ("inform", "request"),
        ("propose", "inform", "direct"),
        None,
        ("notify_failure",),
        ("bye",),
    ]
    assert dialogue.turns[2].frames is None
    assert set(multiwoz.ACTS_OF.values()) <= set(ACT_INDEX)


def test_the_state_of_a_system_turn_stands_on_the_user_turn_before(dialogue):
    assert [turn.state for turn in dialogue.turns] == [
        {
            "hotel": {"area": ("centre",), "type": ("inn", "lodge"), "people": ("2",)},
            "train": {"leave_at": ("09:15", "09:30"), "destination": ("dontcare",)},
        },
        None,
        {},
        None,
        None,  # nothing follows
    ]


def test_annotated_system_turns_are_delexicalised(dialogue):
    assert [turn.delexicalised for turn in dialogue.turns] == [
        None,
        "[hotel_name] and the blue [hotel_type] annex . Shall I book ?",
        None,
        "It failed .",
        None,
    ]


def test_the_file_may_lie_unpacked(corpus, tmp_path):
    zipped = corpus(RECORD, RECORD)
    (tmp_path / "val.json.zip").unlink()
    write(tmp_path, RECORD, RECORD, zipped=False)
    assert list(multiwoz21.load(tmp_path, "validation")) == zipped
    assert multiwoz21.find_splits(tmp_path) == ("validation",)


def test_unknown_acts_are_listed_with_file_and_turn(corpus):
    record = copy.deepcopy(RECORD)
    record["log"][1]["dialog_act"] |= {"Hotel-Sing": [["none", "none"]], "Hotel-Dance": [["none", "none"]]}
    with pytest.raises(UserError, match=r"val\.json: dialogue MUL0, turn 1: .*multiwoz\.ACTS_OF, found Sing, Dance$"):
        corpus(record)


@pytest.mark.parametrize(
    "span",
    [["Hotel-Inform", "Area", "centre", 3, 13], ["Hotel-Inform", "Area", "centre", -1, 2], ["Hotel-Inform", "Area", 3]],
)
def test_a_wrong_span_is_named_with_its_turn(corpus, span):
    record = copy.deepcopy(RECORD)
    record["log"][0]["span_info"] = [span]
    with pytest.raises(UserError, match=r"MUL0, turn 0: field span_info: .* within 13 tokens, found"):
        corpus(record)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda record: record.update(log=[]), "dialogue MUL0: field log: expected at least one turn, found none"),
        (lambda record: record["log"][1].pop("text"), "turn 1: field text: expected str, found nothing"),
        (lambda record: record["log"][0].update(dialog_act={"Hotel": []}), "turn 0: expected Domain-Act .*'Hotel'"),
        (
            lambda record: record["log"][0].update(dialog_act={"Hotel-Inform": [["Area"]]}),
            r"Hotel-Inform: .*\['Area'\]",
        ),
        (lambda record: record["log"][1].update(metadata={"hotel": 3}), "turn 1: field metadata.hotel: expected dict"),
        (
            lambda record: record["log"][1]["metadata"]["hotel"]["semi"].update(area=3),
            "turn 1: field metadata.hotel.semi.area: expected a string or a list of strings, found 3",
        ),
    ],
)
def test_a_damaged_record_is_named(corpus, spoil, message):
    record = copy.deepcopy(RECORD)
    spoil(record)
    with pytest.raises(UserError, match=message):
        corpus(record)


def test_damaged_and_missing_files_are_named(tmp_path):
    (tmp_path / "val.json").write_text('{"MUL0": ')
    with pytest.raises(UserError, match=r"val\.json: expected JSON, found it damaged"):
        list(multiwoz21.load(tmp_path, "validation"))
    (tmp_path / "val.json").write_bytes(b'{"MUL\xff": {}}')
    with pytest.raises(UserError, match=r"val\.json: expected JSON, found it damaged"):
        list(multiwoz21.load(tmp_path, "validation"))
    (tmp_path / "val.json").write_text("[]")
    with pytest.raises(UserError, match=r"val\.json: expected a JSON object of dialogues by id"):
        list(multiwoz21.load(tmp_path, "validation"))
    (tmp_path / "test.json.zip").write_bytes(b"PK not a zip")
    with pytest.raises(UserError, match=r"test\.json\.zip: expected a zip archive"):
        list(multiwoz21.load(tmp_path, "test"))
    with pytest.raises(UserError, match=r"expected train\.json, or train\.json\.zip with train\.json in it"):
        list(multiwoz21.load(tmp_path, "train"))


@pytest.mark.slow
@pytest.mark.parametrize(("split", "counts"), [("validation", (999, 14730)), ("test", (1000, 14744))])
def test_the_real_files_are_read_whole(shared_data, split, counts):
    folder = shared_data / "data" / "multiwoz21"
    if not folder.is_dir():
        pytest.skip(f"no MultiWOZ 2.1 at {folder}")
    assert multiwoz21.find_splits(folder) == ("validation", "test")
    dialogues = turns = values = placed = acted = states = 0
    for dialogue in multiwoz21.load(folder, split):
        assert dialogue_from_json(dialogue_to_json(dialogue)) == dialogue  # spans match their texts
        dialogues += 1
        turns += len(dialogue.turns)
        acted += sum(turn.acts is not None for turn in dialogue.turns)
        states += sum(turn.state is not None for turn in dialogue.turns)
        found = [v for turn in dialogue.turns for f in turn.frames or () for slot in f.slots for v in slot.values]
        values += len(found)
        placed += sum(value.start is not None for value in found)
    assert (dialogues, turns) == counts
    assert states == turns // 2
    assert acted / turns > 0.95
    assert placed / values > 0.96
