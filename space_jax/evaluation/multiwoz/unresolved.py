"""Parts of a system's output that the evaluation cannot interpret: usually mistakes, and always reported."""

from collections import Counter
from collections.abc import Iterable

from space_jax.evaluation.multiwoz.database import Database, is_time
from space_jax.evaluation.multiwoz.goals import DOMAINS
from space_jax.evaluation.multiwoz.placeholders import unknown_names
from space_jax.evaluation.multiwoz.predictions import Predictions
from space_jax.evaluation.multiwoz.spellings import DONT_CARE
from space_jax.evaluation.multiwoz.values import NAME_SLOTS, State

# fmt: off
_NOT_IN_DATABASE = frozenset({
    "people", "stay", "day", "time", "bookpeople", "bookstay", "bookday", "booktime",
    "arrive", "leave", "departure", "destination", "department", "name", "type", "phone",
})
# fmt: on


def unresolved(predictions: Predictions, states: Iterable[State], database: Database) -> dict[str, dict[str, int]]:
    """Counts unusable parts, the most frequent first.

    Args:
      predictions: as read.
      states: of all turns, normalised, as used for the rates.
      database: to look up names.

    Returns:
      `placeholders` (names between brackets), `fields` (of turns), `domains`, `slots` (`domain-slot` that is neither a
      column of the database nor otherwise part of MultiWOZ) and `values` (`domain-slot: value`: times that are not
      HH:MM and count as midnight, names of venues and stations that no entry of the database has).
    """
    turns = [turn for dialogue in predictions.dialogues.values() for turn in dialogue]
    domains: Counter[str] = Counter(
        domain for turn in turns for domain in turn.active_domains or () if domain not in DOMAINS
    )
    slots: Counter[str] = Counter()
    values: Counter[str] = Counter()
    for state in states:
        for domain, constraints in state.items():
            if domain not in DOMAINS:
                domains[domain] += 1
                continue
            for slot, value in constraints.items():
                if slot not in database.columns.get(domain, ()) and slot not in _NOT_IN_DATABASE:
                    slots[f"{domain}-{slot}"] += 1
                elif _is_lost(domain, slot, value, database):
                    values[f"{domain}-{slot}: {value}"] += 1
    counted = {
        "placeholders": unknown_names([turn.response for turn in turns]),
        "fields": Counter(predictions.unused),
        "domains": domains,
        "slots": slots,
        "values": values,
    }
    return {kind: dict(counts.most_common()) for kind, counts in counted.items()}


def _is_lost(domain: str, slot: str, value: str, database: Database) -> bool:
    if value in DONT_CARE or slot not in database.columns.get(domain, ()):
        return False
    if slot in ("arrive", "leave"):
        return not is_time(value)
    return slot in NAME_SLOTS and not database.query(domain, {slot: value})
