"""Schema-Guided Dialogue by service: what the schema says of each slot, and what users say of it.

The dialogues of `sgd.py` have domains; whether a service was seen in training is a question of its number, too
(`Restaurants_1`, `Restaurants_2`). The source gives spans to slots that are not categorical.
"""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora.archives import files
from space_jax.corpora.reading import field, json_list
from space_jax.corpora.sgd import DIALOGUE_FILE, FOLDERS
from space_jax.corpora.sgd_spans import check

_SCHEMA = re.compile(r"(^|/)schema\.json$")


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceSlot:
    """A slot of a service.

    Attributes:
      description: in words, such as "Start time of event".
      categorical: whether its values are a list, which have no spans.
    """

    description: str
    categorical: bool


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceTurn:
    """What a user says to one service; a turn that concerns two is there twice.

    Attributes:
      id: split, dialogue, number of the turn and service.
      service: with its number.
      text: as written.
      requested: slots of the service that the system has just requested.
      spans: slot, first character, character after the last.
    """

    id: str
    service: str
    text: str
    requested: tuple[str, ...]
    spans: tuple[tuple[str, int, int], ...]


def services(source: Path, split: str) -> dict[str, dict[str, ServiceSlot]]:
    """Service -> its slots by name, of a split's schema.

    Args:
      source: as `sgd.load` takes it.
      split: "train", "validation" or "test".

    Raises:
      UserError: a schema that is missing or damaged.
    """
    where, content = next(files(source, FOLDERS[split], _SCHEMA, "schema.json"))
    return {field(one, "service_name", str, where): _slots(one, where) for one in json_list(content, where)}


def service_turns(source: Path, split: str) -> Iterator[ServiceTurn]:
    """The user turns of a split, by service, in the order of the file names.

    Raises:
      UserError: as `sgd.load`.
    """
    for where, content in files(source, FOLDERS[split], DIALOGUE_FILE, "dialogues_*.json"):
        for index, record in enumerate(json_list(content, where)):
            yield from _turns(record, split, f"{where}: dialogue {index}")


def _slots(service: Any, where: str) -> dict[str, ServiceSlot]:
    return {
        field(slot, "name", str, where): ServiceSlot(
            field(slot, "description", str, where), field(slot, "is_categorical", bool, where)
        )
        for slot in field(service, "slots", list, where)
    }


def _turns(record: Any, split: str, where: str) -> Iterator[ServiceTurn]:
    name = field(record, "dialogue_id", str, where)
    requested: dict[str, tuple[str, ...]] = {}
    for number, turn in enumerate(field(record, "turns", list, where)):
        here = f"{where} ({name}), turn {number}"
        frames = {field(frame, "service", str, here): frame for frame in field(turn, "frames", list, here)}
        if field(turn, "speaker", str, here) == "SYSTEM":
            requested = {service: _requested(frame, here) for service, frame in frames.items()}
            continue
        text = field(turn, "utterance", str, here)
        for service, frame in frames.items():
            spans = check([(service, span) for span in field(frame, "slots", list, here)], text, here)
            found = tuple((slot, start, end) for _, slot, start, end in spans)
            yield ServiceTurn(f"{split}-{name}-{number}-{service}", service, text, requested.get(service, ()), found)


def _requested(frame: Any, where: str) -> tuple[str, ...]:
    actions = [one for one in field(frame, "actions", list, where) if field(one, "act", str, where) == "REQUEST"]
    return tuple(dict.fromkeys(field(one, "slot", str, where) for one in actions))
