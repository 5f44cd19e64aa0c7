"""The system's hand-written policy: dialog acts from the tracker's state and the database's results."""

import dataclasses
import random

from space_jax.corpora.simulated.acts import DialogAct, slots_of
from space_jax.corpora.simulated.database import Database, Entity
from space_jax.corpora.simulated.schema import DOMAINS, DONT_CARE, NAME, REFERENCE
from space_jax.corpora.simulated.tracker import Tracker

Acts = tuple[DialogAct, ...]

_MUST_ASK = {"train": ("departure", "destination")}
_ASKS = {"taxi": 0.35, "train": 0.6}  # probability of asking for an optional search slot; 0.7 elsewhere


@dataclasses.dataclass(frozen=True, slots=True)
class Manner:
    """A clerk's manner of serving.

    Attributes:
      mishears: share of user turns that it asks the user to repeat.
      most_asked: optional search slots that it asks for in one domain before it suggests something.
      checks_search: how often it confirms search constraints.
      checks_booking: how often it confirms bookings.
    """

    mishears: float
    most_asked: int
    checks_search: float
    checks_booking: float


PATIENT = Manner(mishears=0.02, most_asked=2, checks_search=0.08, checks_booking=0.4)
"""The clerk of the corpus, who covers all behaviour."""

BRISK = Manner(mishears=0.0, most_asked=0, checks_search=0.0, checks_booking=0.0)
"""A clerk who asks only for what is needed."""


def respond(tracker: Tracker, database: Database, rng: random.Random, manner: Manner = PATIENT) -> Acts:
    """The system's acts after the user's turn that the tracker has just heard.

    Args:
      tracker: the dialogue so far.
      database: the entities to choose from.
      rng: the source of randomness, for choosing among several sensible acts.
      manner: how the clerk serves.

    Returns:
      One or more acts.
    """
    said = {act.act for act in tracker.user_acts}
    if "bye" in said:
        return _take_leave(said, rng)
    if said <= {"repeat", "dont_understand"}:
        return (DialogAct("repeat"), *(act for act in tracker.system_acts if act.act not in ("hi", "repeat")))
    if "repeat" not in said and tracker.domain is not None and rng.random() < manner.mishears:
        return (DialogAct("dont_understand"),) + ((DialogAct("repeat"),) if rng.random() < 0.5 else ())
    if tracker.domain is None or said == {"hi"}:
        return (DialogAct("hi"), DialogAct("direct", kind="help"))
    if said == {"thank_you"}:
        return (DialogAct("welcome"), DialogAct("direct"))
    greeting = (DialogAct("hi"),) if "hi" in said and rng.random() < 0.5 else ()
    return greeting + _pursue(tracker, database, rng, tracker.domain, manner)


def _take_leave(said: set[str], rng: random.Random) -> Acts:
    acts: Acts = ()
    if "thank_you" in said and rng.random() < 0.65:
        acts += (DialogAct("welcome"),)
    if rng.random() < 0.3:
        acts += (DialogAct("thank_you"),)
    return (*acts, DialogAct("bye"))


def _pursue(tracker: Tracker, database: Database, rng: random.Random, domain: str, manner: Manner) -> Acts:
    name = tracker.beliefs[domain].get(NAME)
    entity = database.find(domain, name) if name else None
    if entity is None:
        return _search(tracker, database, rng, domain, manner)
    told: Acts = ()
    if tracker.questions:
        facts = {slot: entity[slot] for slot in tracker.questions if slot in entity}
        told = (DialogAct("inform", domain, slots_of(facts), "facts"),)
    if domain in tracker.wants_booking and domain not in tracker.booked:
        booking = tracker.booking(domain)
        if told and len(booking) == len(DOMAINS[domain].booking):  # a question is not an order: confirm before booking
            return (*told, DialogAct("expl_confirm", domain, slots_of(booking), "booking"))
        return told + _book(tracker, database, rng, domain, entity, manner)
    if DOMAINS[domain].bookable and domain not in tracker.booked | dict.fromkeys(tracker.offered):
        if not told or rng.random() < 0.5:
            return (*told, DialogAct("offer", domain, kind="booking"))
        return told
    if told and rng.random() < 0.4:
        return told
    return (*told, DialogAct("direct"))


def _search(tracker: Tracker, database: Database, rng: random.Random, domain: str, manner: Manner) -> Acts:
    known = tracker.search(domain)
    matches = [
        entity for entity in database.query(domain, known) if entity[NAME] not in tracker.rejected.get(domain, ())
    ]
    missing = [slot for slot in DOMAINS[domain].search if slot not in known]
    needed = [slot for slot in missing if slot in _MUST_ASK.get(domain, ())]
    if not matches and not needed:
        return _no_match(tracker, rng, domain, known)
    fresh = _just_said(tracker, domain, known)
    if needed:
        return (*_echo(domain, fresh, rng), DialogAct("request", domain, tuple((slot, None) for slot in needed)))
    unasked = [slot for slot in missing if slot not in tracker.asked.get(domain, ())]
    tired = len(tracker.asked.get(domain, ())) >= manner.most_asked or domain in tracker.rejected
    if unasked and not tired and len(matches) > 2 and rng.random() < _ASKS.get(domain, 0.7):
        return _narrow(tracker, rng, domain, unasked, fresh, len(matches))
    certain = {slot: value for slot, value in known.items() if value != DONT_CARE}
    unchecked = domain not in tracker.confirmed and domain not in tracker.proposed
    if len(certain) > 1 and unchecked and rng.random() < manner.checks_search:
        return (DialogAct("expl_confirm", domain, slots_of(certain), "search"),)
    return _suggest(tracker, rng, domain, matches)


def _no_match(tracker: Tracker, rng: random.Random, domain: str, known: dict[str, str]) -> Acts:
    certain = {slot: value for slot, value in known.items() if value != DONT_CARE}
    kind = "no_more" if tracker.rejected.get(domain) else "no_match"
    acts: Acts = (DialogAct("notify_failure", domain, slots_of(certain), kind),)
    return (*acts, DialogAct("direct", domain, kind="another")) if rng.random() < 0.5 else acts


def _narrow(
    tracker: Tracker, rng: random.Random, domain: str, unasked: list[str], fresh: dict[str, str], count: int
) -> Acts:
    asked = rng.sample(unasked, 2 if len(unasked) > 1 and rng.random() < 0.2 else 1)
    lead = _echo(domain, fresh, rng)
    if not lead and rng.random() < 0.25:
        lead = _count(tracker, domain, count)
    return (*lead, DialogAct("request", domain, tuple((slot, None) for slot in asked)))


def _count(tracker: Tracker, domain: str, count: int) -> Acts:
    """The number of matches; nothing if it was just said, or for cars for hire."""
    if domain == "taxi" or tracker.counted.get(domain) == str(count):
        return ()
    return (DialogAct("inform", domain, (("count", str(count)),), "count"),)


def _suggest(tracker: Tracker, rng: random.Random, domain: str, matches: list[Entity]) -> Acts:
    lead: Acts = ()
    if len(matches) > 1 and not tracker.rejected.get(domain) and rng.random() < 0.3:
        lead = _count(tracker, domain, len(matches))
    if lead and rng.random() < 0.4:
        pair = rng.sample(matches, 2)
        return (*lead, DialogAct("select", domain, tuple((NAME, entity[NAME]) for entity in pair)))
    entity = rng.choice(matches)
    shown = {NAME: entity[NAME]} | {slot: entity[slot] for slot in DOMAINS[domain].highlights}
    if domain not in ("train", "cinema") and rng.random() < 0.35:
        shown = {NAME: entity[NAME]}
    propose = DialogAct("propose", domain, slots_of(shown))
    offer = DOMAINS[domain].bookable and domain not in tracker.wants_booking and rng.random() < 0.15
    return (*lead, propose, DialogAct("offer", domain, kind="booking")) if offer else (*lead, propose)


def _book(
    tracker: Tracker, database: Database, rng: random.Random, domain: str, entity: Entity, manner: Manner
) -> Acts:
    booking = tracker.booking(domain)
    missing = [slot for slot in DOMAINS[domain].booking if slot not in booking]
    if missing:
        asked = missing if rng.random() < 0.6 else missing[:1]
        lead = _echo(domain, _just_said(tracker, domain, booking), rng)
        return (*lead, DialogAct("request", domain, tuple((slot, None) for slot in asked)))
    checked = tracker.confirmed.get(domain) == booking or _just_corrected(tracker)
    if not checked and rng.random() < manner.checks_booking:
        return (DialogAct("expl_confirm", domain, slots_of(booking), "booking"),)
    if not database.available(domain, entity[NAME], booking):
        turned_down = {slot: value for slot, value in booking.items() if slot in ("day", "time")}
        failure: Acts = (DialogAct("notify_failure", domain, slots_of(turned_down), "booking"),)
        return (*failure, DialogAct("direct", domain, kind="other_time")) if rng.random() < 0.5 else failure
    reference = {REFERENCE: database.reference(domain, entity[NAME], booking)}
    shown = reference if rng.random() < 0.6 else {NAME: entity[NAME]} | booking | reference
    success: Acts = (DialogAct("notify_success", domain, slots_of(shown)),)
    return (*success, DialogAct("direct")) if rng.random() < 0.5 else success


def _just_said(tracker: Tracker, domain: str, known: dict[str, str]) -> dict[str, str]:
    said = {
        slot for act in tracker.user_acts if act.act == "inform" and act.domain == domain for slot in act.slot_names()
    }
    return {slot: value for slot, value in known.items() if slot in said and value != DONT_CARE}


def _just_corrected(tracker: Tracker) -> bool:
    return any(act.act == "expl_confirm" for act in tracker.system_acts)


def _echo(domain: str, fresh: dict[str, str], rng: random.Random) -> Acts:
    return (DialogAct("impl_confirm", domain, slots_of(fresh)),) if fresh and rng.random() < 0.35 else ()
