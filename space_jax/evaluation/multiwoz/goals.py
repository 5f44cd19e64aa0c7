"""The goals of MultiWOZ's users: the venue or train that they look for, and the slots that they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from space_jax.corpora.reading import field, strings
from space_jax.errors import UserError
from space_jax.evaluation.multiwoz.values import normalise_slot

DOMAINS = ("restaurant", "hotel", "attraction", "train", "taxi", "police", "hospital")

REQUESTABLE = {"phone": "PHONE", "address": "ADDRESS", "postcode": "POST", "trainid": "TRAINID"}
"""Requested slots that count, and their placeholders; area, price and the like do not."""
REFERENCE = "REFERENCE"


@dataclass(frozen=True)
class Goal:
    """The goal of one domain.

    Attributes:
      constraints: slot to value, the value as the source spells it.
      requested: placeholders that the system has to produce.
    """

    constraints: Mapping[str, str]
    requested: frozenset[str]


def read_goals(record: Mapping[str, Any], where: str) -> dict[str, Goal]:
    """The goals of one dialogue by domain, from its entry `goal` in a MultiWOZ file.

    Raises:
      UserError: an entry that is not in MultiWOZ's form; the message begins with `where`.
    """
    return {domain: _read_goal(record[domain], f"{where}: {domain}") for domain in DOMAINS if record.get(domain)}


def _read_goal(entry: Any, where: str) -> Goal:
    info = field(entry, "info", dict, where)
    if not all(isinstance(value, str) for value in info.values()):
        raise UserError(f"{where}: field info: expected strings as values, found {info!r}")
    wanted = {slot.lower() for slot in strings(entry.get("reqt", []), f"{where}: field reqt")}
    requested = {placeholder for slot, placeholder in REQUESTABLE.items() if slot in wanted}
    if entry.get("book"):
        requested.add(REFERENCE)
    return Goal({normalise_slot(slot): value for slot, value in info.items()}, frozenset(requested))
