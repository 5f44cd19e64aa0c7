"""A system turn with everything before it, in words: a training record, and the agent's input."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Dialogue, Frame, Turn
from space_jax.tasks.dialogue.act_text import PlannedAct, acts_of
from space_jax.world.backend import NAME, Backend
from space_jax.world.lookup import OFFERED, Offers, look_up


@dataclasses.dataclass(frozen=True, slots=True)
class ContextTurn:
    """One turn of a context.

    Attributes:
      role: `USER` or `SYSTEM`.
      text: the user's words, or the delexicalised response.
      state: the belief state on which the system answered; None for a user's turn, or where there is none.
      acts: of the system; None likewise.
    """

    role: str
    text: str
    state: BeliefState | None = None
    acts: tuple[PlannedAct, ...] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class SystemTurn:
    """The system's output, true or written.

    Attributes:
      state: the belief state after the user's turn, the current domain last; None if not annotated.
      database: names of the database tokens.
      acts: None if not annotated.
      response: delexicalised.
    """

    state: BeliefState | None
    database: tuple[str, ...]
    acts: tuple[PlannedAct, ...] | None
    response: str


@dataclasses.dataclass(frozen=True, slots=True)
class DialogueRecord:
    """A context with the system turn that answers it.

    Attributes:
      id: the dialogue's id and the number of the turn.
      context: all earlier turns, oldest first, the user's last.
      target: the true system turn.
      act_names: its unified dialog acts; None if not annotated.
    """

    id: str
    context: tuple[ContextTurn, ...]
    target: SystemTurn
    act_names: tuple[str, ...] | None


def records_of(
    dialogue: Dialogue, databases: Mapping[int, tuple[str, ...]] | None = None, offered: bool = True
) -> Iterator[DialogueRecord]:
    """A record for each system turn that follows a user's turn.

    Args:
      dialogue: with belief states on user turns, or none at all.
      databases: number of a system turn -> its database tokens; none if it is missing there.
      offered: whether to write `OFFERED` for a name that the user has not said.
    """
    states = system_states(dialogue, offered)
    annotated = any(turn.state is not None for turn in dialogue.turns)
    context: list[ContextTurn] = []
    for number, turn in enumerate(dialogue.turns):
        if turn.role == USER:
            context.append(ContextTurn(USER, turn.text))
            continue
        target = SystemTurn(
            state=states[number] if annotated else None,
            database=(databases or {}).get(number, ()),
            acts=None if turn.frames is None else acts_of(turn.frames),
            response=words_of(turn),
        )
        if context and context[-1].role == USER:
            yield DialogueRecord(f"{dialogue.id}-{number}", tuple(context), target, turn.acts)
        context.append(ContextTurn(SYSTEM, target.response, target.state, target.acts))


def records_with(dialogue: Dialogue, backend: Backend, offered: bool = True) -> Iterator[DialogueRecord]:
    """`records_of` with the database's results for the true belief states."""
    return records_of(dialogue, database_tokens(dialogue, backend, offered), offered)


def database_tokens(dialogue: Dialogue, backend: Backend, offered: bool = True) -> dict[int, tuple[str, ...]]:
    """Number of a system turn -> the tokens that `look_up` gives for the true belief state before it.

    The system's offers are read from its frames; the agent keeps the same account of its own.
    """
    tokens: dict[int, tuple[str, ...]] = {}
    offers = Offers()
    for number, state in system_states(dialogue, offered).items():
        found = look_up(backend, state, offers)
        tokens[number] = found.tokens
        for domain, names in offered_names(dialogue.turns[number]).items():
            offers = offers.with_names(domain, found.constraints if domain == found.domain else frozenset(), names)
    return tokens


def offered_names(turn: Turn) -> dict[str, tuple[str, ...]]:
    """The names in a system turn, by domain."""
    assert turn.role == SYSTEM
    names: dict[str, tuple[str, ...]] = {}
    for frame in turn.frames or ():
        found = tuple(value.text for slot in frame.slots if slot.name == NAME for value in slot.values)
        if found:
            names[frame.domain] = (*names.get(frame.domain, ()), *found)
    return names


def value_changes(record: DialogueRecord) -> bool:
    """Whether a slot, names aside, has another value than in the state before: "Could you try Friday instead?"."""
    before = next((said.state for said in reversed(record.context) if said.role == SYSTEM), None) or {}
    return any(
        slot != NAME and slot in before.get(domain, {}) and before[domain][slot] != values
        for domain, slots in (record.target.state or {}).items()
        for slot, values in slots.items()
    )


def system_states(dialogue: Dialogue, offered: bool = True) -> dict[int, BeliefState]:
    """Number of a system turn -> the belief state that it answers, as written (`in_order`, `OFFERED`)."""
    states: dict[int, BeliefState] = {}
    state: BeliefState = {}
    written: BeliefState = {}
    heard = ""
    for number, turn in enumerate(dialogue.turns):
        if turn.role == SYSTEM:
            states[number] = written
            continue
        heard += f" {turn.text.lower()}"
        now = in_order(turn.state if turn.state is not None else state, state, turn.frames)
        written = named_by_user(now, heard, state, written) if offered else now
        state = now
    return states


def words_of(turn: Turn) -> str:
    """The delexicalised text, or the plain text where the source has none."""
    return turn.text if turn.delexicalised is None else turn.delexicalised


def in_order(state: BeliefState, before: BeliefState, frames: Iterable[Frame] | None) -> BeliefState:
    """The belief state with the current domain last.

    That is the last domain of the turn's frames that the state has, if there is one; else the last one whose slots have
    changed; else the order of the state before stays.
    """
    kept = [domain for domain in before if domain in state]
    order = [*kept, *(domain for domain in state if domain not in before)]
    named = [frame.domain for frame in frames or () if frame.domain in state]
    changed = [domain for domain in order if state[domain] != before.get(domain)]
    for last in (named or changed)[-1:]:
        order.remove(last)
        order.append(last)
    return {domain: state[domain] for domain in order}


def named_by_user(state: BeliefState, heard: str, before: BeliefState, written: BeliefState) -> BeliefState:
    """The state as written: `OFFERED` for each name that the user has not said.

    Args:
      state: with names.
      heard: the user's words so far, in lower case.
      before: the state before; a name that it had stays as it was written then.
      written: how it was written.
    """

    def name(domain: str, values: tuple[str, ...]) -> tuple[str, ...]:
        if before.get(domain, {}).get(NAME) == values:
            return written[domain][NAME]
        return values if any(value.lower() in heard for value in values) else (OFFERED,)

    return {
        domain: {slot: name(domain, values) if slot == NAME else values for slot, values in slots.items()}
        for domain, slots in state.items()
    }
