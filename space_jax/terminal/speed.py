"""The time left of something long, from a smoothed speed."""

import math
from datetime import timedelta


class Speed:
    """A speed averaged over about the last minute, or over a quarter of the time so far if that is longer.

    What comes in between, such as evaluations and checkpoints, counts by its share of the time.
    """

    def __init__(self) -> None:
        self._elapsed = self._seconds = self._units = 0.0

    def add(self, units: int, seconds: float) -> None:
        """Counts what was done since the last call, and how long it took."""
        self._elapsed += seconds
        kept = math.exp(-seconds / max(60.0, self._elapsed / 4))
        self._seconds = self._seconds * kept + seconds
        self._units = self._units * kept + units

    def seconds_for(self, units: int) -> float | None:
        """How long so many more would take; None as long as nothing was counted."""
        return self._seconds / self._units * units if self._units else None


def in_words(seconds: float) -> str:
    """`0:01:30`."""
    return str(timedelta(seconds=round(seconds)))
