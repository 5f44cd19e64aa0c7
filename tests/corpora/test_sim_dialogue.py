"""The loader of Sim-M and Sim-R, on a small made-up corpus in their format and on the real files."""

import copy
import json
import zipfile

import pytest

from space_jax.corpora import sim_dialogue
from space_jax.dialogue import ACT_INDEX, dialogue_from_json, dialogue_to_json
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError


def said(text: str, *slots: tuple[str, int, int]) -> dict:
    spans = [{"slot": slot, "start": start, "exclusive_end": end} for slot, start, end in slots]
    return {"text": text, "tokens": text.split(" "), "slots": spans}


RECORD = {
    "dialogue_id": "movies_7",
    "turns": [
        {
            "user_acts": [{"type": "GREETING"}],
            "user_intents": ["BUY_MOVIE_TICKETS"],
            "user_utterance": said("hi , seats for blue moon please", ("movie", 4, 6)),
            "dialogue_state": [{"slot": "movie", "value": "blue moon"}],
        },
        {
            "system_acts": [
                {"type": "CONFIRM", "slot": "movie", "value": "blue moon"},
                {"type": "SELECT", "slot": "time", "value": "6 pm"},
                {"type": "SELECT", "slot": "time", "value": "9 pm"},
                {"type": "SELECT", "slot": "date", "value": "dontcare"},
                {"type": "REQUEST", "slot": "num_tickets"},
            ],
            "system_utterance": said(
                "blue moon , 6 pm or 9 pm , how many ?", ("movie", 0, 2), ("time", 3, 5), ("time", 6, 8)
            ),
            "user_acts": [{"type": "AFFIRM", "slot": "time"}, {"type": "INFORM"}, {"type": "OTHER"}],
            "user_utterance": said("9 pm , two", ("time", 0, 2), ("num_tickets", 3, 4)),
            "dialogue_state": [
                {"slot": "movie", "value": "blue moon"},
                {"slot": "time", "value": "9 pm"},
                {"slot": "date", "value": "dontcare"},
            ],
        },
    ],
}


@pytest.fixture
def corpus(tmp_path):
    """Writes dialogues as the dev split of Sim-M, packed, and reads them back."""

    def load(*records: dict) -> list:
        with zipfile.ZipFile(tmp_path / "sim-M.zip", "w") as archive:
            archive.writestr("sim-M/dev.json", json.dumps(records))
        return list(sim_dialogue.SIM_M.load(tmp_path, "validation"))

    return load


@pytest.fixture
def dialogue(corpus):
    return corpus(RECORD)[0]


def test_a_turn_of_the_source_is_a_system_turn_and_a_user_turn(dialogue):
    assert dialogue.id == "validation-movies_7"
    assert [(turn.role, turn.text) for turn in dialogue.turns] == [
        ("user", "hi , seats for blue moon please"),
        ("system", "blue moon , 6 pm or 9 pm , how many ?"),
        ("user", "9 pm , two"),
    ]


def test_values_of_user_turns_belong_to_the_act_that_names_them_or_to_inform_or_to_the_intent(dialogue):
    assert dialogue.turns[0].frames == (
        Frame("movies", "greeting"),
        Frame("movies", "buy_movie_tickets", (Slot("movie", (Value("blue moon", 15, 24),)),)),
    )
    assert dialogue.turns[2].frames == (
        Frame("movies", "affirm", (Slot("time", (Value("9 pm", 0, 4),)),)),
        Frame("movies", "inform", (Slot("num_tickets", (Value("two", 7, 10),)),)),
        Frame("movies", "other"),
    )


def test_system_turns_have_the_values_of_their_acts_with_places_and_a_delexicalised_text(dialogue):
    assert dialogue.turns[1].frames == (
        Frame("movies", "confirm", (Slot("movie", (Value("blue moon", 0, 9),)),)),
        Frame(
            "movies",
            "select",
            (Slot("time", (Value("6 pm", 12, 16), Value("9 pm", 20, 24))), Slot("date", (Value("dontcare"),))),
        ),
        Frame("movies", "request", (Slot("num_tickets"),)),
    )
    assert dialogue.turns[1].delexicalised == "[movies_movie] , [movies_time] or [movies_time] , how many ?"


def test_acts_are_unified_and_an_intent_informs(dialogue):
    acts = [turn.acts for turn in dialogue.turns]
    assert acts == [("hi", "inform"), ("expl_confirm", "select", "request"), ("affirm", "inform")]


def test_the_state_stands_on_user_turns(dialogue):
    assert [turn.state for turn in dialogue.turns] == [
        {"movies": {"movie": ("blue moon",)}},
        None,
        {"movies": {"movie": ("blue moon",), "time": ("9 pm",), "date": ("dontcare",)}},
    ]


def test_unpacked_files_are_read_too_and_the_splits_are_found(tmp_path):
    (tmp_path / "sim-R").mkdir()
    (tmp_path / "sim-R" / "test.json").write_text(json.dumps([RECORD]))
    (read,) = sim_dialogue.SIM_R.load(tmp_path, "test")
    assert read.turns[0].frames[0].domain == "restaurants"
    assert sim_dialogue.SIM_R.available_splits(tmp_path) == ("test",)
    with pytest.raises(UserError, match=r"expected sim-R/dev\.json, packed in sim-R\.zip or unpacked, found none"):
        list(sim_dialogue.SIM_R.load(tmp_path, "validation"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda turn: turn["user_acts"].append({"type": "SING"}), r"field type: .*ACTS_OF, found SING$"),
        (lambda turn: turn["user_utterance"]["slots"][0].update(exclusive_end=9), "within 7 tokens"),
        (lambda turn: turn["user_utterance"]["slots"][0].update(start=6), "within 7 tokens"),
        (lambda turn: turn["user_utterance"].update(text="hi"), "expected the tokens, joined by blanks"),
        (lambda turn: turn.pop("user_acts"), "field user_acts: expected list, found nothing"),
        (lambda turn: turn.pop("dialogue_state"), "field dialogue_state: expected list, found nothing"),
        (lambda turn: turn.update(user_acts=[], user_intents=[]), "expected an act or an intent beside a span"),
    ],
)
def test_a_damaged_turn_is_named(corpus, spoil, message):
    record = copy.deepcopy(RECORD)
    spoil(record["turns"][0])
    with pytest.raises(UserError, match=rf"sim-M/dev\.json: dialogue 0 \(movies_7\), turn 0: .*{message}"):
        corpus(record)


def test_a_system_span_without_an_act_is_named(corpus):
    record = copy.deepcopy(RECORD)
    record["turns"][1]["system_acts"].pop(0)
    with pytest.raises(UserError, match=r"turn 1: .*expected values of system_acts, found \[\('movie', 0, 9\)\]"):
        corpus(record)


def test_damaged_files_are_named(tmp_path):
    (tmp_path / "sim-M").mkdir()
    (tmp_path / "sim-M" / "dev.json").write_text('[{"dialogue_id": ')
    (tmp_path / "sim-M" / "test.json").write_bytes('["\xe9"]'.encode("latin-1"))
    for split in ("validation", "test"):
        with pytest.raises(UserError, match=r"\.json: expected JSON, found it damaged"):
            list(sim_dialogue.SIM_M.load(tmp_path, split))


@pytest.mark.parametrize(
    ("corpus", "split", "dialogues", "turns"),
    [
        pytest.param(sim_dialogue.SIM_M, "train", 384, 1973, marks=pytest.mark.slow),
        (sim_dialogue.SIM_M, "validation", 120, 627),
        pytest.param(sim_dialogue.SIM_M, "test", 264, 1364, marks=pytest.mark.slow),
        pytest.param(sim_dialogue.SIM_R, "validation", 349, 1489, marks=pytest.mark.slow),
    ],
)
def test_the_real_files_are_read_whole(shared_data, corpus, split, dialogues, turns):
    read = list(corpus.load(shared_data / "data" / "sim_dialogue", split))
    assert len({dialogue.id for dialogue in read}) == len(read) == dialogues
    assert sum(turn.role == "user" for dialogue in read for turn in dialogue.turns) == turns
    assert sum(turn.role == "system" for dialogue in read for turn in dialogue.turns) == turns - dialogues
    for dialogue in read:
        assert dialogue_from_json(dialogue_to_json(dialogue)) == dialogue
        for turn in dialogue.turns:
            assert set(turn.acts) <= set(ACT_INDEX)
            for value in (value for frame in turn.frames for slot in frame.slots for value in slot.values):
                assert value == Value("dontcare") or turn.text[value.start : value.end] == value.text
