"""Slots by question: of a user's turn and each slot that it could fill, "what is the departure time?".

A model that reads the question can be asked for slots that no training record has. SGD's questions are made of the
descriptions in its schema; those of Restaurants-8k and DSTC8, which have names alone, are ours, and below. A question
has an answer where the turn has a span of its slot.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from space_jax.corpora import dstc8_span, restaurant8k, sgd
from space_jax.corpora.options import parse_option
from space_jax.corpora.sgd_services import ServiceTurn, service_turns, services
from space_jax.errors import UserError
from space_jax.features.example import stable_hash
from space_jax.tasks.config import DataSource
from space_jax.tasks.reading.config import SlotQuestionsConfig
from space_jax.tasks.reading.records import ReadingRecord
from space_jax.tasks.slots.records import of_dialogue
from space_jax.tasks.validation_split import TRAIN, split_dialogues

Questions = dict[str, dict[str, str]]
"""Service -> its slots with spans -> the question for each."""

RESTAURANT: Questions = {
    restaurant8k.DOMAIN: {
        "people": "what is the number of people that the table is for?",
        "date": "what is the date of the reservation?",
        "time": "what is the time of the reservation?",
        "first_name": "what is the first name of the caller?",
        "last_name": "what is the last name of the caller?",
    }
}
DSTC8: Questions = {
    "buses": {
        "from_location": "what is the city to leave from?",
        "to_location": "what is the city to travel to?",
        "leaving_date": "what is the date of departure?",
    },
    "events": {
        "city_of_event": "what is the city where the event takes place?",
        "date": "what is the date of the event?",
        "event_name": "what is the name of the artist, team or play?",
        "subcategory": "what is the kind of music or sport?",
    },
    "homes": {
        "area": "what is the city where the home is?",
        "visit_date": "what is the date of the visit?",
    },
    "rentalcars": {
        "pickup_city": "what is the city to pick up the car in?",
        "pickup_date": "what is the date to pick up the car?",
        "pickup_time": "what is the time to pick up the car?",
        "dropoff_date": "what is the date to return the car?",
    },
}
CORPORA = (sgd.CORPUS.name, restaurant8k.CORPUS.name, dstc8_span.CORPUS.name)


def slot_records(source: DataSource, config: SlotQuestionsConfig, split: str) -> list[ReadingRecord]:
    """The questions of a split.

    Args:
      source: names one of `CORPORA`.
      config: which turns and questions are taken; the same in every run.
      split: "train", "validation" or "test".

    Raises:
      UserError: another corpus, or none of the services that are wanted; anything wrong in the files.
    """
    if source.corpus not in CORPORA:
        expected = ", ".join(CORPORA)
        raise UserError(
            f"config field data.corpus: expected one with questions for its slots ({expected}), found {source.corpus!r}"
        )
    if source.corpus == sgd.CORPUS.name:
        for option in source.options:
            parse_option(option, sgd.CORPUS)
        turns, asked, requests = _of_sgd(Path(source.source), config, split)
    else:
        turns, asked = _of_spans(source, split)
        requests = asked
    by_service: dict[str, list[ServiceTurn]] = defaultdict(list)
    for turn in turns:
        if turn.service in asked:
            by_service[turn.service].append(turn)
    training = split == TRAIN
    return [
        record
        for service, of_service in by_service.items()
        for turn in _taken(of_service, config, training)
        for record in _records(turn, asked[service], requests[service], config, training)
    ]


def question_of(description: str) -> str:
    """The question for a slot that is described or named so.

    >>> question_of("The city to depart from")
    'what is the city to depart from?'
    >>> question_of("number_of_beds")
    'what is the number of beds?'
    """
    words = description.replace("_", " ").strip().rstrip(".?")
    words = words[:1].lower() + words[1:] if words[1:2].islower() else words
    return f"what is the {words.removeprefix('the ')}?"


def _of_sgd(
    source: Path, config: SlotQuestionsConfig, split: str
) -> tuple[Iterable[ServiceTurn], Questions, Questions]:
    """The turns, the questions that are asked, and those for every slot that the system may request."""
    known, seen = services(source, split), services(source, TRAIN)
    wanted = {name for name in known if config.services == "all" or (name in seen) == (config.services == "seen")}
    if not wanted:
        raise UserError(f"config field task.slots.services: SGD's {split} split has no {config.services} service")
    described = {
        service: {name: question_of(slot.description) for name, slot in known[service].items()} for service in wanted
    }
    spoken = {
        service: {name: question for name, question in slots.items() if not known[service][name].categorical}
        for service, slots in described.items()
    }
    return service_turns(source, split), spoken, described


def _of_spans(source: DataSource, split: str) -> tuple[Iterator[ServiceTurn], Questions]:
    """The turns of Restaurants-8k or DSTC8, of which the latter is read service by service."""
    if source.corpus == restaurant8k.CORPUS.name:
        return _turns_of(source, split, restaurant8k.DOMAIN), RESTAURANT
    chosen = [option.partition("=")[2].split(",") for option in source.options if option.startswith("domain=")]
    rest = tuple(option for option in source.options if not option.startswith("domain="))
    named = chosen[-1] if chosen and chosen[-1] != ["all"] else list(DSTC8)
    parts = {name: dataclasses.replace(source, options=(*rest, f"domain={name}")) for name in named}
    return (turn for name, part in parts.items() for turn in _turns_of(part, split, name)), DSTC8


def _turns_of(source: DataSource, split: str, service: str) -> Iterator[ServiceTurn]:
    for dialogue in split_dialogues(source, split):
        for record in of_dialogue(dialogue):
            yield ServiceTurn(record.id, service, record.text, record.requested, record.spans or ())


def _taken(turns: Sequence[ServiceTurn], config: SlotQuestionsConfig, training: bool) -> list[ServiceTurn]:
    """The turns of a service that are asked about, in their order."""
    if not training:
        return _some(turns, config.held_out_turns)
    filled, empty = ([turn for turn in turns if bool(turn.spans) == some] for some in (True, False))
    chosen = {turn.id for kind in (filled, empty) for turn in _some(kind, config.turns)}
    return [turn for turn in turns if turn.id in chosen]


def _some(turns: Sequence[ServiceTurn], most: int) -> list[ServiceTurn]:
    """At most so many, by a hash of their ids; 0: all."""
    if not most or len(turns) <= most:
        return list(turns)
    chosen = {turn.id for turn in sorted(turns, key=lambda turn: _rank(turn.id))[:most]}
    return [turn for turn in turns if turn.id in chosen]


def _rank(name: str) -> int:
    return stable_hash(name, bits=63)


def _records(
    turn: ServiceTurn,
    questions: Mapping[str, str],
    requests: Mapping[str, str],
    config: SlotQuestionsConfig,
    training: bool,
) -> Iterator[ReadingRecord]:
    places = {name: tuple((start, end) for slot, start, end in turn.spans if slot == name) for name in questions}
    asked = list(questions)
    if training:
        empty = sorted((name for name in asked if not places[name]), key=lambda name: _rank(f"{turn.id} {name}"))
        left_out = set(empty[config.unanswered :])
        asked = [name for name in asked if name not in left_out]
    requested = [requests.get(name) or question_of(name) for name in turn.requested] if config.requested else []
    for name in asked:
        slot = f"{turn.service}.{name}"
        yield ReadingRecord(
            f"{turn.id}:{slot}", questions[name], turn.text, places[name], " ".join(requested), slot, turn.id
        )
