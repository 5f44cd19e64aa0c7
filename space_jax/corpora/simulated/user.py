"""The user simulator: an agenda over a goal that answers the system's dialog acts with its own.

It reads only acts (no wording, no belief state), so that it can serve any system that speaks in unified acts.
"""

import random

from space_jax.corpora.simulated.acts import DialogAct, slots_of
from space_jax.corpora.simulated.goal import REFERS_TO, DomainGoal, Goal
from space_jax.corpora.simulated.progress import Progress
from space_jax.corpora.simulated.schema import DOMAINS, LANDMARKS, NAME, REFERENCE

Acts = tuple[DialogAct, ...]

MAX_USER_TURNS = 12
"""After this many turns the user loses patience and leaves."""

_MISHEARD = 0.02  # share of system turns that the user asks the system to repeat
_NOT_FACTS = (NAME, REFERENCE, "count")


class User:
    """A user with a goal.

    Attributes:
      progress: one entry for each domain that was begun, in order.
      done: whether the user has said goodbye.
    """

    def __init__(self, goal: Goal, rng: random.Random) -> None:
        self.progress: list[Progress] = []
        self.done = False
        self._waiting = list(goal.domains)
        self._rng = rng
        self._turns = 0
        self._last: Acts = ()

    def respond(self, system_acts: Acts) -> Acts:
        """The user's acts after the system's; pass no acts for the first turn.

        Args:
          system_acts: the acts of the system's last turn.

        Returns:
          One or more acts.
        """
        self._turns += 1
        heard = {act.act for act in system_acts}
        if "dont_understand" in heard and self._turns < MAX_USER_TURNS:
            return (DialogAct("repeat"), *(act for act in self._last if act.act not in ("hi", "repeat")))
        asked_again = {act.act for act in self._last} <= {"repeat", "dont_understand"}
        listening = asked_again or self._turns >= MAX_USER_TURNS
        if self._last and not listening and "direct" not in heard and self._rng.random() < _MISHEARD:
            self._last = (DialogAct(self._rng.choice(("repeat", "dont_understand"))),)
            return self._last
        for act in system_acts:
            self._note(act)
        if self._turns >= MAX_USER_TURNS:
            acts = self._leave(self._lose_patience())
        elif not system_acts and self._rng.random() < 0.1:
            acts = (DialogAct("hi"),)
        else:
            greeting = (DialogAct("hi"),) if not system_acts and self._rng.random() < 0.4 else ()
            acts = greeting + self._react({act.act: act for act in system_acts})
        self._last = acts
        return acts

    def _note(self, act: DialogAct) -> None:
        """Records the system's answers about the current domain."""
        if not self.progress or act.domain != self.progress[-1].goal.domain:
            return
        current = self.progress[-1]
        if act.act in ("inform", "propose"):
            current.answers.update({slot: value for slot, value in act.slots if value and slot not in _NOT_FACTS})
        elif act.act == "notify_success":
            current.reference = act.value(REFERENCE) or current.reference

    def _react(self, heard: dict[str, DialogAct]) -> Acts:
        if not self.progress or self.progress[-1].finished():
            return self._next(heard)
        current = self.progress[-1]
        for act, reaction in (
            ("notify_failure", self._failed),
            ("expl_confirm", self._check),
            ("request", self._answer),
            ("select", self._choose),
            ("propose", self._consider),
            ("offer", self._offered),
        ):
            if act in heard and heard[act].domain == current.goal.domain:
                return reaction(current, heard[act], heard)
        return self._pursue(current, heard)

    def _next(self, heard: dict[str, DialogAct]) -> Acts:
        """The current domain is over: thanks, the next domain, or goodbye."""
        refusal: Acts = ()
        if "offer" in heard and self.progress and not self.progress[-1].booking:
            refusal = (DialogAct("negate", self.progress[-1].goal.domain, kind="booking"),)
        if not self._waiting:
            return self._leave(refusal or ((DialogAct("negate"),) if "direct" in heard else ()))
        if self.progress and not refusal and "direct" not in heard and self._rng.random() < 0.25:
            return (DialogAct("thank_you"),)
        thanks: Acts = ()
        if "direct" in heard and self.progress:
            thanks = (DialogAct("affirm"),) if self._rng.random() < 0.4 else ()
        elif self.progress and self._rng.random() < 0.6:
            thanks = (DialogAct("thank_you"),)
        return refusal + thanks + self._open(self._waiting.pop(0))

    def _lose_patience(self) -> Acts:
        if not self.progress or (self.progress[-1].finished() and not self._waiting):
            return ()
        return (DialogAct("negate", self.progress[-1].goal.domain, kind="patience"),)

    def _leave(self, before: Acts) -> Acts:
        self.done = True
        thanks = (DialogAct("thank_you"),) if self._rng.random() < 0.88 else ()
        return (*before, *thanks, DialogAct("bye"))

    def _open(self, goal: DomainGoal) -> Acts:
        current = Progress(goal, dict(goal.constraints), {slot: self._place(v) for slot, v in goal.booking.items()})
        self.progress.append(current)
        slots = list(current.constraints)
        if goal.domain != "train" or self._rng.random() < 0.3:
            slots = [slot for slot in slots if self._rng.random() < 0.6]
        told = {slot: current.constraints[slot] for slot in slots}
        if goal.domain == "taxi":  # people name the ride, not the car
            ride = ("departure", "destination", "time") if self._rng.random() < 0.5 else ("departure", "destination")
            told |= {slot: current.booking[slot] for slot in ride}
        return (self._inform(current, told, "open"),)

    def _place(self, value: str) -> str:
        """The entity that a booking value such as "@hotel" stands for; a landmark where none was found."""
        if not value.startswith(REFERS_TO):
            return value
        found = [one.name for one in self.progress if one.goal.domain == value[1:] and one.name and not one.given_up]
        return found[0] if found else self._rng.choice(LANDMARKS[5:])

    def _inform(self, current: Progress, values: dict[str, str], kind: str) -> DialogAct:
        current.said |= set(values)
        return DialogAct("inform", current.goal.domain, slots_of(values), kind)

    def _failed(self, current: Progress, act: DialogAct, heard: dict[str, DialogAct]) -> Acts:
        goal = current.goal
        if current.name is not None:
            return self._turned_down(current)
        if current.tried:  # no other option: the first one will do
            current.name = current.tried[0]
            return (DialogAct("select", goal.domain, ((NAME, current.name),), "back"),)
        if goal.fallback and "fallback" not in current.used:
            current.used.add("fallback")
            current.constraints |= goal.fallback
            return (self._inform(current, goal.fallback, "instead"),)
        current.given_up = True
        return (DialogAct("negate", goal.domain, kind="give_up"), *self._next({}))

    def _turned_down(self, current: Progress) -> Acts:
        goal = current.goal
        if goal.booking_fallback and "booking_fallback" not in current.used:
            current.used.add("booking_fallback")
            current.booking |= goal.booking_fallback
            return (self._inform(current, goal.booking_fallback, "instead"),)
        if "elsewhere" not in current.used and self._rng.random() < 0.5:
            current.used.add("elsewhere")
            current.name = None
            current.answers.clear()
            return (DialogAct("reqalts", goal.domain),)
        current.given_up = True
        return (DialogAct("negate", goal.domain, kind="give_up"), *self._next({}))

    def _check(self, current: Progress, act: DialogAct, heard: dict[str, DialogAct]) -> Acts:
        wanted = current.constraints | current.booking
        wrong = {slot: wanted[slot] for slot, value in act.slots if slot in wanted and wanted[slot] != value}
        change = current.goal.change
        if not wrong and change and "change" not in current.used and set(change) <= set(act.slot_names()):
            current.used.add("change")
            current.booking |= change
            wrong = {slot: value for slot, value in change.items() if act.value(slot) != value}
        if wrong:
            return (DialogAct("negate", act.domain, kind="wrong"), self._inform(current, wrong, "correct"))
        return (DialogAct("affirm", act.domain, kind="right"),)

    def _answer(self, current: Progress, act: DialogAct, heard: dict[str, DialogAct]) -> Acts:
        if "propose" in heard and current.name is None:
            current.name = heard["propose"].value(NAME)
        wanted = current.constraints | current.booking
        asked = act.slot_names()
        if not current.booking and all(slot in DOMAINS[act.domain].booking for slot in asked):
            return (DialogAct("negate", act.domain, kind="booking"), *self._pursue(current, {}))
        known = {slot: wanted[slot] for slot in asked if slot in wanted}
        if known and self._rng.random() < 0.35:
            pool = current.booking if set(known) <= set(current.booking) else current.constraints
            known |= {slot: value for slot, value in pool.items() if slot not in current.said}
        acts: Acts = (self._inform(current, known, "answer"),) if known else ()
        unknown = tuple((slot, None) for slot in asked if slot not in wanted)
        return (*acts, DialogAct("not_sure", act.domain, unknown)) if unknown else acts

    def _choose(self, current: Progress, act: DialogAct, heard: dict[str, DialogAct]) -> Acts:
        if current.unsaid():
            return (self._inform(current, current.unsaid(), "also"),)
        current.name = self._rng.choice([value for slot, value in act.slots if slot == NAME and value])
        choice = DialogAct("select", current.goal.domain, ((NAME, current.name),))
        return (choice, *self._wishes(current)) if self._rng.random() < 0.6 else (choice,)

    def _consider(self, current: Progress, act: DialogAct, heard: dict[str, DialogAct]) -> Acts:
        seen = {slot: value for slot, value in act.slots if value}
        unmet = {slot: value for slot, value in current.unsaid().items() if seen.get(slot) != value}
        wrong = {slot: v for slot, v in current.constraints.items() if slot in seen and seen[slot] != v}
        if unmet or wrong:
            current.answers.clear()
            return (self._inform(current, unmet | wrong, "also"),)
        name = act.value(NAME)
        if current.goal.picky and not current.tried and name:
            current.tried.append(name)
            current.answers.clear()
            return (DialogAct("reqalts", current.goal.domain),)
        current.name = name
        if "offer" in heard:
            return self._offered(current, heard["offer"], heard)
        agree = (DialogAct("affirm", current.goal.domain, kind="accept"),)
        wishes = self._wishes(current)
        if not wishes:
            return agree
        return agree + wishes if self._rng.random() < 0.6 else wishes

    def _offered(self, current: Progress, act: DialogAct, heard: dict[str, DialogAct]) -> Acts:
        if current.unanswered() and (not current.booking or self._rng.random() < 0.5):
            return self._wishes(current) or (DialogAct("negate", act.domain, kind="booking"),)
        if not current.booking or current.reference:
            return (DialogAct("negate", act.domain, kind="booking"),)
        agree = (DialogAct("affirm", act.domain, kind="booking"),)
        return agree if self._rng.random() < 0.3 else (*agree, self._booking(current))

    def _booking(self, current: Progress) -> DialogAct:
        slots = list(current.booking)
        if self._rng.random() < 0.4:
            slots = sorted(self._rng.sample(slots, self._rng.randint(1, len(slots))), key=slots.index)
        return self._inform(current, {slot: current.booking[slot] for slot in slots}, "booking")

    def _wishes(self, current: Progress) -> Acts:
        """Questions first, then the booking; nothing if neither is left."""
        open_questions = current.unanswered()
        if open_questions:
            count = 1 if self._rng.random() < 0.25 else 2
            return (DialogAct("request", current.goal.domain, tuple((slot, None) for slot in open_questions[:count])),)
        if current.booking and current.reference is None and not set(current.booking) <= current.said:
            return (self._booking(current),)
        return ()

    def _pursue(self, current: Progress, heard: dict[str, DialogAct]) -> Acts:
        if current.name is not None:
            wishes = self._wishes(current)
            if not wishes and current.booking and current.reference is None:
                wishes = (self._inform(current, current.booking, "booking"),)
            thanks = (DialogAct("thank_you"),) if "inform" in heard and self._rng.random() < 0.3 else ()
            return thanks + wishes or self._next(heard)
        return (self._inform(current, current.constraints, "again"),)
