"""Dialogues beside the tables of an agent: what of the one has no counterpart in the other."""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any

from space_jax.dialogue.record import USER, Dialogue
from space_jax.tasks.checking.places import Places
from space_jax.world.backend import NAME, Backend
from space_jax.world.lookup import OFFERED
from space_jax.world.misfits import lacks_column
from space_jax.world.placeholders import ALIASES, ANY_DOMAIN, COUNTS, PLACEHOLDER, REFERENCES, meaning
from space_jax.world.spelling import alike_name, plain_name
from space_jax.world.values import restricts_nothing

Slots = dict[str, tuple[str, ...]]

_BRACKETS = re.compile(r"\[[^\[\]]*\]")


@dataclasses.dataclass
class TableFindings:
    """What does not meet.

    Attributes:
      domains: of belief states that have no table.
      tables: domains of tables that no belief state has.
      slots: `domain-slot` of belief states that are neither a column nor part of a booking, so they restrict nothing.
      values: `domain-slot: value` that no row has.
      placeholders: for which there is neither a column nor a slot of a belief state, or that are none.
      system_turns: all; those with acts (frames), with `delexicalised`, and with a placeholder in it.
      states: user turns with a belief state, and all.
    """

    domains: Places = dataclasses.field(default_factory=Places)
    tables: list[str] = dataclasses.field(default_factory=list)
    slots: Places = dataclasses.field(default_factory=Places)
    values: Places = dataclasses.field(default_factory=Places)
    placeholders: Places = dataclasses.field(default_factory=Places)
    system_turns: dict[str, int] = dataclasses.field(default_factory=dict)
    states: dict[str, int] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As `json.dumps` takes it."""
        return {
            field.name: value.as_json() if isinstance(value := getattr(self, field.name), Places) else value
            for field in dataclasses.fields(self)
        }


def check_tables(dialogues: Iterable[Dialogue], backend: Backend) -> TableFindings:
    """Compares the annotation of dialogues with tables.

    Args:
      dialogues: of training.
      backend: the tables; one without tables only lacks placeholders' slots.
    """
    dialogues, found = list(dialogues), TableFindings()
    believed: dict[str, set[str]] = {}
    for where, domain, slots in _states(dialogues):
        plain = plain_name(domain)
        believed.setdefault(plain, set()).update(map(plain_name, slots))
        if backend.database.domains:
            _compare(found, backend, where, plain, slots)
    found.tables = [domain for domain in backend.database.domains if believed and domain not in believed]
    fillable = _Fillable(backend, believed)
    users = [turn for one in dialogues for turn in one.turns if turn.role == USER]
    system = [
        (f"dialogue {one.id}, turn {n}", turn)
        for one in dialogues
        for n, turn in enumerate(one.turns)
        if turn.role != USER
    ]
    with_placeholder = 0
    for where, turn in system:
        brackets = _BRACKETS.findall(turn.delexicalised or "")
        with_placeholder += bool(brackets)
        for bracket in brackets:
            if not fillable.fills(bracket):
                found.placeholders.add(bracket, where)
    found.states = {"all": len(users), "with a state": sum(turn.state is not None for turn in users)}
    found.system_turns = {
        "all": len(system),
        "with frames": sum(turn.frames is not None for _, turn in system),
        "with delexicalised": sum(turn.delexicalised is not None for _, turn in system),
        "with a placeholder": with_placeholder,
    }
    return found


def nearest_table(domain: str, backend: Backend) -> str:
    """The table whose name is like a domain's, "" for none: `hotels` for `hotel`."""
    return alike_name(domain, backend.database.domains)


def nearest_column(name: str, backend: Backend) -> str:
    """The column whose name is like the slot of `domain-slot` or holds it, "": `price_range` for `hotel-price`."""
    domain, _, slot = name.partition("-")
    return alike_name(slot, backend.database.columns(domain))


def _states(dialogues: Iterable[Dialogue]) -> Iterator[tuple[str, str, Slots]]:
    """Place, domain and slots of each belief state of a user turn."""
    for dialogue in dialogues:
        for number, turn in enumerate(dialogue.turns):
            if turn.role == USER:
                for domain, slots in (turn.state or {}).items():
                    yield f"dialogue {dialogue.id}, turn {number}", domain, slots


def _compare(found: TableFindings, backend: Backend, where: str, domain: str, slots: Slots) -> None:
    columns = backend.database.columns(domain)
    if not columns:
        found.domains.add(domain, where)
        return
    for slot, values in slots.items():
        plain = plain_name(slot)
        if plain not in columns:
            if lacks_column(backend, domain, plain):
                found.slots.add(f"{domain}-{plain}", where)
        elif values and not any(map(_asks_for_nothing, values)) and not backend.database.query(domain, {slot: values}):
            found.values.add(f"{domain}-{plain}: {values[0]}", where)


def _asks_for_nothing(value: str) -> bool:
    return restricts_nothing(value) or value == OFFERED


class _Fillable:
    """The placeholders that an agent can fill, see `lexicalise.speak`."""

    def __init__(self, backend: Backend, believed: dict[str, set[str]]) -> None:
        self._backend, self._believed = backend, believed
        self._domains = {*believed, *backend.database.domains}

    def fills(self, bracket: str) -> bool:
        """Whether a text in brackets is a placeholder with a value."""
        match = PLACEHOLDER.fullmatch(bracket)
        meant = match and meaning(match[1], {*self._domains, *ANY_DOMAIN}, "", ())
        if not meant:
            return False
        if meant.slot in COUNTS or meant.slot in REFERENCES:
            return True
        domains = self._domains if meant.domain in ANY_DOMAIN else [meant.domain]
        return any(self._has(one, meant.slot) for one in domains)

    def _has(self, domain: str, slot: str) -> bool:
        columns = self._backend.database.columns(domain)
        known = {*columns, *self._believed.get(domain, ()), *([NAME] if columns else [])}
        return slot in known or ALIASES.get(slot) in known
