"""`dialogues.json` in ConvLab-3's unified format, as its `data.zip` of MultiWOZ 2.1 holds it.

  dialogues.json    a list of dialogues with `data_split`, `original_id` and `turns`; see `corpora.unified_format`
  ontology.json     is not read

Domains and intents are those of 2.1 in lower case; slots are named in words (`price range`, `book day`), and
`multiwoz.schema_slot` gives their names of 2.1. States are those of five domains. The pre-processing that made the file
has changed texts ("dont"), calls an attraction's `Price` entrance fee, and drops a second item with the same value.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

from space_jax.corpora import multiwoz
from space_jax.corpora.act_annotation import ActItem
from space_jax.corpora.multiwoz_forms.place import Place
from space_jax.corpora.reading import collapsed, collapsed_span, field, json_list
from space_jax.corpora.splits import SPLITS
from space_jax.corpora.unified_format import FILE, KINDS, act_items
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Dialogue, Turn
from space_jax.errors import UserError

_ROLES = {"user": USER, "system": SYSTEM}
_ACTS = {act.lower(): act for act in multiwoz.ACTS_OF}


def load(place: Place, root: str, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split in the order of the file, which is in memory while it is read.

    Raises:
      UserError: a split without dialogues, anything that is damaged; with the file, the dialogue and the turn.
    """
    where, content = place.read(f"{root}{FILE}")
    found = False
    for number, record in enumerate(json_list(content, where)):
        at = f"{where}: dialogue {number}"
        if field(record, "data_split", str, at) == split:
            found = True
            yield _dialogue(record, split, at)
    if not found:
        raise UserError(f"{where}: expected dialogues with data_split {split}, found none")


def splits(place: Place, root: str) -> tuple[str, ...]:
    """All splits: they share the file."""
    return SPLITS


def _dialogue(record: Any, split: str, where: str) -> Dialogue:
    name = field(record, "original_id", str, where).removesuffix(".json")
    turns = field(record, "turns", list, where)
    if not turns:
        raise UserError(f"{where} ({name}): field turns: expected at least one turn, found none")
    said = (_turn(turn, f"{where} ({name}), turn {number}") for number, turn in enumerate(turns))
    return Dialogue(f"{split}-{name}", tuple(said))


def _turn(record: Any, where: str) -> Turn:
    speaker, text = field(record, "speaker", str, where), field(record, "utterance", str, where)
    if speaker not in _ROLES:
        raise UserError(f"{where}: field speaker: expected user or system, found {speaker!r}")

    acts = field(record, "dialogue_acts", dict, where)
    if not all(isinstance(act, dict) for kind in KINDS for act in field(acts, kind, list, where)):
        raise UserError(f"{where}: field dialogue_acts: expected lists of objects, found something else")
    # What is left out now is a span that does not hold its value, which is searched for.
    things = [_of_2_1(item, text) for item in act_items(acts, text, where, lambda what, where: None)]
    labels = [_ACTS.get(item.intent, item.intent) for item in things]
    state = _state(record["state"], where) if speaker == "user" and "state" in record else None
    return multiwoz.turn(_ROLES[speaker], collapsed(text), labels, things, state, where)


def _of_2_1(item: ActItem, text: str) -> ActItem:
    """An item with the name of its slot in 2.1, its span in the collapsed text."""
    slot, value = multiwoz.act_slot(item.domain, item.slot), multiwoz.act_value(item.value)
    span = collapsed_span(text, *item.span) if item.span and value else None
    return dataclasses.replace(item, slot=slot, value=value, span=span)


def _state(given: Any, where: str) -> BeliefState:
    state: BeliefState = {}
    if not isinstance(given, dict):
        raise UserError(f"{where}: field state: expected dict, found {type(given).__name__}")
    for domain in given:
        for slot, value in field(given, domain, dict, f"{where}: field state").items():
            if values := multiwoz.state_values(value, f"{where}: field state.{domain}.{slot}"):
                state.setdefault(domain.lower(), {})[multiwoz.schema_slot(domain.lower(), slot)] = values
    return state
