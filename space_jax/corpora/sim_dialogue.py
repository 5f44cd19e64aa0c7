"""Simulated dialogues Sim-M and Sim-R (Shah et al., 2018): their raw files -> `Dialogue`.

What becomes what:
  turns       a turn of the source is the system's utterance (none in the first) and the user's answer: two turns here
  domain      `movies` or `restaurants`, one a corpus
  intent      the source's act in lower case; in user turns also its `user_intents` (`BUY_MOVIE_TICKETS`)
  slots       system: the acts' slots and values. User: the acts have no values and few slots, so a span goes to the
              act that names its slot, else to `inform`, else to the intent, else to the first act of the turn
  spans       token spans -> characters; every text must be its tokens joined by blanks
  acts        `ACTS_OF` below; a stated intent informs, as SGD's INFORM_INTENT does. OTHER has no unified act
  state       user turns: `dialogue_state`, which is cumulative
  delexicalised  system turns: spans replaced by `[domain_slot]`
  id          the split and the source's id
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora import sgd_spans
from space_jax.corpora.archives import corpus_files, has_corpus_files
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import field, json_list, strings
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError

ACTS_OF: dict[str, str | None] = {
    "INFORM": "inform",
    "REQUEST": "request",
    "CONFIRM": "expl_confirm",
    "OFFER": "propose",
    "SELECT": "select",
    "AFFIRM": "affirm",
    "NEGATE": "negate",
    "REQUEST_ALTS": "reqalts",
    "NOTIFY_SUCCESS": "notify_success",
    "NOTIFY_FAILURE": "notify_failure",
    "GREETING": "hi",
    "GOOD_BYE": "bye",
    "THANK_YOU": "thank_you",
    "CANT_UNDERSTAND": "dont_understand",
    "OTHER": None,
}
"""The source's acts -> the unified ones."""

DOMAINS = {"sim-M": "movies", "sim-R": "restaurants"}
_FILES = {"train": "train", "validation": "dev", "test": "test"}

Placed = list[tuple[str, int, int]]  # slot, start, end (exclusive) in characters


def load(source: Path, split: str, part: str) -> Iterator[Dialogue]:
    """The dialogues of a split.

    Args:
      source: the folder with `sim-M.zip` or `sim-R.zip`, or their unpacked folders.
      split: "train", "validation" (the source's dev) or "test".
      part: "sim-M" or "sim-R".

    Raises:
      UserError: files that are missing or damaged, a span outside its text, an act that `ACTS_OF` lacks; with the
        file, the dialogue and the turn.
    """
    name = f"{part}/{_FILES[split]}.json"
    for where, content in corpus_files(source, f"{part}.zip", _pattern(part, split), name):
        for index, record in enumerate(json_list(content, where)):
            yield _dialogue(record, split, DOMAINS[part], f"{where}: dialogue {index}")


def find_splits(source: Path, part: str) -> tuple[str, ...]:
    """The splits that `source` holds."""
    return tuple(split for split in _FILES if has_corpus_files(source, f"{part}.zip", _pattern(part, split)))


def _pattern(part: str, split: str) -> re.Pattern[str]:
    return re.compile(rf"(^|/){re.escape(part)}/{_FILES[split]}\.json$")


def _dialogue(record: Any, split: str, domain: str, where: str) -> Dialogue:
    name = field(record, "dialogue_id", str, where)
    turns: list[Turn] = []
    for number, turn in enumerate(field(record, "turns", list, f"{where} ({name})")):
        at = f"{where} ({name}), turn {number}"
        if isinstance(turn, dict) and "system_utterance" in turn:
            turns.append(_system_turn(turn, domain, at))
        turns.append(_user_turn(turn, domain, at))
    if not turns:
        raise UserError(f"{where} ({name}): expected at least one turn, found none")
    return Dialogue(f"{split}-{name}", tuple(turns))


def _system_turn(record: Any, domain: str, where: str) -> Turn:
    text, spans = _utterance(record, "system_utterance", where)
    actions = field(record, "system_acts", list, where)
    left = list(spans)
    merged: dict[str, dict[str, list[Value]]] = {}
    for action in actions:
        slots = merged.setdefault(field(action, "type", str, where).lower(), {})
        if "slot" in action:
            values = slots.setdefault(field(action, "slot", str, where), [])
            if "value" in action:
                values.append(_placed(action["slot"], field(action, "value", str, where), text, spans))
                left = [
                    span for span in left if (span[0], text[span[1] : span[2]]) != (action["slot"], action["value"])
                ]
    if left:
        raise UserError(f"{where}: field system_utterance.slots: expected values of system_acts, found {left}")
    located = {(domain, slot, text[start:end]): (start, end) for slot, start, end in spans}
    delexicalised = sgd_spans.delexicalise(text, located)
    return Turn(SYSTEM, text, _frames(domain, merged), _acts(actions, where), None, delexicalised)


def _placed(slot: str, value: str, text: str, spans: Placed) -> Value:
    """The value with its span; `dontcare` is said in other words and has none."""
    places = [(start, end) for name, start, end in spans if name == slot and text[start:end] == value]
    return Value(value, *places[0]) if places else Value(value)


def _user_turn(record: Any, domain: str, where: str) -> Turn:
    text, spans = _utterance(record, "user_utterance", where)
    actions = field(record, "user_acts", list, where)
    intents = strings(record.get("user_intents", []), f"{where}: field user_intents")
    merged: dict[str, dict[str, list[Value]]] = {}
    for action in actions:
        slots = merged.setdefault(field(action, "type", str, where).lower(), {})
        if "slot" in action:
            slots.setdefault(field(action, "slot", str, where), [])
    for intent in intents:
        merged.setdefault(intent.lower(), {})
    for slot, start, end in spans:
        owner = _owner(slot, merged, intents, f"{where}: field user_utterance.slots")
        merged[owner].setdefault(slot, []).append(Value(text[start:end], start, end))
    acts = _acts([*actions, *({"type": "INFORM"} for _ in intents[:1])], where)
    return Turn(USER, text, _frames(domain, merged), acts, _state(record, domain, where))


def _owner(slot: str, merged: dict[str, dict[str, list[Value]]], intents: list[str], where: str) -> str:
    """The act or intent of a span of a user turn."""
    candidates = [name for name, slots in merged.items() if slot in slots and name != "inform"]
    candidates += [name for name in ("inform", *(intent.lower() for intent in intents)) if name in merged]
    if not merged:
        raise UserError(f"{where}: expected an act or an intent beside a span, found none")
    return (candidates or list(merged))[0]


def _frames(domain: str, merged: dict[str, dict[str, list[Value]]]) -> tuple[Frame, ...]:
    return tuple(
        Frame(domain, intent, tuple(Slot(slot, tuple(dict.fromkeys(values))) for slot, values in slots.items()))
        for intent, slots in merged.items()
    )


def _acts(actions: list[Any], where: str) -> tuple[str, ...]:
    names = dict.fromkeys(field(action, "type", str, where) for action in actions)
    unknown = [name for name in names if name not in ACTS_OF]
    if unknown:
        raise UserError(f"{where}: field type: expected acts of {__name__}.ACTS_OF, found {', '.join(unknown)}")
    return tuple(dict.fromkeys(act for name in names if (act := ACTS_OF[name]) is not None))


def _utterance(record: Any, key: str, where: str) -> tuple[str, Placed]:
    """The text and its spans in characters."""
    utterance = field(record, key, dict, where)
    where = f"{where}: field {key}"
    text = field(utterance, "text", str, where)
    tokens = strings(field(utterance, "tokens", list, where), f"{where}.tokens")
    if " ".join(tokens) != text:
        raise UserError(f"{where}: expected the tokens, joined by blanks, to be the text {text!r}, found {tokens}")
    starts = [sum(len(token) + 1 for token in tokens[:index]) for index in range(len(tokens))]
    spans: Placed = []
    for span in field(utterance, "slots", list, where):
        match span:
            case {"slot": str(slot), "start": int(start), "exclusive_end": int(end)} if 0 <= start < end <= len(tokens):
                spans.append((slot, starts[start], starts[end - 1] + len(tokens[end - 1])))
            case _:
                raise UserError(f"{where}: field slots: expected a span within {len(tokens)} tokens, found {span}")
    return text, spans


def _state(record: Any, domain: str, where: str) -> BeliefState:
    slots: dict[str, tuple[str, ...]] = {}
    for entry in field(record, "dialogue_state", list, where):
        at = f"{where}: field dialogue_state"
        slots[field(entry, "slot", str, at)] = (field(entry, "value", str, at),)
    return {domain: slots} if slots else {}


def _corpus(part: str, name: str, what: str) -> Corpus:
    return Corpus(
        name=name,
        description=what,
        licence="none stated; its README provides the data as is",
        citation="Shah et al., NAACL 2018 (industry track), arXiv 1801.04871; "
        "https://github.com/google-research-datasets/simulated-dialogue",
        needs_source=True,
        options={},
        read=functools.partial(load, part=part),
        find_splits=functools.partial(find_splits, part=part),
    )


SIM_M = _corpus("sim-M", "sim_m", "Sim-M: 384 / 120 / 264 dialogues about movie tickets, simulated and paraphrased")
SIM_R = _corpus("sim-R", "sim_r", "Sim-R: 1,116 / 349 / 775 dialogues about restaurants, simulated and paraphrased")
