"""Database tokens of true dialogues: what the agent would have been told at each system turn."""

from collections.abc import Iterator

from space_jax.agent.backend import Backend
from space_jax.agent.lookup import Offers, look_up
from space_jax.dialogue.record import SYSTEM, Dialogue, Turn
from space_jax.tasks.dialogue.records import NAME, DialogueRecord, records_of, system_states


def records_with(dialogue: Dialogue, backend: Backend, offered: bool = True) -> Iterator[DialogueRecord]:
    """`records_of` with the database's answers to the true belief states."""
    return records_of(dialogue, database_tokens(dialogue, backend, offered), offered)


def database_tokens(dialogue: Dialogue, backend: Backend, offered: bool = True) -> dict[int, tuple[str, ...]]:
    """Number of a system turn -> the tokens that `look_up` gives for the true belief state before it.

    What the system offers is read off its frames; the agent keeps the same account of what it says itself.
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
    """The names that a system turn gives, by domain."""
    assert turn.role == SYSTEM
    names: dict[str, tuple[str, ...]] = {}
    for frame in turn.frames or ():
        found = tuple(value.text for slot in frame.slots if slot.name == NAME for value in slot.values)
        if found:
            names[frame.domain] = (*names.get(frame.domain, ()), *found)
    return names
