"""Utterances with their intents: from a corpus or a user's file."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from space_jax.dialogue.record import USER, Dialogue
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.record_sources import place_of

_BETWEEN_WORDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")


@dataclasses.dataclass(frozen=True, slots=True)
class IntentRecord:
    """One utterance.

    Attributes:
      id: unique, the same in every run.
      text: as written.
      label: its intent; None if not known.
      domain: the intent's domain in the source; "" for none.
      where: file and line, for people; "" if the record is not from a line of a file.
    """

    id: str
    text: str
    label: str | None = None
    domain: str = ""
    where: str = dataclasses.field(default="", compare=False)


def from_dialogue(dialogue: Dialogue) -> Iterator[IntentRecord]:
    """The user turns of a dialogue that are annotated with one intent, with or without slots.

    Raises:
      UserError: a turn with several intents.
    """
    several = sum(turn.role == USER for turn in dialogue.turns) > 1
    for number, turn in enumerate(dialogue.turns):
        if turn.role != USER or not turn.frames:
            continue
        intents = {(frame.domain, frame.intent) for frame in turn.frames}
        if len(intents) > 1:
            names = ", ".join(sorted(intent for _, intent in intents))
            raise UserError(f"dialogue {dialogue.id}: turn {number}: expected one intent, found {names}")
        domain, intent = intents.pop()
        name = f"{dialogue.id}#{number}" if several else dialogue.id
        yield IntentRecord(name, turn.text, intent, domain)


def unlabelled_turns(dialogue: Dialogue) -> Iterator[IntentRecord]:
    """The user turns of a dialogue that nobody has annotated."""
    for number, turn in enumerate(dialogue.turns):
        if turn.role == USER and turn.frames is None and turn.text.strip():
            yield IntentRecord(f"{dialogue.id}#{number}", turn.text)


def from_row(config: IntentConfig, row: Mapping[str, Any], where: str, number: int) -> IntentRecord:
    """The utterance of one line of a file.

    Raises:
      UserError: no text or an empty one, a label that is no text.
    """
    text, label = row.get(config.text_field), row.get(config.label_field)
    if not isinstance(text, str) or not text.strip():
        fields = f"the fields {', '.join(map(str, row)) or 'none'}"
        found = fields if config.text_field not in row else "null" if text is None else shown(text)
        raise UserError(f"{where}: field {config.text_field}: expected an utterance, found {found}")
    if label is not None and not isinstance(label, str):
        raise UserError(f"{where}: field {config.label_field}: expected the name of an intent, found {shown(label)}")
    domain = row.get("domain")
    domain = domain if isinstance(domain, str) else ""
    return IntentRecord(str(row.get("id", number)), text, (label or "").strip() or None, domain, place_of(row, where))


def from_label(name: str, domain: str) -> IntentRecord | None:
    """The name of an intent as an utterance of it, which nobody had to label: "card arrival" of `card_arrival`.

    Returns:
      None for a name without letters.
    """
    words = " ".join(_BETWEEN_WORDS.split(name)).strip()
    return IntentRecord(f"name of {name}", words, name, domain) if re.search(r"[^\W\d]", words) else None
