"""Folders of `dialogues_NNN.json`, the form of 2.2 (Zang et al., NLP4ConvAI 2020): dialogues as in SGD.

  train/, dev/, test/   lists of dialogues; a user's turn has `frames` with a `state`: `domain-slot` -> all right values
  dialog_acts.json      id -> number of the turn -> `dialog_act` and `span_info`, which counts characters

Slots are named as in the schema (`bookday`, `leaveat`, a train's `price`); `multiwoz.schema_slot` gives their names of
2.1. Without `dialog_acts.json` frames and acts are None, and the system's texts are delexicalised by the spans of the
frames. Intents, requested slots and `copy_from` are left out.
"""

import re
from collections.abc import Iterator
from typing import Any

from space_jax.corpora import multiwoz, sgd_spans
from space_jax.corpora.multiwoz import Spans
from space_jax.corpora.multiwoz_forms.place import Place
from space_jax.corpora.reading import collapsed, collapsed_span, field, json_list
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Dialogue, Turn
from space_jax.errors import UserError
from space_jax.reading.json_text import parse_json

ACTS = "dialog_acts.json"
FOLDERS = {"train": "train", "validation": "dev", "test": "test"}
_ROLES = {"USER": USER, "SYSTEM": SYSTEM}


def load(place: Place, root: str, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split, in the order of the files' names; one file is in memory at a time, beside all acts.

    Raises:
      UserError: no file of the split, anything that is damaged; with the file, the dialogue and the turn.
    """
    files = _files(place, root, split)
    if not files:
        raise UserError(f"{place.path / root}: expected {FOLDERS[split]}/dialogues_NNN.json, found none")
    acts = _acts(place, root)
    for file in files:
        where, content = place.read(file)
        for number, record in enumerate(json_list(content, where)):
            name = field(record, "dialogue_id", str, f"{where}: dialogue {number}")
            yield _dialogue(record, name, split, acts, f"{where}: dialogue {name}")


def splits(place: Place, root: str) -> tuple[str, ...]:
    """Those whose folder has files."""
    return tuple(split for split in FOLDERS if _files(place, root, split))


def lacks(place: Place, root: str) -> str:
    """What a release without acts lacks, in words."""
    return "" if f"{root}{ACTS}" in place.names else f"without {ACTS}: no acts"


def _files(place: Place, root: str, split: str) -> list[str]:
    pattern = re.compile(rf"{re.escape(root)}{FOLDERS[split]}/dialogues_\d+\.json")
    return [name for name in place.names if pattern.fullmatch(name)]


def _acts(place: Place, root: str) -> dict[str, Any] | None:
    if f"{root}{ACTS}" not in place.names:
        return None
    where, content = place.read(f"{root}{ACTS}")
    acts = parse_json(content, where)
    if not isinstance(acts, dict):
        raise UserError(f"{where}: expected a JSON object of acts by dialogue, found something else")
    return acts


def _dialogue(record: Any, name: str, split: str, acts: dict[str, Any] | None, where: str) -> Dialogue:
    turns = field(record, "turns", list, where)
    if not turns:
        raise UserError(f"{where}: field turns: expected at least one turn, found none")
    said = []
    for number, turn in enumerate(turns):
        at = f"{where}, turn {number}"
        role, text = field(turn, "speaker", str, at), field(turn, "utterance", str, at)
        if role not in _ROLES:
            raise UserError(f"{at}: field speaker: expected USER or SYSTEM, found {role!r}")
        state = _state(turn, at) if role == "USER" else None
        if acts is None:
            told = _delexicalised(turn, text, at) if role == "SYSTEM" else None
            said.append(Turn(_ROLES[role], collapsed(text), state=state, delexicalised=told))
        else:
            here = acts.get(name, {})
            one = here.get(str(turn.get("turn_id", number)), {}) if isinstance(here, dict) else None
            said.append(_annotated(_ROLES[role], text, one, state, f"{at}, {ACTS}"))
    return Dialogue(f"{split}-{name.removesuffix('.json')}", tuple(said))


def _annotated(role: str, text: str, acts: Any, state: BeliefState | None, where: str) -> Turn:
    if acts == {}:
        return Turn(role, collapsed(text), state=state)
    annotation, spans = field(acts, "dialog_act", dict, where), field(acts, "span_info", list, where)
    things = multiwoz.placed(multiwoz.said_of(annotation, where), _spans(spans, text))
    return multiwoz.turn(role, collapsed(text), multiwoz.act_names(annotation), things, state, where)


def _spans(records: list[Any], text: str) -> Spans:
    """The spans in the collapsed text; of several places of one value the first, without those outside the text."""
    spans: Spans = {}
    for record in records:
        match record:
            case [str(act), str(slot), str(value), int(start), int(end)] if _is_span(text, start, end):
                spans.setdefault((act, slot, value), collapsed_span(text, start, end))
    return spans


def _state(turn: Any, where: str) -> BeliefState | None:
    """The state in all frames together; None where none has any."""
    frames = [frame for frame in field(turn, "frames", list, where) if isinstance(frame, dict) and "state" in frame]
    state: BeliefState = {}
    for frame in frames:
        given = field(field(frame, "state", dict, where), "slot_values", dict, f"{where}: field state")
        for key, value in given.items():
            domain, dash, slot = key.partition("-")
            if not (domain and dash and slot):
                raise UserError(f"{where}: field slot_values: expected domain-slot, found {key!r}")
            if values := multiwoz.state_values(value, f"{where}: field slot_values.{key}"):
                state.setdefault(domain, {})[multiwoz.schema_slot(domain, slot)] = values
    return state if frames else None


def _delexicalised(turn: Any, text: str, where: str) -> str:
    found: Spans = {}
    for frame in field(turn, "frames", list, where):
        for span in field(frame, "slots", list, where):
            match span:
                case {"slot": str(key), "start": int(start), "exclusive_end": int(end)} if _is_span(text, start, end):
                    domain, _, slot = key.partition("-")
                    place = collapsed_span(text, start, end)
                    found[domain, multiwoz.schema_slot(domain, slot), f"{place}"] = place
    return sgd_spans.delexicalise(collapsed(text), found)


def _is_span(text: str, start: int, end: int) -> bool:
    return 0 <= start < end <= len(text) and bool(text[start:end].strip())
