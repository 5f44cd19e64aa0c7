"""Shared by loaders of act-annotated corpora: items of dialog acts, as flat records, -> frames, acts and texts."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from space_jax.corpora import sgd_spans
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError

NOT_WRITTEN = frozenset({"dontcare", "yes", "no", "none", "true", "false"})
"""Values that name a choice; the same words in a text need not mean that choice."""


@dataclasses.dataclass(frozen=True, slots=True)
class ActItem:
    """One item of a turn's dialog acts.

    Attributes:
      domain: its domain.
      intent: the source's act.
      slot: empty if the act has none.
      value: empty if the slot is only requested.
      span: the value's characters in the text, end exclusive; None if not known.
    """

    domain: str
    intent: str
    slot: str = ""
    value: str = ""
    span: tuple[int, int] | None = None


def locate(text: str, said: Sequence[ActItem]) -> list[ActItem]:
    """Adds spans to values that occur in the text as whole words, ignoring case.

    Args:
      text: the turn's.
      said: existing spans stay, and reserve their characters.
    """
    taken = [(one.domain, one.slot, *one.span) for one in said if one.span]
    wanted = [(one.domain, one.slot, one.value) for one in said if _searchable(one, text)]
    found = sgd_spans.locate(text, taken, wanted) if wanted else {}
    return [
        one if one.span else dataclasses.replace(one, span=found.get((one.domain, one.slot, one.value))) for one in said
    ]


def _searchable(one: ActItem, text: str) -> bool:
    value = one.value.strip().lower()
    return not one.span and bool(one.slot and value) and value not in NOT_WRITTEN and value in text.lower()


def frames(text: str, said: Iterable[ActItem]) -> tuple[Frame, ...]:
    """A frame for each domain and intent, in the order of their first occurrence, without repetition.

    A value with a span is written as in the text.
    """
    merged: dict[tuple[str, str], dict[str, dict[str, Value]]] = {}
    for one in said:
        slots = merged.setdefault((one.domain, one.intent), {})
        if not one.slot:
            continue
        values = slots.setdefault(one.slot, {})
        if one.span:
            start, end = one.span
            values.setdefault(text[start:end], Value(text[start:end], start, end))
        elif one.value.strip():
            values.setdefault(one.value, Value(one.value))
    return tuple(
        Frame(domain, intent, tuple(Slot(slot, tuple(values.values())) for slot, values in slots.items()))
        for (domain, intent), slots in merged.items()
    )


def acts(labels: Iterable[str], table: Mapping[str, str], name: str, where: str) -> tuple[str, ...]:
    """The unified acts of a turn's labels, each once.

    Args:
      labels: as the source spells them.
      table: the source's labels -> unified acts.
      name: of the table, for the message.
      where: the file and the turn, for the message.

    Raises:
      UserError: labels that the table lacks.
    """
    labels = list(dict.fromkeys(labels))
    unknown = [label for label in labels if label not in table]
    if unknown:
        raise UserError(f"{where}: expected acts of {name}, found {', '.join(unknown)}")
    return tuple(dict.fromkeys(table[label] for label in labels))


def delexicalised(text: str, said: Iterable[ActItem]) -> str:
    """The text with every value that has a span replaced by `[domain_slot]`."""
    return sgd_spans.delexicalise(text, {(one.domain, one.slot, one.value): one.span for one in said if one.span})
