"""The JSON of PolyAI's span extraction data (Coope et al., ACL 2020), shared by Restaurants-8k and DSTC8's spans.

A record is an utterance with labelled spans and with the slots that the system has just requested. The system's words
are not part of the data; its request is kept as a system turn of empty text before the user's.
"""

from typing import Any

from space_jax.corpora.reading import field, strings
from space_jax.corpora.utterances import NO_INTENT, normal
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError


def dialogue(record: Any, name: str, domain: str, where: str) -> Dialogue:
    """One record as a dialogue.

    Args:
      record: a decoded JSON object with `userInput` and perhaps `context` and `labels`.
      name: the dialogue's id.
      domain: of its frames.
      where: file and place, for messages.

    Returns:
      The user's turn with one frame, whose slots have spans in the text, or with none where nothing is labelled. If
      slots were requested, a system turn `""` precedes it, with a frame (domain, `request`, those slots).

    Raises:
      UserError: a missing field, or a span that does not lie in the text.
    """
    text = field(field(record, "userInput", dict, where), "text", str, where)
    context = field(record, "context", dict, where) if "context" in record else {}
    asked = strings(context.get("requestedSlots", []), f"{where}: field requestedSlots")
    labels = field(record, "labels", list, where) if "labels" in record else []
    slots = _slots(labels, text, where)
    user = Turn(USER, text, (Frame(domain, NO_INTENT, slots),) if slots else ())
    return Dialogue(name, (_request(asked, domain), user) if asked else (user,))


def _request(asked: list[str], domain: str) -> Turn:
    slots = tuple(Slot(name) for name in dict.fromkeys(map(normal, asked)))
    return Turn(SYSTEM, "", (Frame(domain, "request", slots),), ("request",))


def _slots(labels: list[Any], text: str, where: str) -> tuple[Slot, ...]:
    """The slots in the order of their labels; several spans of one slot are its values."""
    found: dict[str, dict[Value, None]] = {}
    for label in labels:
        match label:
            # Zeros are left out by the protocol buffers that wrote the files.
            case {"slot": str(slot), "valueSpan": {"endIndex": int(end)} as span} if slot.strip() and _lies_in(
                start := span.get("startIndex", 0), end, text
            ):
                found.setdefault(normal(slot), {})[Value(text[start:end], start, end)] = None
            case _:
                raise UserError(f"{where}: field labels: expected spans within {len(text)} characters, found {label}")
    return tuple(Slot(slot, tuple(values)) for slot, values in found.items())


def _lies_in(start: Any, end: int, text: str) -> bool:
    return isinstance(start, int) and 0 <= start < end <= len(text) and bool(text[start:end].strip())
