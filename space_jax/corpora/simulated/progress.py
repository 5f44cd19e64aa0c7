"""A user's progress towards the goal in one domain, and whether it is met."""

import dataclasses

from space_jax.corpora.simulated.database import Database
from space_jax.corpora.simulated.goal import DomainGoal
from space_jax.corpora.simulated.schema import NAME


@dataclasses.dataclass
class Progress:
    """A user's progress in one domain.

    Attributes:
      goal: the wishes.
      constraints: the current constraints: those of the goal, with the fallback once it was needed.
      booking: the current booking values.
      said: slots that the user has mentioned.
      tried: entities that were proposed and not taken.
      name: the accepted entity, or None.
      answers: the system's answers about the accepted entity.
      reference: the booking's reference, or None.
      given_up: whether the user has dropped this domain.
      used: which of the goal's fallbacks and changes were used up.
    """

    goal: DomainGoal
    constraints: dict[str, str]
    booking: dict[str, str]
    said: set[str] = dataclasses.field(default_factory=set)
    tried: list[str] = dataclasses.field(default_factory=list)
    name: str | None = None
    answers: dict[str, str] = dataclasses.field(default_factory=dict)
    reference: str | None = None
    given_up: bool = False
    used: set[str] = dataclasses.field(default_factory=set)

    def unsaid(self) -> dict[str, str]:
        """The constraints that the user has not mentioned yet."""
        return {slot: value for slot, value in self.constraints.items() if slot not in self.said}

    def unanswered(self) -> tuple[str, ...]:
        """The slots that the user still has to ask for."""
        return tuple(slot for slot in self.goal.requests if slot not in self.answers)

    def finished(self) -> bool:
        """Whether nothing is left to do in this domain, met or not."""
        if self.given_up:
            return True
        booked = self.reference is not None or not self.booking
        return self.name is not None and not self.unanswered() and booked

    def met(self, database: Database) -> bool:
        """Whether the wishes were met, judged by the database, not by the system's claims.

        Args:
          database: the world's entities.

        Returns:
          True if an entity was accepted that fits every constraint, every question was answered rightly, and the
          booking, if one was wanted, was possible and carries its reference.
        """
        entity = database.find(self.goal.domain, self.name) if self.name else None
        if entity is None or self.given_up or any(entity[slot] != value for slot, value in self.constraints.items()):
            return False
        if any(self.answers.get(slot) != entity[slot] for slot in self.goal.requests):
            return False
        if not self.booking:
            return True
        possible = database.available(self.goal.domain, entity[NAME], self.booking)
        return possible and self.reference == database.reference(self.goal.domain, entity[NAME], self.booking)
