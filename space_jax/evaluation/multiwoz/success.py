"""Inform and Success: did the system offer the right venue, and provide everything that the user asked for?

Source: Budzianowski et al., "MultiWOZ", EMNLP 2018, in the standardised form of Nekvinda and Dušek, "Shades of BLEU,
Flavours of Success: The Case of MultiWOZ", GEM 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from space_jax.evaluation.multiwoz.database import Database
from space_jax.evaluation.multiwoz.goals import REFERENCE, REQUESTABLE, Goal
from space_jax.evaluation.multiwoz.source import TestDialogue
from space_jax.evaluation.multiwoz.values import State

_OFFERING = {"restaurant": "NAME", "hotel": "NAME", "attraction": "NAME", "train": "TRAINID"}
_ALWAYS_MATCHED = frozenset({"taxi", "police", "hospital"})
_TOLD = frozenset(REQUESTABLE.values()) | {REFERENCE}


@dataclass(frozen=True)
class SystemTurn:
    """One turn for the rates: normalised response and state, and the domains it is about."""

    response: str
    state: State
    domains: frozenset[str]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a dialogue, for each domain of its goal."""

    informed: dict[str, bool]
    provided: dict[str, bool]

    @property
    def inform(self) -> bool:
        """Whether every domain has a fitting offer."""
        return all(self.informed.values())

    @property
    def success(self) -> bool:
        """Whether every requested slot was also provided."""
        return self.inform and all(self.provided.values())

    def domain_success(self, domain: str) -> bool:
        """Success of one domain; none where the dialogue failed to inform."""
        return self.inform and self.provided[domain]


def judge(turns: Sequence[SystemTurn], dialogue: TestDialogue, database: Database) -> Outcome:
    """Whether a dialogue reaches its goals.

    Args:
      turns: the system's, at most as many as the dialogue has.
      dialogue: goals and bookings.
      database: to look up venues in.
    """
    informed, provided = {}, {}
    for domain, goal in dialogue.goals.items():
        offer: tuple[str, ...] = ()
        told: set[str] = set()
        for turn, booked in zip(turns, dialogue.booked, strict=False):
            if domain not in turn.domains:
                continue
            offer = _offer(offer, turn, domain, database)
            told.update(slot for slot in _TOLD if slot in turn.response and (slot != REFERENCE or domain in booked))
        informed[domain] = _is_matched(domain, goal, offer, database)
        provided[domain] = goal.requested <= told
    return Outcome(informed, provided)


def _offer(offer: tuple[str, ...], turn: SystemTurn, domain: str, database: Database) -> tuple[str, ...]:
    """The offer after a turn; it stays while all of it fits the later constraints."""
    if domain not in _OFFERING or _OFFERING[domain] not in turn.response:
        return offer
    found = database.query(domain, turn.state[domain]) if domain in turn.state else ()
    return offer if offer and set(offer) <= set(found) else found


def _is_matched(domain: str, goal: Goal, offer: tuple[str, ...], database: Database) -> bool:
    if "name" in goal.constraints or domain in _ALWAYS_MATCHED:
        return True
    if not offer:
        return domain == "train" and "TRAINID" not in goal.requested
    return set(offer) <= set(database.query(domain, goal.constraints))
