"""Where the values of a response come from: the entity that is spoken of, what the user wishes, the booking."""

from collections.abc import Sequence

from space_jax.dialogue.record import BeliefState
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.world.backend import NAME, Backend, row_name
from space_jax.world.cells import UNKNOWN, Row
from space_jax.world.lookup import OFFERED, Lookup, Offers, find_row
from space_jax.world.placeholders import ALIASES, ANY_DOMAIN, COUNTS, REFERENCES, Placeholder, meaning
from space_jax.world.spelling import plain_name
from space_jax.world.values import restricts_nothing

OFFERING = frozenset({"propose", "recommend", "select", "suggest", "offer", "offerbook"})
"""Acts that offer an entity, or to book one."""

BOOKING = frozenset({"notify_success", "offerbooked", "book"})
"""Acts that tell of a booking."""


class ValueSource:
    """Values for one response, with the current entity of each domain.

    Args:
      state: the belief state.
      found: what it found.
      offers: made before.
      backend: the world.
      acts: of the response.
    """

    def __init__(
        self, state: BeliefState, found: Lookup, offers: Offers, backend: Backend, acts: Sequence[PlannedAct]
    ) -> None:
        self.found, self.backend = found, backend
        self._offers, self._acts = offers, {act.act for act in acts}
        self.state = {
            plain_name(domain): {plain_name(slot): values for slot, values in slots.items()}
            for domain, slots in state.items()
        }
        self._spoken: dict[str, int] = {}

    @property
    def current(self) -> str:
        """The domain that is spoken of; "" for none."""
        return next(reversed(self.state), "")

    def placeholder(self, name: str) -> Placeholder | None:
        """The meaning of the words in brackets; None if they are no placeholder."""
        current, database = self.current, self.backend.database
        domains = {*self.state, *database.domains, *ANY_DOMAIN}
        slots = (NAME, *COUNTS, *REFERENCES, *database.columns(current), *self.backend.booking_slots(current))
        return meaning(name, domains, current, slots if current else ())

    def next_entity(self, domain: str) -> None:
        """A name of this domain follows."""
        domain = self._meant(domain)
        self._spoken[domain] = self._spoken.get(domain, -1) + 1

    def value(self, domain: str, slot: str, believed: bool) -> str | None:
        """The value of a placeholder; None if there is none.

        Args:
          domain: of the placeholder.
          slot: likewise.
          believed: whether it is about the user's wishes. Otherwise it is about the entity, of which nothing is said
            that its row does not have: what is only wished for may be said beside it (`Backend.is_wish`).
        """
        if slot in COUNTS:
            return None if self.found.domain is None else str(self.found.count)
        if slot in REFERENCES:
            return self.found.reference
        domain = self._meant(domain)
        row, wish = self.row(domain), self.wish(domain, slot)
        cell = None if row is None else self._cell(domain, slot, row)
        if believed:
            return wish or cell
        sayable = slot != NAME if row is None else self.backend.is_wish(domain, slot)
        return cell or (wish if sayable else None)

    def wish(self, domain: str, slot: str) -> str | None:
        """The value that the user wishes for; None for any."""
        value = next(iter(self.state.get(domain, {}).get(slot, ())), "")
        return None if restricts_nothing(value) or value == OFFERED else value

    def row(self, domain: str) -> Row | None:
        """The entity of a domain that is spoken of now."""
        domain = self._meant(domain)
        number = max(0, self._spoken.get(domain, 0))
        made = self._offers.names(domain)
        if domain != self.found.domain:
            if made:
                return find_row(self.backend, domain, made[-1])
            wishes = {slot: values[0] for slot, values in self.state.get(domain, {}).items() if values}
            matches = self.backend.database.query(domain, wishes)
            return matches[0] if len(matches) == 1 or (matches and domain in self.state) else None
        if made and self._of_offers():
            return find_row(self.backend, domain, made[-1 - number] if number < len(made) else made[-1])
        rows = self.found.rows
        return rows[min(number, len(rows) - 1)] if rows else None

    def unfounded(self, act: PlannedAct) -> Placeholder | None:
        """What an act lacks that offers an entity or tells of a booking; None if it has it.

        Without any table, acts are only words of the dialogues that the agent learnt from.
        """
        domain = self._meant(plain_name(act.domain))
        if act.act not in OFFERING | BOOKING or not self.backend.database.domains:
            return None
        if self.row(domain) is None:
            return Placeholder(domain, NAME)
        booked = self.found.reference is not None and domain == self.found.domain
        if act.act in BOOKING and self.backend.booking_slots(domain) and not booked:
            return Placeholder(domain, min(REFERENCES))
        return None

    def _of_offers(self) -> bool:
        """Whether the response speaks of what was offered last, and not of what the search has found besides.

        It does where it repeats, and where the user asks about an offer ("How much is it?"): nothing new is offered,
        and the wishes are those of the offer, which the search has therefore left out.
        """
        if self.found.accepted or "repeat" in self._acts:
            return not self.found.accepted
        same = self._offers.under(self.found.domain or "", self.found.constraints)
        return bool(same) and not self._acts & OFFERING and bool(self._acts or not self.found.rows)

    def _cell(self, domain: str, slot: str, row: Row) -> str | None:
        if slot == NAME:
            cell = row_name(self.backend.database, domain, row)
        else:
            cell = row.get(slot) or row.get(ALIASES.get(slot, slot)) or ""
        return None if cell in UNKNOWN else cell

    def _meant(self, domain: str) -> str:
        return self.current or domain if domain in ANY_DOMAIN else domain
