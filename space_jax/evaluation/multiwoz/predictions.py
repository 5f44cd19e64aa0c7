"""A system's responses, states and active domains, in the form of the standardised MultiWOZ evaluation."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from space_jax.corpora import reading
from space_jax.errors import UserError
from space_jax.evaluation.multiwoz.values import State
from space_jax.printable import shown
from space_jax.reading.archives import read_gunzipped
from space_jax.reading.json_text import parse_json

_FIELDS = frozenset({"response", "state", "active_domains"})


@dataclass(frozen=True)
class Turn:
    """One system turn.

    Attributes:
      response: delexicalised text.
      state: the belief state that it answers; None if the system predicts none.
      active_domains: the turn's domains; None if the system does not give them.
    """

    response: str
    state: State | None = None
    active_domains: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Predictions:
    """The dialogues of one system.

    Attributes:
      dialogues: id in lower case to the system's turns.
      unused: fields of turns that are not used, with their counts.
      where: the file, for messages.
    """

    dialogues: Mapping[str, tuple[Turn, ...]]
    unused: Mapping[str, int] = field(default_factory=dict)
    where: str = "predictions"


def read_predictions(path: Path) -> Predictions:
    """Reads a JSON file, gzipped or not: `{id: [{"response": ..., "state": ..., "active_domains": ...}, ...]}`.

    Ids may be in capitals and may end in `.json`, as the MultiWOZ files have them.

    Raises:
      UserError: damaged, or a field is missing or of another kind.
    """
    return parse_predictions(parse_json(read_gunzipped(path), str(path)), str(path))


def parse_predictions(content: Any, where: str) -> Predictions:
    """The same from the content of a JSON file; `where` begins the messages."""
    if not isinstance(content, dict) or not content:
        raise UserError(f"{where}: expected a JSON object with lists of turns by dialogue id, found {shown(content)}")
    dialogues: dict[str, tuple[Turn, ...]] = {}
    unused: Counter[str] = Counter()
    for name, turns in content.items():
        identifier = name.lower().removesuffix(".json")
        place = f"{where}: dialogue {name}"
        if identifier in dialogues:
            raise UserError(f"{place}: occurs twice, expected each dialogue once")
        if not isinstance(turns, list):
            raise UserError(f"{place}: expected a list of turns, found {shown(turns)}")
        dialogues[identifier] = tuple(_turn(turn, f"{place}: turn {number}") for number, turn in enumerate(turns))
        unused.update(key for turn in turns for key in turn if key not in _FIELDS)
    return Predictions(dialogues, unused, where)


def _turn(turn: Any, where: str) -> Turn:
    if not isinstance(turn, dict):
        raise UserError(f"{where}: expected an object with a response, found {shown(turn)}")
    response = reading.field(turn, "response", str, where)
    state = _state(reading.field(turn, "state", dict, where), where) if "state" in turn else None
    domains = None
    if "active_domains" in turn:
        domains = tuple(reading.strings(turn["active_domains"], f"{where}: field active_domains"))
    return Turn(response, state, domains)


def _state(state: dict[str, Any], where: str) -> State:
    for domain, slots in state.items():
        if not isinstance(slots, dict):
            raise UserError(f"{where}: field state.{domain}: expected slots with values, found {shown(slots)}")
        for slot, value in slots.items():
            if not isinstance(value, str):
                raise UserError(f"{where}: field state.{domain}.{slot}: expected a string, found {shown(value)}")
    return state
