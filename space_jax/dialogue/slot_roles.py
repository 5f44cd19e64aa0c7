"""What each turn of the user does with each slot: the dialogue's form of STAR's schema state tracking.

STAR labels every column of a database with its role in the SQL of the current turn. A dialogue has slots instead, and
the role of one follows from the turn's frames and from the belief states before and after it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from space_jax.dialogue.dont_care import is_unset
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Turn

SLOT_ROLES = ("unused", "informed", "requested", "confirmed", "changed", "removed")
"""By number; "unused" comes first, as in STAR, and is by far the most frequent."""

UNUSED, INFORMED, REQUESTED, CONFIRMED, CHANGED, REMOVED = range(len(SLOT_ROLES))

SlotName = tuple[str, str]
"""Domain and slot, in lower case."""

Held = dict[SlotName, frozenset[str]]
"""The values of slots, in lower case; several are spellings of one."""


def slot_roles(turns: Sequence[Turn]) -> Iterator[dict[SlotName, int]]:
    """The roles of slots in each turn; a slot that is not named is unused.

    informed    a value for a slot that had none
    requested   a slot without a value in the turn's frames
    confirmed   the value that the slot had, or that the system's last turn gave it
    changed     another value for a slot that had one
    removed     a slot that the belief state had and has no longer

    A value counts where the turn's frames give it, and where the belief state has it and did not before. The first that
    applies wins, of removed, changed, confirmed, informed, requested. Where a corpus has no states, what was said
    before stands for them, and nothing is removed.

    Args:
      turns: of a dialogue from its beginning.

    Yields:
      For each turn the roles that are not "unused"; {} for a turn of the system, and for one without frames.
    """
    held: Held = {}
    offered: Held = {}
    for turn in turns:
        said = _values(turn.frames or ())
        after = held | (said if turn.role == USER else {}) if turn.state is None else _state(turn)
        yield _roles(turn, said, held, after, offered) if turn.role == USER and turn.frames is not None else {}
        held = after
        if turn.role == SYSTEM:
            offered = said


def _roles(turn: Turn, said: Held, held: Held, after: Held, offered: Held) -> dict[SlotName, int]:
    roles = {name: REQUESTED for frame in turn.frames or () for name in _asked(frame)}
    new = {name: values for name, values in after.items() if not values & held.get(name, frozenset())}
    for name, values in (new | said).items():
        before = held.get(name, frozenset())
        if values & (before or offered.get(name, frozenset())):
            roles[name] = CONFIRMED
        else:
            roles[name] = CHANGED if before else INFORMED
    return roles | {name: REMOVED for name in held if name not in after}


def domains_of(turn: Turn) -> set[str]:
    """The domains that a turn's frames and its belief state name, in lower case."""
    return {_plain(frame.domain) for frame in turn.frames or ()} | set(map(_plain, turn.state or ()))


def _asked(frame: Frame) -> Iterator[SlotName]:
    for slot in frame.slots:
        if not slot.values:
            yield _name(frame.domain, slot.name)


def _values(frames: Iterable[Frame]) -> Held:
    values: Held = {}
    for frame in frames:
        for slot in frame.slots:
            texts = frozenset(_plain(value.text) for value in slot.values if not is_unset(value.text))
            if texts:
                name = _name(frame.domain, slot.name)
                values[name] = values.get(name, frozenset()) | texts
    return values


def _state(turn: Turn) -> Held:
    held = {}
    for domain, slots in (turn.state or {}).items():
        for slot, values in slots.items():
            texts = frozenset(_plain(value) for value in values if not is_unset(value))
            if texts:
                held[_name(domain, slot)] = texts
    return held


def _name(domain: str, slot: str) -> SlotName:
    return _plain(domain), _plain(slot)


def _plain(text: str) -> str:
    return text.strip().lower()


SlotSchema = Mapping[str, tuple[str, ...]]
"""Domain -> its slots, in order."""


def schema_of(dialogues: Iterable[Dialogue]) -> SlotSchema:
    """The slots of every domain: those that frames or belief states of the dialogues have, of either speaker."""
    found: dict[str, set[str]] = {}
    for turn in (turn for dialogue in dialogues for turn in dialogue.turns):
        names = [_name(frame.domain, slot.name) for frame in turn.frames or () for slot in frame.slots]
        names += [_name(domain, slot) for domain, slots in (turn.state or {}).items() for slot in slots]
        for domain, slot in names:
            found.setdefault(domain, set()).add(slot)
    return {domain: tuple(sorted(found[domain])) for domain in sorted(found)}
