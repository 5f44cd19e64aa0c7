"""Records of slot filling: utterances with spans, requested slots and intents."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from space_jax.corpora.utterances import NO_INTENT
from space_jax.dialogue.record import SYSTEM, USER, Dialogue
from space_jax.errors import UserError
from space_jax.evaluation.span_f1 import Span
from space_jax.tasks.record_sources import place_of
from space_jax.tasks.slots.tags import trimmed


@dataclasses.dataclass(frozen=True)
class SlotRecord:
    """An utterance.

    Attributes:
      id: unique.
      text: as written.
      requested: slots that the system has just requested, in its order.
      spans: the values with their places; None if not annotated.
      intents: several can hold at once; None if not annotated.
      where: file and line, for people; "" if the record is not from a line of a file.
    """

    id: str
    text: str
    requested: tuple[str, ...] = ()
    spans: tuple[Span, ...] | None = None
    intents: tuple[str, ...] | None = None
    where: str = dataclasses.field(default="", compare=False)


def of_dialogue(dialogue: Dialogue) -> list[SlotRecord]:
    """The user turns of a dialogue; those that are not annotated are left out."""
    records = []
    asked: tuple[str, ...] = ()
    for number, turn in enumerate(dialogue.turns):
        if turn.role == SYSTEM:
            frames = [frame for frame in turn.frames or () if frame.intent == "request"]
            asked = tuple(dict.fromkeys(slot.name for frame in frames for slot in frame.slots))
        elif turn.role == USER and turn.frames is not None:
            spans = {
                trimmed((slot.name, value.start, value.end), turn.text): None
                for frame in turn.frames
                for slot in frame.slots
                for value in slot.values
                if value.start is not None and value.end is not None
            }
            intents = tuple(dict.fromkeys(frame.intent for frame in turn.frames if frame.intent != NO_INTENT))
            name = dialogue.id if len(dialogue.turns) <= 2 else f"{dialogue.id}-{number}"
            records.append(SlotRecord(name, turn.text, asked, tuple(spans), intents))
            asked = ()
    return records


def of_row(row: Mapping[str, Any], text_field: str, where: str, number: int) -> SlotRecord:
    """The record of a JSON object: a text; perhaps `requested`, `intents` (lists of names) and `spans`.

    A span is an object with `slot`, `start` and `end`, characters of the text with `end` exclusive.

    Raises:
      UserError: no text, or a field of another form.
    """
    text = row.get(text_field)
    if not isinstance(text, str):
        raise UserError(f"{where}: field {text_field}: expected a text, found {text!r}")
    intents = _names(row, "intents", where) if "intents" in row else None
    spans = _spans(row["spans"], text, where) if "spans" in row else None
    requested = _names(row, "requested", where)
    return SlotRecord(str(row.get("id", number)), text, requested, spans, intents, place_of(row, where))


def _names(row: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    given = row.get(name, [])
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise UserError(f"{where}: field {name}: expected a list of names, found {given!r}")
    return tuple(dict.fromkeys(given))


def _spans(given: Any, text: str, where: str) -> tuple[Span, ...]:
    spans: dict[Span, None] = {}
    for span in given if isinstance(given, list) else [given]:
        match span:
            case {"slot": str(slot), "start": int(start), "end": int(end)} if (
                0 <= start < end <= len(text) and text[start:end].strip()
            ):
                spans[trimmed((slot, start, end), text)] = None
            case _:
                raise UserError(
                    f"{where}: field spans: expected slot, start and end within {len(text)} characters, found {span!r}"
                )
    return tuple(spans)
