"""From a delexicalised response to words: values for its placeholders, and the dialog acts with the values said."""

import dataclasses
import re
from collections.abc import Sequence

from space_jax.dialogue.record import BeliefState
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.world.backend import NAME, Backend, row_name
from space_jax.world.cells import Row
from space_jax.world.lookup import OFFERED, Lookup, Offers, find_row
from space_jax.world.spelling import plain_name
from space_jax.world.values import restricts_nothing

PLACEHOLDER = re.compile(r"\[ ?([A-Za-z]+) ?_ ?([A-Za-z0-9_ ]+?) ?\]")
_ARTICLE = re.compile(r"\b([Aa])n? $")
BELIEVED = frozenset({"impl_confirm", "expl_confirm", "notify_failure", "nooffer", "nobook", "request"})
"""Acts about the user's wishes; all others are about the database's entities."""

COUNTS, REFERENCES = frozenset({"count", "choice"}), frozenset({"reference", "ref"})
ALIASES = {"ticket": "price", "fee": "entrance_fee", "addr": "address", "post": "postcode", "id": "train_id"}
"""Slots of MultiWOZ's acts -> columns."""
ANY_DOMAIN = frozenset({"booking", "general"})
"""Domains of MultiWOZ's acts that stand for the current domain."""


@dataclasses.dataclass(frozen=True, slots=True)
class SystemAct:
    """An act with its values; None for a slot that is only requested, or whose value was not said."""

    domain: str
    act: str
    slots: tuple[tuple[str, str | None], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Spoken:
    """A response in words.

    Attributes:
      text: without placeholders.
      acts: with the values in the text.
      names: the names it gives, by domain.
    """

    text: str
    acts: tuple[SystemAct, ...]
    names: dict[str, tuple[str, ...]]


def speak(
    response: str,
    acts: Sequence[PlannedAct],
    state: BeliefState,
    found: Lookup,
    offers: Offers,
    backend: Backend,
) -> Spoken:
    """Puts values in place of the placeholders `[domain_slot]`.

    A value comes from the current entity, for `BELIEVED` acts from the belief state first. The n-th name of a domain is
    the n-th entity, and the values after a name are that entity's. Without a value, the slot's name in words takes its
    place, so that no placeholder is ever said. "a" and "an" follow the value.
    """
    source = _Source(state, found, offers, backend, any(act.act == "repeat" for act in acts))
    believed = {(act.domain, slot) for act in acts if act.act in BELIEVED for slot in act.slots}
    said: dict[tuple[str, str], list[str]] = {}
    parts, last = [], 0
    for match in PLACEHOLDER.finditer(response):
        domain, slot = match[1].lower(), plain_name(match[2])
        if slot == NAME:
            source.next_entity(domain)
        value = source.value(domain, slot, (domain, slot) in believed)
        if value is not None:
            said.setdefault((domain, slot), []).append(value)
        words = slot.replace("_", " ") if value is None else value
        parts += [_with_article(response[last : match.start()], words), words]
        last = match.end()
    text = "".join([*parts, response[last:]])
    while PLACEHOLDER.search(text):  # brackets around a placeholder have formed another one
        text = PLACEHOLDER.sub(lambda match: match[2].replace("_", " "), text)
    text = " ".join(text.split())
    names = {domain: tuple(values) for (domain, slot), values in said.items() if slot == NAME}
    return Spoken(text, tuple(_with_values(act, said) for act in acts), names)


def _with_article(before: str, words: str) -> str:
    """The words before a value, with "a" or "an" as the value needs it."""
    vowel = words[:1].lower() in ("a", "e", "i", "o", "u")
    return _ARTICLE.sub(lambda match: match[1] + ("n " if vowel else " "), before)


def _with_values(act: PlannedAct, said: dict[tuple[str, str], list[str]]) -> SystemAct:
    seen: dict[str, int] = {}
    slots = []
    for slot in act.slots:
        values = said.get((act.domain, slot), [])
        number = seen[slot] = seen.get(slot, -1) + 1
        slots.append((slot, None if act.act == "request" or not values else values[min(number, len(values) - 1)]))
    return SystemAct(act.domain, act.act, tuple(slots))


class _Source:
    """Values for one response, with the current entity of each domain."""

    def __init__(self, state: BeliefState, found: Lookup, offers: Offers, backend: Backend, repeats: bool) -> None:
        self._found, self._offers, self._backend, self._repeats = found, offers, backend, repeats
        self._state = {
            plain_name(domain): {plain_name(slot): values for slot, values in slots.items()}
            for domain, slots in state.items()
        }
        self._spoken: dict[str, int] = {}

    def next_entity(self, domain: str) -> None:
        """A name of this domain follows."""
        domain = self._meant(domain)
        self._spoken[domain] = self._spoken.get(domain, -1) + 1

    def value(self, domain: str, slot: str, believed: bool) -> str | None:
        """The value of a placeholder, None if there is none."""
        if slot in COUNTS:
            return str(self._found.count)
        if slot in REFERENCES:
            return self._found.reference
        domain = self._meant(domain)
        row = self._row(domain)
        cells = [row.get(slot) or row.get(ALIASES.get(slot, slot))] if row else []
        if row and slot == NAME:
            cells = [row_name(self._backend.database, domain, row)]
        wish = self._state.get(domain, {}).get(slot, ("",))[0]
        wishes = [] if restricts_nothing(wish) or wish == OFFERED else [wish]
        ordered = [*wishes, *cells] if believed else [*cells, *wishes]
        return next((value for value in ordered if value and value != "?"), None)

    def _meant(self, domain: str) -> str:
        return next(reversed(self._state), domain) if domain in ANY_DOMAIN else domain

    def _row(self, domain: str) -> Row | None:
        number = max(0, self._spoken.get(domain, 0))
        made = self._offers.names(domain)
        if domain != self._found.domain:
            if made:
                return find_row(self._backend, domain, made[-1])
            wishes = {slot: values[0] for slot, values in self._state.get(domain, {}).items() if values}
            matches = self._backend.database.query(domain, wishes)
            return matches[0] if len(matches) == 1 or (matches and domain in self._state) else None
        if self._repeats and made and not self._found.accepted:
            return find_row(self._backend, domain, made[-1 - number] if number < len(made) else made[-1])
        rows = self._found.rows
        return rows[min(number, len(rows) - 1)] if rows else None
