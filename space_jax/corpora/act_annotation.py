"""What loaders of act-annotated corpora have in common: things said, as flat records, -> frames, acts and texts."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from space_jax.corpora import sgd_spans
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError

NOT_WRITTEN = frozenset({"dontcare", "yes", "no", "none", "true", "false"})
"""Values that name a choice; where the same words stand in a text, they need not mean that choice."""


@dataclasses.dataclass(frozen=True, slots=True)
class ActItem:
    """One item of a turn's dialog acts.

    Attributes:
      domain: what it is about.
      intent: the source's act.
      slot: empty if the act has none.
      value: empty if the slot is only asked for.
      span: where the text writes the value, in characters, end exclusive; None if not known.
    """

    domain: str
    intent: str
    slot: str = ""
    value: str = ""
    span: tuple[int, int] | None = None


def locate(text: str, said: Sequence[ActItem]) -> list[ActItem]:
    """The same, with spans for the values without one that stand in the text as whole words, letter case aside.

    Args:
      text: the turn's.
      said: spans that are already there stay, and keep their places from being taken.
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
    """A frame for each domain and intent, in the order they first come, with nothing twice.

    A value with a span is written as the text writes it.
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
