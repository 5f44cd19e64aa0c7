"""The questions for the slots of a corpus, on small files in the formats of their sources."""

import json

import pytest

from space_jax.errors import UserError
from space_jax.tasks.config import DataSource
from space_jax.tasks.reading.config import SlotQuestionsConfig
from space_jax.tasks.reading.records import ReadingRecord
from space_jax.tasks.reading.slot_questions import DSTC8, RESTAURANT, question_of, slot_records
from tests.corpora.test_sgd_services import frame, write

EVERYTHING = SlotQuestionsConfig(turns=0, held_out_turns=0, unanswered=9)
SLOTS = [("time", "Time of the table", False), ("city", "City of the table.", False), ("seats", "Seats", True)]


def schema(*services):
    slots = [{"name": name, "description": text, "is_categorical": kind} for name, text, kind in SLOTS]
    return [{"service_name": service, "slots": slots} for service in services]


def dialogue(name, service):
    span = {"slot": "time", "start": 3, "exclusive_end": 4}
    return {
        "dialogue_id": name,
        "turns": [
            {"speaker": "USER", "utterance": "hello", "frames": [frame(service)]},
            {"speaker": "SYSTEM", "utterance": "when?", "frames": [frame(service, (), ("time", "seats"))]},
            {"speaker": "USER", "utterance": "at 7", "frames": [frame(service, [span])]},
        ],
    }


@pytest.fixture
def sgd(tmp_path):
    write(tmp_path / "train", schema("Restaurants_1"), *(dialogue(f"1_{n}", "Restaurants_1") for n in range(6)))
    both = [dialogue("2_0", "Restaurants_1"), dialogue("2_1", "Restaurants_2")]
    write(tmp_path / "test", schema("Restaurants_1", "Restaurants_2"), *both)
    return DataSource(corpus="sgd", source=str(tmp_path))


@pytest.mark.parametrize(
    ("description", "question"),
    [
        ("Time of the alarm", "what is the time of the alarm?"),
        ("The city to depart from.", "what is the city to depart from?"),
        ("BBC channel", "what is the BBC channel?"),
        ("from_location", "what is the from location?"),
        ("", "what is the ?"),
    ],
)
def test_questions(description, question):
    assert question_of(description) == question


def test_every_turn_is_asked_for_every_slot_with_spans(sgd):
    records = slot_records(sgd, SlotQuestionsConfig(services="unseen", held_out_turns=0), "test")
    name, asked = "test-2_1-2-Restaurants_2", "what is the time of the table? what is the seats?"
    assert records[2:] == [
        ReadingRecord(
            *(f"{name}:Restaurants_2.time", "what is the time of the table?", "at 7", ((3, 4),), asked),
            *("Restaurants_2.time", name),
        ),
        ReadingRecord(
            *(f"{name}:Restaurants_2.city", "what is the city of the table?", "at 7", (), asked),
            *("Restaurants_2.city", name),
        ),
    ]
    assert [(one.passage, one.answers, one.before) for one in records[:2]] == [("hello", (), "")] * 2


def test_services(sgd):
    def asked(services):
        return {one.slot.partition(".")[0] for one in slot_records(sgd, SlotQuestionsConfig(services=services), "test")}

    assert asked("seen") == {"Restaurants_1"}
    assert asked("unseen") == {"Restaurants_2"}
    assert asked("all") == {"Restaurants_1", "Restaurants_2"}
    with pytest.raises(UserError, match=r"task\.slots\.services: SGD's train split has no unseen service"):
        slot_records(sgd, SlotQuestionsConfig(services="unseen"), "train")


def test_training_takes_a_part_that_is_the_same_in_every_run(sgd):
    records = slot_records(sgd, SlotQuestionsConfig(turns=2, unanswered=1), "train")
    by_turn = {}
    for one in records:
        by_turn.setdefault(one.asked_of, []).append(one)
    assert sorted(len(of) for of in by_turn.values()) == [1, 1, 2, 2]  # two turns without a value, two with one
    for of in by_turn.values():
        assert sum(not one.answers for one in of) == 1
    assert slot_records(sgd, SlotQuestionsConfig(turns=2, unanswered=1), "train") == records
    assert {one.id for one in records} < {one.id for one in slot_records(sgd, EVERYTHING, "train")}
    assert len(slot_records(sgd, EVERYTHING, "train")) == 6 * 2 * 2
    assert len({one.asked_of for one in slot_records(sgd, SlotQuestionsConfig(held_out_turns=1), "test")}) == 1
    assert not any(one.before for one in slot_records(sgd, SlotQuestionsConfig(requested=False), "train"))


def utterance(text, slot, start, end, requested=()):
    labels = [{"slot": slot, "valueSpan": {"startIndex": start, "endIndex": end}}] if slot else []
    return {
        "id": f"{text}-{slot}",
        "userInput": {"text": text},
        "context": {"requestedSlots": list(requested)},
        "labels": labels,
    }


def test_restaurants(tmp_path):
    said = [utterance("at 7", "time", 3, 4, ["time", "people"]), utterance("hello", "", 0, 0)]
    (tmp_path / "test.json").write_text(json.dumps(said))
    records = slot_records(DataSource(corpus="restaurant8k", source=str(tmp_path)), EVERYTHING, "test")
    assert len(records) == 2 * len(RESTAURANT["restaurant"])
    (found,) = [one for one in records if one.answers]
    assert (found.slot, found.answers, found.asked_of) == ("restaurant.time", ((3, 4),), "test-0")
    questions = RESTAURANT["restaurant"]
    assert (found.question, found.before) == (questions["time"], f"{questions['time']} {questions['people']}")


def test_dstc8_asks_of_each_service_its_slots(tmp_path):
    for folder, slot in (("Buses_1", "to_location"), ("Homes_1", "area"), ("Events_1", ""), ("RentalCars_1", "")):
        (tmp_path / folder).mkdir()
        said = [utterance("to Rome", slot, 3, 7, ["travelers"])]
        (tmp_path / folder / "test.json").write_text(json.dumps(said))
    source = DataSource(corpus="dstc8_span", source=str(tmp_path))
    records = slot_records(source, EVERYTHING, "test")
    assert len(records) == sum(map(len, DSTC8.values()))
    assert {one.slot for one in records if one.answers} == {"buses.to_location", "homes.area"}
    assert records[0].before == "what is the travelers?"
    homes = DataSource(corpus="dstc8_span", source=str(tmp_path), options=("domain=homes",))
    assert slot_records(homes, EVERYTHING, "test") == [one for one in records if one.slot.startswith("homes.")]


def test_other_corpora_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"data\.corpus: expected one with questions for its slots \(sgd, .*'woz2'"):
        slot_records(DataSource(corpus="woz2", source=str(tmp_path)), EVERYTHING, "train")
    with pytest.raises(UserError, match=r"must be NAME=VALUE with an option of the corpus sgd: none"):
        slot_records(DataSource(corpus="sgd", source=str(tmp_path), options=("x=1",)), EVERYTHING, "train")


@pytest.mark.slow
def test_the_published_files(shared_data):
    """Every slot of the two corpora that have names alone has its question, and every span of them is asked for."""
    for name, table in (("restaurant8k", RESTAURANT), ("dstc8_span", DSTC8)):
        source = DataSource(corpus=name, source=str(shared_data / "data" / name))
        records = slot_records(source, EVERYTHING, "train")
        assert {one.slot for one in records if one.answers} == {f"{s}.{slot}" for s in table for slot in table[s]}
        assert all(len(one.answers) <= 1 for one in records)
