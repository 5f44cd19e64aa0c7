"""The understood frame: what a user's turn added to the belief state, changed in it, or removed from it."""

import dataclasses
from typing import Any

from space_jax.dialogue.record import BeliefState

NOTHING_NEW = "nothing new"


@dataclasses.dataclass(frozen=True, slots=True)
class Understood:
    """How one turn changed the belief state.

    Attributes:
      added: domain -> slot -> value; a domain without slots came without any.
      changed: domain -> slot -> (value before, value now).
      removed: domain -> slots; a domain without slots had none and is gone.
    """

    added: dict[str, dict[str, str]]
    changed: dict[str, dict[str, tuple[str, str]]]
    removed: dict[str, tuple[str, ...]]

    def as_json(self) -> dict[str, Any]:
        """For a transcript."""
        return dataclasses.asdict(self)

    def lines(self) -> list[str]:
        """One line a domain, `restaurant: food = thai, area removed`; none where nothing is new."""
        domains = dict.fromkeys((*self.added, *self.changed, *self.removed))
        return [self._line(domain) for domain in domains]

    def _line(self, domain: str) -> str:
        parts = [f"{slot} = {value}" for slot, value in self.added.get(domain, {}).items()]
        parts += [f"{slot} = {now} (was {was})" for slot, (was, now) in self.changed.get(domain, {}).items()]
        parts += [f"{slot} removed" for slot in self.removed.get(domain, ())]
        if parts:
            return f"{domain}: {', '.join(parts)}"
        return f"{domain} removed" if domain in self.removed else domain


def understood(before: BeliefState, after: BeliefState) -> Understood:
    """How a turn changed the belief state; of several spellings of a value the first counts.

    Args:
      before: the state of the turn before; empty for the first turn.
      after: the state of this turn.
    """
    old, new = _values(before), _values(after)
    added, changed, removed = {}, {}, {}
    for domain in (*new, *(one for one in old if one not in new)):
        was, now = old.get(domain, {}), new.get(domain, {})
        more = {slot: value for slot, value in now.items() if slot not in was}
        other = {slot: (was[slot], value) for slot, value in now.items() if slot in was and was[slot] != value}
        gone = tuple(slot for slot in was if slot not in now)
        if more or domain not in old:
            added[domain] = more
        if other:
            changed[domain] = other
        if gone or domain not in new:
            removed[domain] = gone
    return Understood(added, changed, removed)


def _values(state: BeliefState) -> dict[str, dict[str, str]]:
    return {domain: {slot: values[0] for slot, values in slots.items() if values} for domain, slots in state.items()}
