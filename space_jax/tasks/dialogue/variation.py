"""Annotated dialogues again with other values, so that an agent learns to copy what is said.

A copy keeps the words around the values, the acts and the delexicalised responses, from which an agent learns; what
else a row says, its price for example, stays in the plain text of the system as it was. A copy is made only if the
tables answer each of its turns as before (the same tokens of `world.lookup`, an offer in the same place of the list),
so that its responses are still right. With twenty annotated dialogues the values are what an agent knows least of.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from space_jax.dialogue.record import USER, BeliefState, Dialogue, Frame, Slot, Turn, Value
from space_jax.tasks.dialogue.records import database_tokens, offered_names, system_states
from space_jax.world.backend import NAME, Backend, row_name
from space_jax.world.lookup import Offers, look_up
from space_jax.world.spelling import plain_name
from space_jax.world.values import restricts_nothing

_TRIES = 30  # draws of values until one fits the tables
_CLOCK = re.compile(r"\d{1,2}:\d\d")
_VOWELS = frozenset("aeio")  # not "u": "a user", "a unit" are as frequent as "an umbrella"

Meaning = tuple[str, str, str]
"""Domain, slot and value of a belief state, as written."""


def variations(
    dialogues: Sequence[Dialogue], world: Callable[[str], Backend], copies: int, seed: int = 0
) -> Iterator[Dialogue]:
    """Copies of dialogues with other values for what their users say.

    A slot with a column takes the values of its column, another one those that any of the dialogues has for it, and
    other full and quarter hours for a time of day. A value that no user says literally stays as it is.

    Args:
      dialogues: with belief states on user turns; others give no copy.
      world: the id of a dialogue -> the tables that its agent searches.
      copies: of each dialogue; there are fewer, or none, where the tables do not allow it.
      seed: of the values.

    Yields:
      Dialogues with the ids `ID~1`, `ID~2`, ...
    """
    said = {slot: sorted(values) for slot, values in _said(dialogues).items()}
    for number, dialogue in enumerate(dialogues):
        meanings = _said_literally(dialogue)
        if not meanings:
            continue
        rng, backend = np.random.default_rng([seed, number]), world(dialogue.id)
        answered, made = database_tokens(dialogue, backend), [dialogue.turns]
        for _ in range(_TRIES * copies):
            if len(made) > copies:
                break
            copy = _variation(dialogue, _draw(meanings, backend, said, rng), backend)
            if copy is None or copy.turns in made:
                continue
            if database_tokens(copy, backend) == answered:
                yield dataclasses.replace(copy, id=f"{dialogue.id}~{len(made)}")
                made.append(copy.turns)


def _said(dialogues: Iterable[Dialogue]) -> dict[tuple[str, str], set[str]]:
    """(domain, slot) -> the values that the belief states of the dialogues have for it."""
    said: dict[tuple[str, str], set[str]] = {}
    for dialogue in dialogues:
        for domain, slot, value in _meanings(dialogue):
            said.setdefault((domain, slot), set()).add(value)
    return said


def _meanings(dialogue: Dialogue) -> list[Meaning]:
    """What the users of a dialogue mean, in the order in which it is first said."""
    states = (turn.state for turn in dialogue.turns if turn.state)
    found = (
        (domain, slot, values[0])
        for state in states
        for domain, slots in state.items()
        for slot, values in slots.items()
        if values and not restricts_nothing(values[0])
    )
    return list(dict.fromkeys(found))


def _said_literally(dialogue: Dialogue) -> list[Meaning]:
    """Of what the users of a dialogue mean, that whose value is in their words."""
    heard = " ".join(turn.text for turn in dialogue.turns if turn.role == USER)
    return [meaning for meaning in _meanings(dialogue) if _pattern([meaning[2]]).search(heard)]


def _variation(dialogue: Dialogue, drawn: Mapping[Meaning, str], backend: Backend) -> Dialogue | None:
    """The copy with the drawn values and the names that are then offered; None if there is no row to offer."""
    copy = _with_values(dialogue, drawn)
    names = _names(dialogue, copy, backend)
    return None if names is None else _with_names(copy, names)


def _draw(
    meanings: Sequence[Meaning],
    backend: Backend,
    said: Mapping[tuple[str, str], Sequence[str]],
    rng: np.random.Generator,
) -> dict[Meaning, str]:
    """A new value for each meaning: those of one row where it can be, so that something is found."""
    drawn: dict[Meaning, str] = {}
    rows = {domain: rng.permutation(np.array(backend.database.query(domain, {}))) for domain, *_ in meanings}
    for domain, slot, value in meanings:
        taken = {new for (other, same, _), new in drawn.items() if (other, same) == (domain, slot)}
        column = plain_name(slot)
        if column in backend.database.columns(domain):
            choices = [row[column] for row in rows[domain] if row[column] not in ("", "?")]
        else:
            choices = [_clock(rng)] if _CLOCK.fullmatch(value) else list(rng.permutation(list(said[domain, slot])))
        drawn[domain, slot, value] = str(next((one for one in choices if one not in taken), value))
    return drawn


def _clock(rng: np.random.Generator) -> str:
    return f"{rng.integers(8, 22)}:{15 * rng.integers(4):02d}"


def _with_values(dialogue: Dialogue, drawn: Mapping[Meaning, str]) -> Dialogue:
    """The dialogue with new values in texts, states and frames; one spelling of two meanings stays in both."""
    spelt: dict[str, set[str]] = {}
    for (_, _, value), new in drawn.items():
        spelt.setdefault(value.lower(), set()).add(new)
    words = {value: next(iter(new)) for value, new in spelt.items() if len(new) == 1}
    kept = {meaning: new for meaning, new in drawn.items() if meaning[2].lower() in words}
    return dataclasses.replace(dialogue, turns=tuple(_with_words(turn, words, kept) for turn in dialogue.turns))


def _with_words(turn: Turn, words: Mapping[str, str], drawn: Mapping[Meaning, str]) -> Turn:
    text = _pattern(words).sub(lambda found: _replaced(found, words), turn.text) if words else turn.text
    frames = turn.frames and tuple(_frame(frame, text, drawn) for frame in turn.frames)
    return dataclasses.replace(turn, text=text, frames=frames, state=_state(turn.state, drawn))


def _state(state: BeliefState | None, drawn: Mapping[Meaning, str]) -> BeliefState | None:
    if state is None:
        return None
    return {
        domain: {
            slot: (drawn[domain, slot, values[0]],) if values and (domain, slot, values[0]) in drawn else values
            for slot, values in slots.items()
        }
        for domain, slots in state.items()
    }


def _frame(frame: Frame, text: str, drawn: Mapping[Meaning, str]) -> Frame:
    def value(slot: str, old: Value) -> Value:
        new = drawn.get((frame.domain, slot, old.text), old.text)
        place = _pattern([new]).search(text) if old.start is not None else None
        return Value(new, place.start("value"), place.end("value")) if place else Value(new)

    slots = tuple(Slot(slot.name, tuple(value(slot.name, one) for one in slot.values)) for slot in frame.slots)
    return dataclasses.replace(frame, slots=slots)


def _names(dialogue: Dialogue, copy: Dialogue, backend: Backend) -> dict[Meaning, str] | None:
    """The names that the system offers in the copy: of the rows in the same places; None if there is no such row."""
    names: dict[Meaning, str] = {}
    before, after = Offers(), Offers()
    states = zip(system_states(dialogue).items(), system_states(copy).values(), strict=True)
    for (number, old_state), new_state in states:
        old, new = look_up(backend, old_state, before), look_up(backend, new_state, after)
        for domain, offered in offered_names(dialogue.turns[number]).items():
            for name in offered:
                if (domain, NAME, name) in names:
                    continue
                listed = [row_name(backend.database, domain, row) for row in old.rows]
                if name not in listed or listed.index(name) >= len(new.rows):
                    return None
                names[domain, NAME, name] = row_name(backend.database, domain, new.rows[listed.index(name)])
            renamed = tuple(names[domain, NAME, name] for name in offered)
            before = before.with_names(domain, old.constraints if domain == old.domain else frozenset(), offered)
            after = after.with_names(domain, new.constraints if domain == new.domain else frozenset(), renamed)
    return names


def _with_names(dialogue: Dialogue, names: Mapping[Meaning, str]) -> Dialogue:
    words = {name.lower(): new for (_, _, name), new in names.items()}
    turns = [_with_words(turn, {} if turn.role == USER else words, names) for turn in dialogue.turns]
    return dataclasses.replace(dialogue, turns=tuple(turns))


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Whole words, longest first, with an article before them; a number within a time or a price is no word."""
    listed = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    article, number = r"(?:\b(?P<article>an?)\s+)?", r"(?<!\d[:.,])"
    return re.compile(rf"{article}(?<!\w){number}(?P<value>{listed})(?!\w|[:.,]\d)", re.IGNORECASE)


def _replaced(found: re.Match[str], words: Mapping[str, str]) -> str:
    """The new value with the article that it needs, and with a capital where the old one had it."""
    old, article = found["value"], found["article"]
    new = words[old.lower()]
    if old[:1].isupper():
        new = new[:1].upper() + new[1:]
    if article is None:
        return new
    return f"{article[0]}{'n' if new[:1].lower() in _VOWELS else ''} {new}"
