"""The goal of a simulated user: constraints, questions, perhaps a booking, in one to three domains."""

import dataclasses
import random
from collections.abc import Sequence

from space_jax.corpora.simulated.database import Database
from space_jax.corpora.simulated.schema import DOMAINS, LANDMARKS, Domain

REFERS_TO = "@"
"""A booking value "@hotel" stands for the name of the hotel that the dialogue settled on."""

_PLACES = ("restaurant", "hotel", "attraction")
_SECOND_CHANCE = {"restaurant": ("day", "time"), "hotel": ("day", "nights"), "train": ("day",), "cinema": ("day",),
                  "doctor": ("day", "time"), "taxi": ("time",)}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class DomainGoal:
    """The wishes in one domain.

    Attributes:
      domain: the domain's name.
      constraints: search slot to canonical value; the user has no preference in the others.
      fallback: replaces part of `constraints` when nothing matches; empty for a user who then gives up.
      requests: slots whose value the user asks for.
      booking: every booking slot's value, or empty where the user wants no booking.
      booking_fallback: replaces part of `booking` when it is turned down; empty for a user who then gives up.
      change: booking values that the user changes when asked to confirm.
      picky: whether the user asks for another option before accepting one.
    """

    domain: str
    constraints: dict[str, str]
    fallback: dict[str, str]
    requests: tuple[str, ...]
    booking: dict[str, str]
    booking_fallback: dict[str, str]
    change: dict[str, str]
    picky: bool


@dataclasses.dataclass(frozen=True)
class Goal:
    """The wishes of one user, in the order in which they are brought up."""

    domains: tuple[DomainGoal, ...]


def draw_goal(rng: random.Random, database: Database, domains: Sequence[str] = tuple(DOMAINS)) -> Goal:
    """Draws a user's goal.

    Args:
      rng: the source of randomness.
      database: the world's entities; three goals in four match one of them.
      domains: what users ask about.

    Returns:
      A goal of one to three domains.
    """
    count = rng.choices((1, 2, 3), weights=(53, 44, 3))[0]
    chosen = rng.sample(tuple(domains), min(count, len(domains)))
    if "taxi" in chosen:  # a ride comes last, it goes to or from what was found before
        chosen.remove("taxi")
        chosen.append("taxi")
    shared: dict[str, str] = {}
    goals = []
    for name in chosen:
        goals.append(_draw_domain(rng, database, DOMAINS[name], shared, chosen))
        shared.update({slot: value for slot, value in goals[-1].booking.items() if slot in ("people", "day")})
    return Goal(tuple(goals))


def _draw_domain(
    rng: random.Random, database: Database, domain: Domain, shared: dict[str, str], chosen: list[str]
) -> DomainGoal:
    constraints = _draw_constraints(rng, database, domain)
    fallback: dict[str, str] = {}
    if not database.query(domain.name, constraints) and rng.random() < 0.65:
        fallback = _draw_fallback(rng, database, domain, constraints)
    booking: dict[str, str] = {}
    if domain.bookable and (domain.name == "taxi" or rng.random() < (0.7 if len(chosen) == 1 else 0.5)):
        booking = _draw_booking(rng, domain, shared, chosen)
    open_slots = [slot for slot in domain.search if slot not in constraints and domain.name != "taxi"]
    requests = rng.sample(
        (*domain.facts, *open_slots),
        rng.choices((0, 1, 2, 3), weights=(25, 35, 30, 10) if len(chosen) == 1 else (40, 40, 20, 0))[0],
    )
    if not booking and not requests:
        requests = [rng.choice(domain.facts)]
    second = _other_value(rng, domain, booking) if booking and rng.random() < 0.7 else {}
    change = _other_value(rng, domain, booking) if booking and rng.random() < 0.1 else {}
    return DomainGoal(
        domain.name, constraints, fallback, tuple(requests), booking, second, change, picky=rng.random() < 0.12
    )


def _draw_constraints(rng: random.Random, database: Database, domain: Domain) -> dict[str, str]:
    slots = list(domain.search)
    if domain.name == "train":
        wanted = slots if rng.random() < 0.6 else slots[:2]
    elif domain.name == "taxi":
        wanted = slots if rng.random() < 0.4 else []
    else:
        wanted = sorted(rng.sample(slots, rng.randint(1, len(slots))), key=slots.index)
    if domain.name in ("train", "taxi") or rng.random() < 0.7:
        entity = rng.choice(database.entities[domain.name])
        constraints = {slot: entity[slot] for slot in wanted}
        if domain.name == "train" and "period" in constraints:  # routes always exist, the time of day may not
            constraints["period"] = rng.choice(domain.search["period"])
        return constraints
    return {slot: rng.choice(domain.search[slot]) for slot in wanted}


def _draw_fallback(
    rng: random.Random, database: Database, domain: Domain, constraints: dict[str, str]
) -> dict[str, str]:
    """One slot's change that makes the constraints satisfiable; empty if there is none."""
    options = [
        {slot: value}
        for slot in constraints
        for value in domain.search[slot]
        if not (domain.name == "train" and slot != "period")
        and database.query(domain.name, constraints | {slot: value})
    ]
    return rng.choice(options) if options else {}


def _draw_booking(rng: random.Random, domain: Domain, shared: dict[str, str], chosen: list[str]) -> dict[str, str]:
    booking = {slot: rng.choice(values) for slot, values in domain.booking.items()}
    for slot in booking:
        if slot in shared and shared[slot] in domain.booking[slot]:
            booking[slot] = shared[slot]
    if domain.name == "taxi":
        places = [REFERS_TO + name for name in chosen if name in _PLACES]
        ends = (places + rng.sample(LANDMARKS, 2))[:2]
        rng.shuffle(ends)
        booking["departure"], booking["destination"] = ends
    return booking


def _other_value(rng: random.Random, domain: Domain, booking: dict[str, str]) -> dict[str, str]:
    slot = rng.choice(_SECOND_CHANCE[domain.name])
    return {slot: rng.choice([value for value in domain.booking[slot] if value != booking[slot]])}
