"""Counts of what a check found, with the first places of each."""

import dataclasses

PLACES = 3
"""Places kept of each finding."""


@dataclasses.dataclass
class Places:
    """What -> how often, and where first."""

    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    first: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    def add(self, what: str, where: str) -> None:
        """Counts one."""
        self.counts[what] = self.counts.get(what, 0) + 1
        listed = self.first.setdefault(what, [])
        if len(listed) < PLACES and where not in listed:
            listed.append(where)

    @property
    def total(self) -> int:
        """Of all kinds."""
        return sum(self.counts.values())

    def ranked(self) -> list[tuple[str, int, list[str]]]:
        """What, how often and where; the most frequent first."""
        order = sorted(self.counts, key=lambda what: (-self.counts[what], what))
        return [(what, self.counts[what], self.first[what]) for what in order]

    def as_json(self) -> dict[str, dict[str, object]]:
        """The most frequent first."""
        return {what: {"count": count, "first": places} for what, count, places in self.ranked()}
