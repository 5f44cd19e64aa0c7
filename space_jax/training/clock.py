"""How fast training is: real tokens a second and time a step, without the steps that compile."""

from typing import NamedTuple


class Rates(NamedTuple):
    """Since the last look.

    Attributes:
      tokens_per_second: without padding; 0.0 where no step was timed.
      seconds_per_step: 0.0 where no step was timed.
      padding: mean share of padding in the token grids.
    """

    tokens_per_second: float
    seconds_per_step: float
    padding: float


class Clock:
    """Adds up steps until somebody looks."""

    def __init__(self) -> None:
        self._last = Rates(0.0, 0.0, 0.0)
        self._reset()

    def _reset(self) -> None:
        self._steps, self._seconds, self._tokens, self._padding = 0, 0.0, 0, 0.0

    def add(self, seconds: float, tokens: int, padding: float) -> None:
        """Counts one step that did not compile."""
        self._steps += 1
        self._seconds += seconds
        self._tokens += tokens
        self._padding += padding

    def look(self) -> Rates:
        """The rates since the last look; those of the look before where no step was added."""
        if self._steps:
            self._last = Rates(self._tokens / self._seconds, self._seconds / self._steps, self._padding / self._steps)
            self._reset()
        return self._last
