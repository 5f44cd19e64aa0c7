"""From a delexicalised response to words: values for its placeholders, and the dialog acts with the values said."""

import dataclasses
import re
from collections.abc import Collection, Sequence

from space_jax.agent.plain_words import plainly
from space_jax.agent.value_source import ValueSource
from space_jax.dialogue.record import BeliefState
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.world.backend import NAME, Backend
from space_jax.world.lookup import Lookup, Offers
from space_jax.world.placeholders import PLACEHOLDER, Placeholder
from space_jax.world.spelling import plain_name

BELIEVED = frozenset({"impl_confirm", "expl_confirm", "notify_failure", "nooffer", "nobook", "request"})
"""Acts about the user's wishes; all others are about the database's entities."""

_ARTICLE = re.compile(r"\b([Aa])n? $")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")

Said = dict[tuple[str, str], list[str]]
"""(domain, slot) -> the values that were said, in order."""


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
      acts: with the values in the text; none of a response that could not be said.
      names: the names it gives, by domain.
      missing: the placeholder without a value because of which the text ends in a plain sentence; None where all could
        be said.
    """

    text: str
    acts: tuple[SystemAct, ...]
    names: dict[str, tuple[str, ...]]
    missing: Placeholder | None = None


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
    the n-th entity, and the values after a name are that entity's. "a" and "an" follow the value.

    Where a placeholder has no value, or an act offers or has booked what there is not, a plain sentence about what was
    found takes the place of the rest, from the beginning of the sentence on.
    """
    source = ValueSource(state, found, offers, backend, acts)
    believed = {(plain_name(act.domain), plain_name(slot)) for act in acts if act.act in BELIEVED for slot in act.slots}
    missing = next(filter(None, map(source.unfounded, acts)), None)
    said: Said = {}
    sentences = []
    for sentence in [] if missing else _SENTENCE_END.split(response):
        words, values, missing = _filled(sentence, source, believed)
        if missing:
            break
        sentences.append(words)
        for key, of_slot in values.items():
            said.setdefault(key, []).extend(of_slot)
    if missing:
        plain, name = plainly(missing, source)
        said.setdefault((found.domain or "", NAME), []).extend([name] if name else [])
        sentences.append(plain)
    names = {domain: tuple(values) for (domain, slot), values in said.items() if slot == NAME and values}
    told = () if missing else tuple(_with_values(act, said) for act in acts)
    return Spoken(" ".join(" ".join(sentences).split()), told, names, missing)


def settled(response: str) -> str:
    """The whole sentences of a response that is still being written: what can be spoken and will not change."""
    ends = list(_SENTENCE_END.finditer(response))
    return response[: ends[-1].start()] if ends else ""


def _filled(
    sentence: str, source: ValueSource, believed: Collection[tuple[str, str]]
) -> tuple[str, Said, Placeholder | None]:
    """A sentence in words, the values said in it, and its first placeholder without a value."""
    said: Said = {}
    parts, last = [], 0
    for match in PLACEHOLDER.finditer(sentence):
        meant = source.placeholder(match[1])
        if meant is None:
            continue
        if meant.slot == NAME:
            source.next_entity(meant.domain)
        value = source.value(meant.domain, meant.slot, meant in believed)
        if value is None:
            return "", {}, meant
        said.setdefault(meant, []).append(value)
        parts += [_with_article(sentence[last : match.start()], value), value]
        last = match.end()
    text = "".join([*parts, sentence[last:]])
    # Brackets around a placeholder may have formed another one.
    formed = (source.placeholder(match[1]) for match in PLACEHOLDER.finditer(text)) if parts else iter(())
    return text, said, next(filter(None, formed), None)


def _with_article(before: str, words: str) -> str:
    """The words before a value, with "a" or "an" as the value needs it."""
    vowel = words[:1].lower() in ("a", "e", "i", "o", "u")
    return _ARTICLE.sub(lambda match: match[1] + ("n " if vowel else " "), before)


def _with_values(act: PlannedAct, said: Said) -> SystemAct:
    seen: dict[str, int] = {}
    slots = []
    for slot in act.slots:
        values = said.get((plain_name(act.domain), plain_name(slot)), [])
        number = seen[slot] = seen.get(slot, -1) + 1
        slots.append((slot, None if act.act == "request" or not values else values[min(number, len(values) - 1)]))
    return SystemAct(act.domain, act.act, tuple(slots))
