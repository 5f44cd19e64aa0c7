"""ConvLab-3's unified format (Zhu et al., EMNLP 2023 demonstrations): `dialogues.json` in a folder or a `data.zip`.

What becomes what:
  id, split       `dialogue_id`, `data_split`
  frames          `dialogue_acts`: categorical and non-categorical with their values, binary ones without; domains,
                  intents and slots in lower case, their words joined by "_". A span that does not hold its value is
                  dropped; values that stand in the text as whole words get one
  acts            of turns whose intents are all among `ACTS_OF`, which joins MultiWOZ's, SGD's and the unified names
  state           of the user's turns, without empty slots; several values, joined by "|", are spellings of one
  delexicalised   of the system's turns with acts
A turn without any dialogue act, and a state where no turn of the source has one, count as not annotated. Goals, results
of the database, the ontology and the tables themselves are left out.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from space_jax.corpora import act_annotation, multiwoz, sgd
from space_jax.corpora.importing.imported import Imported, Options, SourceFile
from space_jax.corpora.unified_format import act_items, name_of
from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Turn
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.json_text import parse_json

_MORE = {"goodbye": "bye", "hello": "hi", "greeting": "hi", "deny": "negate", "confirm": "expl_confirm"}
ACTS_OF = {act.lower(): unified for table in (multiwoz.ACTS_OF, sgd.ACTS_OF) for act, unified in table.items()}
ACTS_OF |= _MORE | dict(zip(ACTS, ACTS, strict=True)) | {"offer": sgd.ACTS_OF["OFFER"]}
"""Intents in lower case -> unified acts. `offer` is SGD's, which names an entity."""

_READ = ("dialogue_id", "data_split", "turns", "dataset", "original_id", "domains")
_READ_OF_TURNS = ("speaker", "utterance", "utt_idx", "dialogue_acts", "state")


def read(files: Sequence[SourceFile], options: Options, into: Imported) -> None:
    """Reads the dialogues.

    Raises:
      UserError: no JSON list of dialogues.
    """
    for file in files:
        where = str(file.path)
        records = parse_json(into.text_of(file, options), where)
        if not isinstance(records, list):
            raise UserError(f"{where}: expected a JSON list of dialogues, found something else")
        stated = any(_has_state(record) for record in records)
        if not stated:
            into.say("no turn has a state: states count as not annotated")
        for number, record in enumerate(records):
            _dialogue(record, f"{where}: dialogue {number}", stated, into)


def _has_state(record: Any) -> bool:
    turns = record.get("turns") if isinstance(record, dict) else None
    states = (turn.get("state") for turn in turns if isinstance(turn, dict)) if isinstance(turns, list) else ()
    return any(
        isinstance(state, dict) and any(isinstance(slots, dict) and any(slots.values()) for slots in state.values())
        for state in states
    )


def _dialogue(record: Any, where: str, stated: bool, into: Imported) -> None:
    match record:
        case {"dialogue_id": str(name), "turns": [_, *_] as turns} if name.strip():
            split = record.get("data_split", "")
        case _:
            into.left_out.add("dialogues without dialogue_id or turns", where)
            return
    for key in record:
        if key not in _READ:
            into.left_out.add(f"fields {shown(key)} of dialogues", where)
    said = [turn for number, one in enumerate(turns) for turn in _turn(one, f"{where}: turn {number}", stated, into)]
    if said:
        into.add(name, said, split if isinstance(split, str) else "")
    else:
        into.left_out.add("dialogues without a turn that can be read", where)


def _turn(record: Any, where: str, stated: bool, into: Imported) -> Iterator[Turn]:
    match record:
        case {"speaker": "user" | "system" as speaker, "utterance": str(text)}:
            pass
        case _:
            into.left_out.add("turns without speaker (user, system) or utterance", where)
            return
    for key, value in record.items():
        if key not in _READ_OF_TURNS and value not in ({}, [], "", None):
            into.left_out.add(f"fields {shown(key)} of turns", where)
    role = USER if speaker == "user" else SYSTEM
    state = _state(record["state"], where, into) if stated and role == USER and "state" in record else None
    items = list(act_items(record.get("dialogue_acts"), text, where, into.left_out.add))
    if not items:
        yield Turn(role, text, state=state)
        return
    unknown = sorted({item.intent for item in items} - set(ACTS_OF))
    for intent in unknown:
        into.left_out.add(f"unified acts: no known one for the intent {shown(intent)}; it stays in frames", where)
    items = act_annotation.locate(text, items)
    yield Turn(
        role,
        text,
        act_annotation.frames(text, items),
        None if unknown else tuple(dict.fromkeys(ACTS_OF[item.intent] for item in items)),
        state,
        act_annotation.delexicalised(text, items) if role == SYSTEM else None,
    )


def _state(given: Any, where: str, into: Imported) -> BeliefState:
    state: BeliefState = {}
    for domain, slots in given.items() if isinstance(given, dict) else ():
        for slot, value in slots.items() if isinstance(slots, dict) else ():
            if not isinstance(value, str):
                into.left_out.add(f"values of a state that are no text, such as {shown(value)}", where)
                continue
            spellings = tuple(dict.fromkeys(one.strip() for one in value.split("|") if one.strip()))
            if spellings and name_of(domain) and name_of(slot):
                state.setdefault(name_of(domain), {})[name_of(slot)] = spellings
    return state
