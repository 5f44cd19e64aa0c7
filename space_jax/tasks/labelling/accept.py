"""A person's labels into the dialogues that they are of."""

import collections
import dataclasses
from collections.abc import Iterable, Sequence

from space_jax.corpora.mixtures.wording import words_of
from space_jax.corpora.utterances import NO_DOMAIN
from space_jax.dialogue.record import Dialogue, Frame, Turn
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.tasks.labelling.pool import Utterance, utterances
from space_jax.tasks.labelling.sheet import Corrected


@dataclasses.dataclass
class Accepted:
    """What became of the lines of a table.

    Attributes:
      dialogues: with the labels.
      labelled: lines whose utterance got its first label.
      changed: lines whose utterance had another label, which is replaced.
      same: lines whose utterance has this label already.
      empty: lines without a label, which are passed over.
      new: label that no utterance had before -> lines.
      known: the labels before.
    """

    dialogues: list[Dialogue]
    labelled: int = 0
    changed: int = 0
    same: int = 0
    empty: int = 0
    new: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    known: tuple[str, ...] = ()


def accept(dialogues: Sequence[Dialogue], lines: Iterable[Corrected]) -> Accepted:
    """The dialogues with the labels of a table.

    Args:
      dialogues: that the table was made of.
      lines: of the table.

    Raises:
      UserError: an id that no utterance has, or an utterance with other words than in the table; with file and line.
    """
    pool = {one.id: one for one in utterances(dialogues)}
    pairs = collections.Counter(pair for one in pool.values() for pair in one.intents)
    result = Accepted(list(dialogues), known=tuple(sorted({label for _, label in pairs})))
    domains = {label: domain for (domain, label), _ in reversed(pairs.most_common())}
    (only,) = {domain for domain, _ in pairs} if len({domain for domain, _ in pairs}) == 1 else {NO_DOMAIN}
    place = {dialogue.id: number for number, dialogue in enumerate(dialogues)}
    for line in lines:
        one = _meant(line, pool)
        if not line.label:
            result.empty += 1
            continue
        if line.label not in domains:
            result.new[line.label] += 1
        if one.label == line.label:
            result.same += 1
            continue
        result.changed += bool(one.intents)
        result.labelled += not one.intents
        at = place[one.dialogue.id]
        result.dialogues[at] = _labelled(result.dialogues[at], one.number, line.label, domains.get(line.label), only)
    return result


def _meant(line: Corrected, pool: dict[str, Utterance]) -> Utterance:
    if line.id not in pool:
        raise UserError(f"{line.where}: expected the id of an utterance in the source, found {shown(line.id)}")
    one = pool[line.id]
    if words_of(line.text) != words_of(one.text):
        raise UserError(
            f"{line.where}: expected the words of {line.id!r} in the source, {shown(one.text)}, found "
            f"{shown(line.text)}; is it the table of another file?"
        )
    return one


def _labelled(dialogue: Dialogue, number: int, label: str, domain: str | None, otherwise: str) -> Dialogue:
    """A dialogue in which a turn has one intent; the slots of its frames stay."""
    turns = list(dialogue.turns)
    turns[number] = dataclasses.replace(turns[number], frames=_frames(turns[number], label, domain, otherwise))
    return dataclasses.replace(dialogue, turns=tuple(turns))


def _frames(turn: Turn, label: str, domain: str | None, otherwise: str) -> tuple[Frame, ...]:
    if not turn.frames:
        return (Frame(domain or otherwise, label),)
    named = domain or turn.frames[0].domain
    return (Frame(named, label, tuple(slot for frame in turn.frames for slot in frame.slots)),)
