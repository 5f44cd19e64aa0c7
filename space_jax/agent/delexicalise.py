"""From what a clerk said to a delexicalised response: placeholders `[domain_slot]` for values that can be read back.

`lexicalise.speak` fills a placeholder from the row that is spoken of and from the belief state, so the values are those
of the tables and of the state before the turn (`spoken_values`); `value_meanings` decides what each stands for. Where
that is not clear, the value stays as it is and is counted.
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from space_jax.agent.spoken_values import Meaning
from space_jax.agent.value_meanings import CellValues, SpokenOf
from space_jax.dialogue.record import SYSTEM, BeliefState, Dialogue, Turn
from space_jax.tasks.dialogue.records import system_states
from space_jax.world.database import Database

EXAMPLES = 3
"""Turns kept as examples."""


@dataclasses.dataclass
class Delexicalised:
    """The counts of a file, filled while its dialogues are read.

    Attributes:
      dialogues: all.
      turns: of the system.
      kept: turns that had the field already.
      changed: turns that got a placeholder; the others got their text as it is.
      placeholders: placeholder -> the values that it replaced, in lower case.
      ambiguous: value -> how often it was left because it may stand for several slots.
      readings: ambiguous value -> the placeholders it may stand for.
      examples: (dialogue and number of the turn, text, delexicalised).
    """

    dialogues: int = 0
    turns: int = 0
    kept: int = 0
    changed: int = 0
    placeholders: dict[str, Counter[str]] = dataclasses.field(default_factory=lambda: defaultdict(Counter))
    ambiguous: Counter[str] = dataclasses.field(default_factory=Counter)
    readings: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    examples: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)


def placeholder(meaning: Meaning) -> str:
    """The placeholder of a slot."""
    return f"[{meaning.domain}_{meaning.slot}]"


def delexicalise(
    dialogues: Iterable[Dialogue], database: Database, counts: Delexicalised | None = None
) -> Iterator[Dialogue]:
    """The dialogues with `delexicalised` in every system turn; turns that have it are kept.

    Args:
      dialogues: annotated or not.
      database: the tables of the agent.
      counts: filled while reading.
    """
    counts = Delexicalised() if counts is None else counts
    tables = CellValues(database)
    for dialogue in dialogues:
        counts.dialogues += 1
        states = system_states(dialogue, offered=False)
        spoken = SpokenOf(tables)
        turns = []
        for number, turn in enumerate(dialogue.turns):
            if turn.role == SYSTEM:
                turn = _delexicalised(dialogue, number, spoken, states[number], counts)
            else:
                spoken.hear(turn)
            turns.append(turn)
        yield dataclasses.replace(dialogue, turns=tuple(turns))


def _delexicalised(
    dialogue: Dialogue, number: int, spoken: SpokenOf, state: BeliefState, counts: Delexicalised
) -> Turn:
    turn = dialogue.turns[number]
    counts.turns += 1
    chosen, unclear = spoken.answer(turn, state)
    if turn.delexicalised is not None:
        counts.kept += 1
        return turn
    for said, readings in unclear:
        value = turn.text[said.start : said.end].lower()
        counts.ambiguous[value] += 1
        counts.readings[value] = tuple(sorted(map(placeholder, readings)))
    parts, last = [], 0
    for said, meaning in chosen:
        counts.placeholders[placeholder(meaning)][turn.text[said.start : said.end].lower()] += 1
        parts += [turn.text[last : said.start], placeholder(meaning)]
        last = said.end
    text = "".join([*parts, turn.text[last:]])
    counts.changed += bool(chosen)
    if chosen and len(counts.examples) < EXAMPLES:
        counts.examples.append((f"{dialogue.id}, turn {number}", turn.text, text))
    return dataclasses.replace(turn, delexicalised=text)
