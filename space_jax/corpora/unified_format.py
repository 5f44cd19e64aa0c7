"""What those share who read ConvLab-3's unified format (Zhu et al., EMNLP 2023 demonstrations): a turn's dialogue acts.

`dialogues.json` is a list of dialogues. A turn has `dialogue_acts` of three kinds: categorical ones with a value,
non-categorical ones with a value and perhaps its characters in the text, binary ones without a value.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from space_jax.corpora import multiwoz
from space_jax.corpora.act_annotation import ActItem
from space_jax.corpora.utterances import NO_DOMAIN, NO_INTENT
from space_jax.dialogue.from_json import same_text

FILE = "dialogues.json"
KINDS = ("categorical", "non-categorical", "binary")


def act_items(acts: Any, text: str, where: str, leave_out: Callable[[str, str], None]) -> Iterator[ActItem]:
    """The items of `dialogue_acts`; a span that does not hold its value is dropped.

    Args:
      acts: the field of a turn.
      text: of the turn, to which spans refer.
      where: the file and the turn.
      leave_out: is told what is not read, in the plural, and where.
    """
    for kind in KINDS:
        given = acts.get(kind) if isinstance(acts, dict) else None
        for act in given if isinstance(given, list) else ():
            if not isinstance(act, dict):
                leave_out("dialogue acts that are no objects", where)
                continue
            domain, intent, slot = (name_of(act.get(key)) for key in ("domain", "intent", "slot"))
            value = act.get("value") if kind != "binary" else ""
            value = value if isinstance(value, str) else ""
            span = _span(act, value, text, where, leave_out)
            yield ActItem(domain or NO_DOMAIN, intent or NO_INTENT, slot, value if slot else "", span if slot else None)


def name_of(given: Any) -> str:
    """A domain, an intent or a slot, in lower case with its words joined by "_"; "" for none."""
    return multiwoz.normal(given).strip("_") if isinstance(given, str) else ""


def _span(
    act: Mapping[str, Any], value: str, text: str, where: str, leave_out: Callable[[str, str], None]
) -> tuple[int, int] | None:
    match act:
        case {"start": int(start), "end": int(end)}:
            if value.strip() and 0 <= start < end <= len(text) and same_text(text[start:end], value):
                return start, end
            leave_out("spans that do not hold their value", where)
    return None
