"""The system's state of a dialogue: the belief state and the entities proposed, rejected and booked.

The tracker reads the user's dialog acts, and the system's own; it knows nothing of the user's goal.
"""

from space_jax.corpora.simulated.acts import DialogAct
from space_jax.corpora.simulated.schema import DOMAINS, DONT_CARE, GENERAL, NAME, REFERENCE
from space_jax.dialogue.record import BeliefState

_EMPTY_TURNS = ("dont_understand",)  # a system turn that leaves the earlier question open


class Tracker:
    """The dialogue so far, from the system's side.

    Attributes:
      beliefs: domain -> slot -> canonical value, cumulative; an accepted entity is the value of the slot `name`.
      domain: the user's current domain, or None.
      user_acts: the user's last acts.
      system_acts: the system's last acts with content.
      questions: slots that the user has just asked about.
      proposed: domain -> the entity proposed last.
      rejected: domain -> entities that the user has turned down.
      booked: domain -> reference of the booking.
      wants_booking: domains in which the user asked for a booking, or agreed to one.
      offered: domains in which the system has offered a booking.
      confirmed: domain -> the values that the user has confirmed.
      asked: domain -> slots that the system has requested.
      counted: domain -> the number of matches that the system gave last.
    """

    def __init__(self) -> None:
        self.beliefs: dict[str, dict[str, str]] = {}
        self.domain: str | None = None
        self.user_acts: tuple[DialogAct, ...] = ()
        self.system_acts: tuple[DialogAct, ...] = ()
        self.questions: list[str] = []
        self.proposed: dict[str, str] = {}
        self.rejected: dict[str, set[str]] = {}
        self.booked: dict[str, str] = {}
        self.wants_booking: set[str] = set()
        self.offered: set[str] = set()
        self.confirmed: dict[str, dict[str, str]] = {}
        self.asked: dict[str, set[str]] = {}
        self.counted: dict[str, str] = {}

    def belief_state(self) -> BeliefState:
        """The belief state in the form of dialogue records; a domain that was only mentioned has no slots."""
        return {domain: {slot: (value,) for slot, value in slots.items()} for domain, slots in self.beliefs.items()}

    def search(self, domain: str) -> dict[str, str]:
        """The believed search constraints of a domain."""
        return {slot: value for slot, value in self.beliefs.get(domain, {}).items() if slot in DOMAINS[domain].search}

    def booking(self, domain: str) -> dict[str, str]:
        """The believed booking values of a domain."""
        beliefs = self.beliefs.get(domain, {})
        return {slot: beliefs[slot] for slot in DOMAINS[domain].booking if slot in beliefs}

    def hear_user(self, acts: tuple[DialogAct, ...]) -> None:
        """Updates the belief state with the user's acts."""
        self.user_acts = acts
        self.questions = []
        for act in acts:
            if act.domain != GENERAL:
                self.domain = act.domain
                self.beliefs.setdefault(act.domain, {})
                self._hear(act)
        if self.domain is not None:
            self._settle(self.domain)

    def hear_system(self, acts: tuple[DialogAct, ...]) -> None:
        """Records the system's acts."""
        if acts[0].act in _EMPTY_TURNS:
            return
        self.system_acts = acts
        for act in acts:
            name, reference = act.value(NAME), act.value(REFERENCE)
            if act.act == "propose" and name:
                self.proposed[act.domain] = name
            elif act.act == "offer":
                self.offered.add(act.domain)
            elif act.act == "request":
                self.asked.setdefault(act.domain, set()).update(act.slot_names())
            elif act.act == "inform":
                self.counted[act.domain] = act.value("count") or self.counted.get(act.domain, "")
            elif act.act == "notify_success" and reference:
                self.booked[act.domain] = reference

    def _hear(self, act: DialogAct) -> None:
        domain, beliefs = DOMAINS[act.domain], self.beliefs[act.domain]
        values = {slot: value for slot, value in act.slots if value is not None}
        if act.act in ("inform", "select"):
            if any(slot in domain.search and beliefs.get(slot) != value for slot, value in values.items()):
                beliefs.pop(NAME, None)
            beliefs.update(values)
            if any(slot in domain.booking for slot in values):
                self.wants_booking.add(act.domain)
        elif act.act == "not_sure":
            beliefs.update(dict.fromkeys(act.slot_names(), DONT_CARE))
        elif act.act == "request":
            self.questions.extend(act.slot_names())
        elif act.act == "reqalts":
            turned_down = beliefs.pop(NAME, None) or self.proposed.get(act.domain)
            if turned_down:
                self.rejected.setdefault(act.domain, set()).add(turned_down)
        elif act.act == "affirm":
            self._agree(act.domain)
        elif act.act == "negate" and self._last("offer", act.domain):
            self.wants_booking.discard(act.domain)

    def _agree(self, domain: str) -> None:
        if self._last("offer", domain):
            self.wants_booking.add(domain)
        confirm = self._last("expl_confirm", domain)
        if confirm:
            self.confirmed[domain] = {slot: value for slot, value in confirm.slots if value is not None}

    def _settle(self, domain: str) -> None:
        """A proposal counts as accepted when the user continues without asking for something else."""
        proposal = self._last("propose", domain)
        acts = {act.act for act in self.user_acts if act.domain == domain}
        if not proposal or not acts or "reqalts" in acts:
            return
        said = {
            slot for act in self.user_acts if act.domain == domain and act.act == "inform" for slot in act.slot_names()
        }
        name = proposal.value(NAME)
        if name and not said & set(DOMAINS[domain].search):
            self.beliefs[domain].setdefault(NAME, name)

    def _last(self, act: str, domain: str) -> DialogAct | None:
        return next((one for one in self.system_acts if one.act == act and one.domain == domain), None)
