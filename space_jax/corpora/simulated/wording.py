"""Puts dialog acts into words and records the span of each value in the text."""

import dataclasses
import functools
import random
import re

from space_jax.corpora.simulated.acts import DialogAct
from space_jax.corpora.simulated.clauses import COMPOSED, Said, compose, holds, may_be_empty
from space_jax.corpora.simulated.grammar import Piece, Template, compile_template, expand
from space_jax.corpora.simulated.phrases_questions import SYSTEM_QUESTIONS, USER_QUESTIONS
from space_jax.corpora.simulated.phrases_system import SYSTEM_PHRASES
from space_jax.corpora.simulated.phrases_user import USER_PHRASES
from space_jax.corpora.simulated.schema import GENERAL
from space_jax.corpora.simulated.spellings import spell
from space_jax.dialogue.record import USER, Frame, Slot, Value

_SENTENCE_START = re.compile(r"(?:^|(?<=[.!?] ))[a-z]")
_ARTICLE = re.compile(r"(^| )a $")
_LIST = "{list}."  # expresses any slots of any act, stiffly: only for acts that the simulator itself never makes


@dataclasses.dataclass(frozen=True, slots=True)
class Utterance:
    """A turn in words.

    Attributes:
      text: the words.
      frames: domain and act with their slots and the values' spans in `text`.
      acts: the unified dialog acts, without repetition.
      delexicalised: `text` with every value replaced by `[domain_slot]`.
    """

    text: str
    frames: tuple[Frame, ...]
    acts: tuple[str, ...]
    delexicalised: str


def put_into_words(acts: tuple[DialogAct, ...], role: str, rng: random.Random, lower: bool = False) -> Utterance:
    """Realises a turn's acts.

    Args:
      acts: the turn's acts, in the order in which they are said.
      role: `USER` or `SYSTEM`; the user varies the spelling of values.
      rng: the source of randomness.
      lower: whether the speaker types in lower case without full stops at the end.

    Returns:
      The utterance.
    """
    text, spans = "", []
    for index, act in enumerate(acts):
        if text:
            text += " "
        for piece in _say(_in_context(act, acts, role), role, rng):
            if piece[0] == "value":
                spans.append((len(text), len(text) + len(piece[2]), index, piece[1], piece[3]))
            text += piece[2]
    text = _SENTENCE_START.sub(lambda match: match.group().upper(), text)
    if text.endswith((",", ":")):
        text = text[:-1] + "."
    if lower:
        text = text.lower()
        if text.endswith(".") and (not spans or spans[-1][1] < len(text)):
            text = text[:-1]
    names = tuple(dict.fromkeys(act.act for act in acts))
    return Utterance(text, _frames(acts, text, spans), names, _delexicalise(acts, text, spans))


def _in_context(act: DialogAct, acts: tuple[DialogAct, ...], role: str) -> DialogAct:
    """Some acts are worded by their context: a repetition requested or given, open points after an answer."""
    if act.act == "not_sure" and len(acts) > 1:
        return dataclasses.replace(act, kind="rest")
    if act.act != "repeat" or len(acts) == 1:
        return act
    if role == USER:
        return dataclasses.replace(act, kind="again")
    return dataclasses.replace(act, kind="please") if acts[0].act == "dont_understand" else act


def _say(act: DialogAct, role: str, rng: random.Random) -> list[Said]:
    if act.act == "request":
        questions = _questions(act, role, rng)
        if questions:
            return questions
    values = frozenset(slot for slot, value in act.slots if value is not None)
    options = _templates(role, act.act, act.kind, act.domain, values, len(values) < len(act.slots))
    return _fill(options[int(rng.random() * len(options))], act, role, rng)


def _questions(act: DialogAct, role: str, rng: random.Random) -> list[Said]:
    """One direct question per slot; nothing where one sentence names the slots."""
    table = USER_QUESTIONS if role == USER else SYSTEM_QUESTIONS
    own, shared = table.get(act.domain, {}), table["*"]
    sources = [own.get(slot) or shared.get(slot, ()) for slot in act.slot_names()]
    if not all(sources) or (role == USER and (len(sources) > 1 or rng.random() < 0.5)):
        return []
    said: list[Said] = []
    for source in sources:
        if said:
            said.append(("text", "", " and ", None))
        said += _fill(_compiled(source[int(rng.random() * len(source))]), act, role, rng)
    return said


@functools.cache
def _compiled(source: str) -> Template:
    return compile_template(source)


@functools.cache
def _templates(role: str, act: str, kind: str, domain: str, values: frozenset[str], asks: bool) -> tuple[Template, ...]:
    """The templates that express exactly these slots."""
    table = USER_PHRASES if role == USER else SYSTEM_PHRASES
    kinds = [kind] if (act, kind) in table else [other for name, other in table if name == act]
    sources = [source for one in kinds for source in _sources(table[act, one], domain)]
    fitting = tuple(
        template
        for template in map(_compiled, sources)
        if _fits(template, domain, values, asks, may_be_empty(act, kind))
    )
    return fitting or (_compiled(_LIST if domain != GENERAL or values else f"~{act.replace('_', ' ')}."),)


def _sources(entry: dict[str, tuple[str, ...]], domain: str) -> tuple[str, ...]:
    """A domain's own templates, and the shared ones unless its own replace them."""
    return entry.get(f"only {domain}") or (*entry.get(domain, ()), *entry["*"])


def _fits(template: Template, domain: str, values: frozenset[str], asks: bool, empty: bool) -> bool:
    if "asked" in template.names and not asks:
        return False
    if template.silent:
        return True
    composed = [name for name in template.names if name in COMPOSED]
    explicit = template.names - COMPOSED.keys()
    rest = values - explicit
    if explicit - values or len([name for name in composed if COMPOSED[name]]) > 1:
        return False
    holders = [name for name in composed if COMPOSED[name]]
    if not holders:
        return not rest
    return holds(holders[0], domain, rest) and (bool(rest) or empty)


def _fill(template: Template, act: DialogAct, role: str, rng: random.Random) -> list[Said]:
    values = {slot: value for slot, value in act.slots if value is not None}
    pieces: list[Piece] = []
    expand(template.nodes, values, rng, pieces)
    said: list[Said] = []
    for kind, name in pieces:
        if kind == "text":
            said.append(("text", "", name, None))
        elif name in COMPOSED:
            rest = tuple(pair for pair in act.slots if pair[0] not in template.names)
            said += compose(name, act.domain, rest, rng, plain=role != USER)
        else:
            words = spell(name, values[name], rng, plain=role != USER)
            if said and _ARTICLE.search(said[-1][2]) and words[0].lower() in "aeiou":
                said[-1] = ("text", "", said[-1][2][:-1] + "n ", None)
            said.append(("value", name, words, values[name]))
    return said


def _frames(acts: tuple[DialogAct, ...], text: str, spans: list) -> tuple[Frame, ...]:
    """One frame for each domain and act, with its slots merged."""
    merged: dict[tuple[str, str], dict[str, list[Value]]] = {}
    for index, act in enumerate(acts):
        slots = merged.setdefault((act.domain, act.act), {})
        for slot, value in act.slots:
            values = slots.setdefault(slot, [])
            if value is None:
                continue
            where = next((s for s in spans if s[2] == index and s[3] == slot and s[4] == value), None)
            values.append(Value(text[where[0] : where[1]], where[0], where[1]) if where else Value(value))
    return tuple(
        Frame(domain, act, tuple(Slot(slot, tuple(values)) for slot, values in slots.items()))
        for (domain, act), slots in merged.items()
    )


def _delexicalise(acts: tuple[DialogAct, ...], text: str, spans: list) -> str:
    parts, last = [], 0
    for start, end, index, slot, _ in spans:
        parts += [text[last:start], f"[{acts[index].domain}_{slot}]"]
        last = end
    return "".join(parts) + text[last:]
