"""What a value that a system turn says stands for: which slot of which domain.

The first of these that leaves one slot decides:

  frames    the turn's own annotation names the slot with this value
  domain    the domains of the frames, then those of the belief state, the current one first, then those whose name or
            entity was mentioned, the last one first
  state     the slot has this value in the belief state
  entity    the row named last has this value in one column
  words     the slot's name stands nearest before the value ("arrives at 10:15")

A bare number counts only where the frames say so, the slot's name stands beside it ("4 stars"), or it has two digits
and the row named last has it. A value of a domain that is not spoken of counts only where it names a row.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable

from space_jax.agent.spoken_values import Meaning, Said, Values, keys_of, said_in
from space_jax.dialogue.record import BeliefState, Turn
from space_jax.world.backend import NAME, name_column, row_name
from space_jax.world.cells import Row
from space_jax.world.database import Database
from space_jax.world.placeholders import COUNTS, REFERENCES
from space_jax.world.spelling import plain_name

_STEM = 5  # letters in which a slot's name and its word agree: arrive, arrives, arriving
_SHORTEST_STEM = 3
_DIGIT = len("#4")  # a number of one digit as a key
_WORDS = re.compile(r"[^\W_]+")


class CellValues:
    """A database by the values that its cells hold."""

    def __init__(self, database: Database) -> None:
        self.domains = database.domains
        self.values = Values()
        self._columns = {domain: database.columns(domain) for domain in self.domains}
        self._naming: set[Meaning] = set()
        self._rows: dict[tuple[str, str], Row] = {}
        for domain in self.domains:
            rows = database.query(domain, {})
            for row in rows:
                for column, cell in row.items():
                    self.values.add(domain, column, cell)
            named, names = name_column(database, domain), [row_name(database, domain, row) for row in rows]
            if named == NAME or len(set(names)) == len(
                names
            ):  # else the first column, such as a day, stands for a name
                self._naming.add(Meaning(domain, named))
                self._rows |= {
                    (domain, key): row for name, row in zip(names, rows, strict=True) for key in keys_of(name)
                }

    def names_rows(self, meaning: Meaning) -> bool:
        """Whether a value is the name of one row."""
        return meaning.slot == NAME or meaning in self._naming

    def row(self, domain: str, key: str) -> Row | None:
        """The row of a name."""
        return self._rows.get((domain, key))

    def has(self, meaning: Meaning) -> bool:
        """Whether the slot is a column."""
        return meaning.slot in self._columns.get(meaning.domain, ())


class SpokenOf:
    """What a dialogue speaks of, turn by turn."""

    def __init__(self, tables: CellValues) -> None:
        self._tables = tables
        self._mentioned: list[str] = []  # domains, the last one last
        self._rows: dict[str, Row] = {}  # the entity named last in each domain
        self._heard: tuple[str, ...] = ()  # domains of the user's frames

    def hear(self, turn: Turn) -> None:
        """A turn of the user."""
        self._heard = tuple(plain_name(frame.domain) for frame in turn.frames or ())
        self._notice(turn.text, said_in(turn.text, self._tables.values))

    def answer(
        self, turn: Turn, state: BeliefState
    ) -> tuple[list[tuple[Said, Meaning]], list[tuple[Said, Collection[Meaning]]]]:
        """The values of a system turn with what they stand for, and those that may stand for several slots."""
        named, told = _annotated(turn), Values()
        for domain, slots in state.items():
            for slot, values in slots.items():
                for value in values:
                    told.add(domain, slot, value)
        for meaning, texts in named.items():
            for text in texts if self._read_back(meaning, state) else ():
                told.add(meaning.domain, meaning.slot, text)
        found = said_in(turn.text, self._tables.values, told)
        self._notice(turn.text, found)
        domains = self._domains(turn, state)
        chosen: list[tuple[Said, Meaning]] = []
        unclear: list[tuple[Said, Collection[Meaning]]] = []
        for said in found:
            options = self._options(said, turn.text, named, domains, state)
            if len(options) == 1:
                chosen.append((said, next(iter(options))))
            elif options:
                unclear.append((said, options))
        return chosen, unclear

    def _read_back(self, meaning: Meaning, state: BeliefState) -> bool:
        """Whether an agent can fill the placeholder of a slot that a frame names."""
        known = self._tables.has(meaning) or meaning.slot in _slots(state, meaning.domain)
        return known or meaning.slot in COUNTS or meaning.slot in REFERENCES

    def _notice(self, text: str, found: list[Said]) -> None:
        """Remembers the domains and the entities that a text names."""
        places = [(match.start(), self._domain_called(match[0])) for match in _WORDS.finditer(text.lower())]
        for said in found:
            names = {one.domain for one in said.meanings if self._tables.names_rows(one)}
            if len(names) == 1 and not said.is_number:
                (domain,) = names
                row = self._tables.row(domain, said.key)
                self._rows |= {domain: row} if row else {}
                places.append((said.start, domain))
        for _, domain in sorted((place, domain) for place, domain in places if domain):
            self._mentioned = [*(one for one in self._mentioned if one != domain), domain]

    def _domain_called(self, word: str) -> str:
        return next((one for one in self._tables.domains if word in (one, f"{one}s")), "")

    def _domains(self, turn: Turn, state: BeliefState) -> list[str]:
        """The domains that a system turn may speak of, the likeliest first."""
        ours = (plain_name(frame.domain) for frame in turn.frames or ())
        believed = (plain_name(domain) for domain in reversed(state))
        return list(dict.fromkeys([*ours, *self._heard, *believed, *reversed(self._mentioned)]))

    def _options(
        self,
        said: Said,
        text: str,
        named: dict[Meaning, list[str]],
        domains: list[str],
        state: BeliefState,
    ) -> Collection[Meaning]:
        """What a value stands for; several where that is not clear, none where it is no value here."""
        annotated = [one for one in said.meanings if said.key in _keys(named.get(one, []))]
        if annotated:
            return annotated
        options = {one for one in said.meanings if not said.is_number or self._counts(one, text, said)}
        spoken_of = next((domain for domain in domains if any(one.domain == domain for one in options)), None)
        if spoken_of is not None:
            options = {one for one in options if one.domain == spoken_of}
        elif domains:
            options = {one for one in options if self._tables.names_rows(one)}
        options = {one for one in options if said.key in _keys(_slots(state, one.domain).get(one.slot, ()))} or options
        options = {one for one in options if self._row_says(one, said)} or options
        return _nearest(options, text[: said.start].lower()) or options

    def _row_says(self, meaning: Meaning, said: Said) -> bool:
        """Whether the entity named last has this value."""
        return said.key in keys_of(self._rows.get(meaning.domain, {}).get(meaning.slot, ""))

    def _counts(self, meaning: Meaning, text: str, said: Said) -> bool:
        """Whether a bare number is likely to be meant as a value of this slot."""
        return _beside(meaning.slot, text, said) or (len(said.key) > _DIGIT and self._row_says(meaning, said))


def _annotated(turn: Turn) -> dict[Meaning, list[str]]:
    """The values in the frames of a turn."""
    named: dict[Meaning, list[str]] = defaultdict(list)
    for frame in turn.frames or ():
        for slot in frame.slots:
            named[Meaning(plain_name(frame.domain), plain_name(slot.name))] += [value.text for value in slot.values]
    return named


def _slots(state: BeliefState, domain: str) -> dict[str, tuple[str, ...]]:
    """The slots of a domain by their plain names."""
    return {
        plain_name(slot): values
        for name, slots in state.items()
        if plain_name(name) == domain
        for slot, values in slots.items()
    }


def _keys(values: Iterable[str]) -> set[str]:
    return {key for value in values for key in keys_of(value)}


def _stems(slot: str) -> list[str]:
    return [word[:_STEM] for word in slot.split("_") if len(word) >= _SHORTEST_STEM]


def _beside(slot: str, text: str, said: Said) -> bool:
    """Whether the word before or behind a value is the slot's: "4-star", "rated 4 stars"."""
    before, behind = _WORDS.findall(text[: said.start].lower())[-1:], _WORDS.findall(text[said.end :].lower())[:1]
    stems = [stem.rstrip("s") for stem in _stems(slot)]
    return any(word.startswith(stem) for word in (*before, *behind) for stem in stems)


def _nearest(options: Iterable[Meaning], before: str) -> set[Meaning]:
    """The slots whose name stands nearest before a value; none if no name does."""
    places = {one: max((before.rfind(stem) for stem in _stems(one.slot)), default=-1) for one in options}
    last = max(places.values(), default=-1)
    return {one for one, place in places.items() if place == last} if last >= 0 else set()
