"""Schema-Guided Dialogue (Rastogi et al., AAAI 2020): its raw files -> `Dialogue`.

What becomes what:
  domain      the service without its number, in lower case (`Restaurants_1` -> `restaurants`)
  intent      the source's act in lower case (`INFORM` -> `inform`): a frame for each service and act of a turn
  slots       the actions' slots and values; `sgd_spans` finds the values in the text
  acts        `ACTS_OF` below, for both speakers
  state       user turns: `slot_values` with all spellings. A user turn of the source has only its own services; the
              state of the others is carried over, so that ours is the full belief state after the turn
  id          the split and the source's id, because the source numbers each split from 1
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora import sgd_spans
from space_jax.corpora.archives import files
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import field, json_list, strings
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError

ACTS_OF = {
    "INFORM": "inform",
    "INFORM_COUNT": "inform",
    "INFORM_INTENT": "inform",
    "REQUEST": "request",
    "CONFIRM": "expl_confirm",
    "OFFER": "propose",
    "OFFER_INTENT": "offer",
    "NOTIFY_SUCCESS": "notify_success",
    "NOTIFY_FAILURE": "notify_failure",
    "REQ_MORE": "direct",
    "GOODBYE": "bye",
    "AFFIRM": "affirm",
    "AFFIRM_INTENT": "affirm",
    "NEGATE": "negate",
    "NEGATE_INTENT": "negate",
    "SELECT": "select",
    "REQUEST_ALTS": "reqalts",
    "THANK_YOU": "thank_you",
}
"""The source's acts -> the unified ones. OFFER names an entity and so proposes; OFFER_INTENT offers to act."""

FOLDERS = {"train": "train", "validation": "dev", "test": "test"}
_ROLES = {"USER": USER, "SYSTEM": SYSTEM}
DIALOGUE_FILE = re.compile(r"(^|/)dialogues_[^/]*\.json$")


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split, in the order of the file names; one file is in memory at a time.

    Args:
      source: a folder with `train`, `dev`, `test` as folders or as `train.zip`, `dev.zip`, `test.zip`.
      split: "train", "validation" (the source's dev) or "test".

    Raises:
      UserError: files that are missing or damaged, a span outside its text, an act that `ACTS_OF` lacks; with the
        file, the dialogue and the turn.
    """
    for where, content in files(source, FOLDERS[split], DIALOGUE_FILE, "dialogues_*.json"):
        for index, record in enumerate(json_list(content, where)):
            yield _dialogue(record, split, f"{where}: dialogue {index}")


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds."""
    return tuple(
        split for split, name in FOLDERS.items() if (source / name).is_dir() or (source / f"{name}.zip").is_file()
    )


def _dialogue(record: Any, split: str, where: str) -> Dialogue:
    name = field(record, "dialogue_id", str, where)
    turns: list[Turn] = []
    state: BeliefState = {}
    for number, turn in enumerate(field(record, "turns", list, f"{where} ({name})")):
        turns.append(_turn(turn, state, f"{where} ({name}), turn {number}"))
        state = turns[-1].state or state
    if not turns:
        raise UserError(f"{where} ({name}): expected at least one turn, found none")
    return Dialogue(f"{split}-{name}", tuple(turns))


def _turn(record: Any, before: BeliefState, where: str) -> Turn:
    speaker = field(record, "speaker", str, where)
    if speaker not in _ROLES:
        raise UserError(f"{where}: field speaker: expected USER or SYSTEM, found {speaker!r}")
    text = field(record, "utterance", str, where)
    sources = field(record, "frames", list, where)
    actions = [(_domain(frame, where), action) for frame in sources for action in field(frame, "actions", list, where)]
    annotated = [(_domain(frame, where), span) for frame in sources for span in field(frame, "slots", list, where)]
    said = [(domain, slot, value) for domain, action in actions for slot, value in _said(action, where)]
    spans = sgd_spans.locate(text, sgd_spans.check(annotated, text, where), said)
    return Turn(
        role=_ROLES[speaker],
        text=text,
        frames=_frames(actions, spans, where),
        acts=_acts(actions, where),
        state=_state(sources, before, where) if speaker == "USER" else None,
        delexicalised=sgd_spans.delexicalise(text, spans) if speaker == "SYSTEM" else None,
    )


def _domain(frame: Any, where: str) -> str:
    return re.sub(r"_\d+$", "", field(frame, "service", str, where)).lower()


def _said(action: Any, where: str) -> list[tuple[str, str]]:
    """The (slot, value) pairs of an action."""
    slot = field(action, "slot", str, where)
    return [(slot, value) for value in strings(field(action, "values", list, where), f"{where}: field values")]


def _frames(actions: list[tuple[str, Any]], spans: sgd_spans.Spans, where: str) -> tuple[Frame, ...]:
    """A frame for each service and act, with the slots and values of all its actions, without repetition."""
    merged: dict[tuple[str, str], dict[str, dict[str, Value]]] = {}
    for domain, action in actions:
        slots = merged.setdefault((domain, field(action, "act", str, where).lower()), {})
        slot = field(action, "slot", str, where)
        if slot:
            values = slots.setdefault(slot, {})
            for _, value in _said(action, where):
                values[value] = Value(value, *spans.get((domain, slot, value), (None, None)))
    return tuple(
        Frame(domain, intent, tuple(Slot(slot, tuple(values.values())) for slot, values in slots.items()))
        for (domain, intent), slots in merged.items()
    )


def _acts(actions: list[tuple[str, Any]], where: str) -> tuple[str, ...]:
    names = dict.fromkeys(field(action, "act", str, where) for _, action in actions)
    unknown = [name for name in names if name not in ACTS_OF]
    if unknown:
        raise UserError(f"{where}: field act: expected acts of {__name__}.ACTS_OF, found {', '.join(unknown)}")
    return tuple(dict.fromkeys(ACTS_OF[name] for name in names))


def _state(sources: list[Any], before: BeliefState, where: str) -> BeliefState:
    """The belief state after a user turn: that of the turn before, with the services of this turn replaced."""
    now: BeliefState = {}
    for frame in sources:
        slot_values = field(field(frame, "state", dict, where), "slot_values", dict, where)
        slots = now.setdefault(_domain(frame, where), {})
        for slot, spellings in slot_values.items():
            slots[slot] = tuple(dict.fromkeys(strings(spellings, f"{where}: field slot_values.{slot}")))
    return {**before, **now}


CORPUS = Corpus(
    name="sgd",
    description="Schema-Guided Dialogue: 16,142 / 2,482 / 4,201 dialogues over 45 services",
    licence="CC BY-SA 4.0",
    citation="Rastogi et al., AAAI 2020, arXiv 1909.05855; "
    "https://github.com/google-research-datasets/dstc8-schema-guided-dialogue",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
)
