"""A dialog act of the simulated world: exchanged by user and system before it is put into words."""

import dataclasses

from space_jax.corpora.simulated.schema import GENERAL


@dataclasses.dataclass(frozen=True, slots=True)
class DialogAct:
    """One act of a turn.

    Attributes:
      act: a unified dialog act (`space_jax.dialogue.acts.ACTS`).
      domain: the domain it is about, or `GENERAL`.
      slots: (slot, canonical value) pairs; None for a value that is only requested or left open.
      kind: picks the wording among those of `act`. Neither user nor policy depends on it, so that a trained agent,
        which does not know it, can replace either.
    """

    act: str
    domain: str = GENERAL
    slots: tuple[tuple[str, str | None], ...] = ()
    kind: str = ""

    def value(self, slot: str) -> str | None:
        """The value of `slot`, or None."""
        return next((value for name, value in self.slots if name == slot), None)

    def slot_names(self) -> tuple[str, ...]:
        """The names of the act's slots, in order."""
        return tuple(name for name, _ in self.slots)


def slots_of(values: dict[str, str]) -> tuple[tuple[str, str | None], ...]:
    """Turns a mapping into an act's slots."""
    return tuple(values.items())
