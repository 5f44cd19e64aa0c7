"""The user turns of a file, with those of their intents that are known."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from space_jax.corpora.utterances import NO_DOMAIN, NO_INTENT
from space_jax.dialogue.jsonl import read_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Turn
from space_jax.errors import UserError
from space_jax.tasks.checking.selection import holds_dialogues
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.records import from_row
from space_jax.tasks.record_sources import rows_of


@dataclasses.dataclass(frozen=True, slots=True)
class Utterance:
    """A user turn.

    Attributes:
      id: unique and stable: as `tasks.intent.records` names the same turn.
      dialogue: up to this turn, which is the last.
      number: of the turn.
      intents: of its frames, as (domain, name); none if it is not labelled.
    """

    id: str
    dialogue: Dialogue
    number: int
    intents: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The words of the user."""
        return self.dialogue.turns[-1].text

    @property
    def before(self) -> str:
        """The words of the system right before; "" for none."""
        turns = self.dialogue.turns
        return turns[-2].text if len(turns) > 1 and turns[-2].role == SYSTEM else ""

    @property
    def label(self) -> str:
        """Its intent; "" for none, or for several."""
        return self.intents[0][1] if len(self.intents) == 1 else ""


def read_dialogues(path: Path, config: IntentConfig) -> list[Dialogue]:
    """The dialogues of a file; of rows (CSV, TSV, JSONL) each is a dialogue of one turn, labelled or not.

    Raises:
      UserError: a line that cannot be used, an id twice; with file and line.
    """
    if not path.is_file():
        raise UserError(f"{path}: expected dialogues or rows, JSONL, CSV or TSV, found no such file")
    if holds_dialogues(path):
        return list(read_jsonl(path))
    dialogues, first = [], dict[str, str]()
    for row in rows_of(path):
        if row.values is None:
            raise UserError(row.error)
        record = from_row(config, row.values, row.where, row.number)
        if record.id in first:
            raise UserError(f"{row.where}: expected a unique id, found {record.id!r} of {first[record.id]} again")
        first[record.id] = row.where
        frames = None if record.label is None else (Frame(record.domain or NO_DOMAIN, record.label),)
        dialogues.append(Dialogue(record.id, (Turn(USER, record.text, frames),)))
    return dialogues


def utterances(dialogues: Iterable[Dialogue]) -> list[Utterance]:
    """The user turns that have words, in their order.

    Raises:
      UserError: two turns that would have one id.
    """
    found: dict[str, Utterance] = {}
    for dialogue in dialogues:
        numbers = [number for number, turn in enumerate(dialogue.turns) if turn.role == USER]
        for number in numbers:
            turn = dialogue.turns[number]
            name = f"{dialogue.id}#{number}" if len(numbers) > 1 else dialogue.id
            if not turn.text.strip():
                continue
            if name in found:
                raise UserError(f"dialogue {dialogue.id}: turn {number}: expected a unique id, found {name!r} again")
            until = dataclasses.replace(dialogue, turns=dialogue.turns[: number + 1])
            found[name] = Utterance(name, until, number, _intents(turn))
    return list(found.values())


def _intents(turn: Turn) -> tuple[tuple[str, str], ...]:
    pairs = ((frame.domain, frame.intent) for frame in turn.frames or ())
    return tuple(dict.fromkeys(pair for pair in pairs if pair[1].lower() != NO_INTENT))
