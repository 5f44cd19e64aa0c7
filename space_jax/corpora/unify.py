"""One normal form of semantic trees across corpora: domains, intents and slots by names that all sources share.

Loaders keep the names of their source. `unified` renames them by one table, `unified_names.json`:

  {"domains" | "intents" | "slots": {canonical name: {corpus: [names of the source]}}}

A slot may be written `domain/slot`, with the source's domain, where one source means different things by one name
(`hotels/location` is a city, `messaging/location` is not); this takes precedence over the plain name. A path of TOPv2
(`destination.get_location.category_location`) is renamed piece by piece. Corpora of intents (`INTENTS_STAY`) keep
their intents, which are their subject and differ between any two. Values, spans, acts and texts stay as they are.

Evaluations that a source defines, such as joint goal accuracy, need the source's own names: they do not call this.
"""

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from space_jax.corpora.utterances import NO_DOMAIN, NO_INTENT
from space_jax.dialogue.record import BeliefState, Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from space_jax.reading.json_text import shipped_json

KINDS = ("domains", "intents", "slots")
INTENTS_STAY = frozenset({"banking77", "clinc150", "hwu64", "nlupp", "topv2"})
NO_TABLE = frozenset({"jsonl", "sparc", "cosql"})
"""Corpora with a user's own names, or those of databases, which are kept."""
_NAMELESS = frozenset({NO_DOMAIN, NO_INTENT})

Unknown = tuple[str, str]
"""Kind and name of a label that the table lacks; a slot with its domain, `domain/slot`."""


def unified(dialogue: Dialogue, corpus: str) -> Dialogue:
    """The dialogue with the names that all corpora share, in frames and in the belief state.

    Frames that get the same domain and intent are merged without repetition. Canonical names are kept, so that a second
    call changes nothing.

    Args:
      dialogue: of `corpus`, with the names of its source.
      corpus: the name in the registry.

    Raises:
      UserError: labels that the table lacks; all those of the dialogue are listed.
    """
    if corpus in NO_TABLE:
        return dialogue
    unknown = sorted(set(unmapped(dialogue, corpus)))
    if unknown:
        listed = ", ".join(f"{kind.removesuffix('s')} {name}" for kind, name in unknown)
        raise UserError(
            f"corpus {corpus}: dialogue {dialogue.id}: unified_names.json lacks {listed}; "
            f"`space-jax data stats {corpus}` lists all that are missing"
        )
    return renamed(dialogue, corpus)


def unmapped(dialogue: Dialogue, corpus: str) -> Iterator[Unknown]:
    """The labels of a dialogue that the table lacks, with repetition."""
    if corpus in NO_TABLE:
        return
    names = _names(corpus)
    for turn in dialogue.turns:
        for frame in turn.frames or ():
            yield from unmapped_frame(frame, corpus)
        for domain, slots in (turn.state or {}).items():
            yield from names.unknown(domain, None, slots)


def unmapped_frame(frame: Frame, corpus: str) -> list[Unknown]:
    """The labels of a frame that the table lacks."""
    if corpus in NO_TABLE:
        return []
    return list(_names(corpus).unknown(frame.domain, frame.intent, (slot.name for slot in frame.slots)))


def renamed(dialogue: Dialogue, corpus: str) -> Dialogue:
    """`unified`, but keeps labels that the table lacks."""
    if corpus in NO_TABLE:
        return dialogue
    names = _names(corpus)
    return dataclasses.replace(dialogue, turns=tuple(_turn(turn, names) for turn in dialogue.turns))


@functools.cache
def table() -> dict[str, dict[str, dict[str, list[str]]]]:
    """The table: kind -> canonical name -> corpus -> names of the source."""
    return shipped_json(__package__, "unified_names.json")


@dataclasses.dataclass(frozen=True)
class _Names:
    """The table of one corpus: kind -> name of the source -> canonical name; and all canonical names of a kind."""

    of: Mapping[str, Mapping[str, str]]
    canonical: Mapping[str, frozenset[str]]
    intents_stay: bool

    def unknown(self, domain: str, intent: str | None, slots: Iterable[str]) -> Iterator[Unknown]:
        if self.find("domains", domain) is None:
            yield "domains", domain
        if intent is not None and self.find("intents", intent) is None:
            yield "intents", intent
        for slot in slots:
            if any(self.slot(domain, piece) is None for piece in slot.split(".")):
                yield "slots", f"{domain}/{slot}"

    def find(self, kind: str, name: str) -> str | None:
        """The canonical name, or None."""
        if name in _NAMELESS or (kind == "intents" and self.intents_stay):
            return name
        return self.of[kind].get(name) or (name if name in self.canonical[kind] else None)

    def slot(self, domain: str, name: str) -> str | None:
        """The canonical name of a slot without dots, or None."""
        return self.of["slots"].get(f"{domain}/{name}") or self.find("slots", name)

    def new_domain(self, name: str) -> str:
        return self.find("domains", name) or name

    def new_slot(self, domain: str, name: str) -> str:
        return ".".join(self.slot(domain, piece) or piece for piece in name.split("."))


@functools.cache
def _names(corpus: str) -> _Names:
    of = {
        kind: {name: canonical for canonical, by in table()[kind].items() for name in by.get(corpus, ())}
        for kind in KINDS
    }
    return _Names(of, {kind: frozenset(table()[kind]) for kind in KINDS}, corpus in INTENTS_STAY)


def _turn(turn: Turn, names: _Names) -> Turn:
    frames = None if turn.frames is None else _frames(turn.frames, names)
    state = None if turn.state is None else _state(turn.state, names)
    return dataclasses.replace(turn, frames=frames, state=state)


def _frames(frames: Iterable[Frame], names: _Names) -> tuple[Frame, ...]:
    merged: dict[tuple[str, str], dict[str, dict[Value, None]]] = {}
    for frame in frames:
        intent = names.find("intents", frame.intent) or frame.intent
        slots = merged.setdefault((names.new_domain(frame.domain), intent), {})
        for slot in frame.slots:
            slots.setdefault(names.new_slot(frame.domain, slot.name), {}).update(dict.fromkeys(slot.values))
    return tuple(
        Frame(domain, intent, tuple(Slot(name, tuple(values)) for name, values in slots.items()))
        for (domain, intent), slots in merged.items()
    )


def _state(state: BeliefState, names: _Names) -> BeliefState:
    new: dict[str, dict[str, Any]] = {}
    for domain, slots in state.items():
        kept = new.setdefault(names.new_domain(domain), {})
        for slot, values in slots.items():
            name = names.new_slot(domain, slot)
            kept[name] = tuple(dict.fromkeys((*kept.get(name, ()), *values)))
    return new
