"""Fills the open parts of templates: noun phrases, booking details, clauses of facts, lists of slot names.

Each takes the slots that a template does not name and returns the words with the values marked.
"""

import functools
import random
from typing import Literal

from space_jax.corpora.simulated.grammar import Piece, Template, compile_template, expand
from space_jax.corpora.simulated.nouns import BOOKABLE, DETAILS, FACTS, NOUN_PHRASES, PLURALS, SLOT_NAMES
from space_jax.corpora.simulated.schema import NAME
from space_jax.corpora.simulated.spellings import spell

Said = tuple[Literal["text", "value"], str, str, str | None]
"""Kind, slot (empty for a literal), the words, the canonical value (None for a literal)."""

Slots = tuple[tuple[str, str | None], ...]

COMPOSED: dict[str, bool] = {
    "np": True, "a_np": True, "details": True, "facts": True, "pair": True, "pair_and": True, "list": True,
    "asked": False, "bookable": False, "plural": False,
}  # fmt: skip
"""Names in braces that are no slots -> whether they say values."""


def may_be_empty(act: str, kind: str) -> bool:
    """Whether a noun phrase may stand without any slot ("I need a hotel")."""
    return act == "notify_failure" or (act == "inform" and kind in ("open", "again", ""))


def holds(name: str, domain: str, slots: frozenset[str]) -> bool:
    """Whether the words for `{name}` can express all of these slots."""
    if name == "list":
        return True
    if name.startswith("pair"):
        return slots == {NAME}
    if name == "facts":
        return bool(slots) and slots <= FACTS["*"].keys() | FACTS.get(domain, {}).keys()
    if domain not in NOUN_PHRASES:
        return False
    if name == "details":
        return bool(slots) and slots <= DETAILS.get(domain, {}).keys()
    return slots <= NOUN_PHRASES[domain].slots


def compose(name: str, domain: str, slots: Slots, rng: random.Random, plain: bool) -> list[Said]:
    """The words for `{name}`.

    Args:
      name: one of `COMPOSED`.
      domain: the act's domain.
      slots: the act's slots that the template does not name itself.
      rng: the source of randomness.
      plain: whether values keep their first spelling.

    Returns:
      Literals and values in order.
    """
    values = {slot: value for slot, value in slots if value is not None}
    if name == "asked":
        names = [_pick(SLOT_NAMES.get(slot, (slot,)), rng) for slot, value in slots if value is None]
        return [_text(_enumerate(names))]
    if name == "bookable":
        return [_text(_pick(BOOKABLE[domain], rng))]
    if name == "plural":
        return [_text(_pick(PLURALS[domain], rng))]
    if name.startswith("pair"):
        return _pair(slots, " and " if name == "pair_and" else " or ")
    if name == "details":
        ordered = [source for slot, source in DETAILS[domain].items() if slot in values]
        return _joined([_phrase(_pick(source, rng), values, rng, plain) for source in ordered], " ", " ")
    if name == "facts":
        own, shared = FACTS.get(domain, {}), FACTS["*"]
        clauses = [_phrase(_pick(own.get(slot) or shared[slot], rng), values, rng, plain) for slot in values]
        return _joined(clauses, ", ", " and ")
    if name == "list":
        clauses = [
            [_text(f"{SLOT_NAMES.get(slot, (slot,))[0]} "), _value(slot, values[slot], rng, plain)] for slot in values
        ]
        return _joined(clauses, ", ", " and ") or [_text(domain)]
    phrase = _noun_phrase(domain, values, rng, plain)
    return [_text(_article(phrase[0][2])), *phrase] if name == "a_np" else phrase


def _noun_phrase(domain: str, values: dict[str, str], rng: random.Random, plain: bool) -> list[Said]:
    rule = NOUN_PHRASES[domain]
    parts = [_phrase(_pick(source, rng), values, rng, plain) for slot, source in rule.before.items() if slot in values]
    if rule.head_slot and rule.head_slot in values:
        parts.append([_value(rule.head_slot, values[rule.head_slot], rng, plain)])
    else:
        parts.append([_text(_pick(rule.heads, rng))])
    parts += [_phrase(_pick(source, rng), values, rng, plain) for slot, source in rule.after.items() if slot in values]
    return _joined(parts, " ", " ")


def _pair(slots: Slots, link: str) -> list[Said]:
    parts: list[list[Said]] = [[("value", slot, value, value)] for slot, value in slots if value is not None]
    return _joined(parts, ", ", link)


def _article(word: str) -> str:
    return "an " if word[0].lower() in "aeiou" else "a "


@functools.cache
def _compiled(source: str) -> Template:
    return compile_template(source)


def _phrase(source: str, values: dict[str, str], rng: random.Random, plain: bool) -> list[Said]:
    pieces: list[Piece] = []
    expand(_compiled(source).nodes, values, rng, pieces)
    return [_text(text) if kind == "text" else _value(text, values[text], rng, plain) for kind, text in pieces if text]


def _joined(parts: list[list[Said]], comma: str, last: str) -> list[Said]:
    said: list[Said] = []
    for index, part in enumerate(parts):
        if index:
            said.append(_text(last if index == len(parts) - 1 else comma))
        said += part
    return said


def _enumerate(names: list[str]) -> str:
    return " and the ".join([", the ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _pick(options: tuple[str, ...], rng: random.Random) -> str:
    return options[int(rng.random() * len(options))]


def _text(words: str) -> Said:
    return ("text", "", words, None)


def _value(slot: str, value: str, rng: random.Random, plain: bool) -> Said:
    return ("value", slot, spell(slot, value, rng, plain), value)
