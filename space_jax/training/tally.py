"""Counters between two lines of a run's log: speed (without steps that compile), padding, lost targets."""

from typing import NamedTuple

WORTH_A_WORD = 0.01  # share of lost masked tokens that triggers a warning


class Rates(NamedTuple):
    """The rates since the last look.

    Attributes:
      tokens_per_second: without padding; 0.0 if no step was timed.
      seconds_per_step: 0.0 if no step was timed.
      padding: mean share of padding in the token grids.
    """

    tokens_per_second: float
    seconds_per_step: float
    padding: float


class Clock:
    """Accumulates the times of steps until `look` is called."""

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
        """The rates since the last look; if no step was added, the previous ones."""
        if self._steps:
            self._last = Rates(self._tokens / self._seconds, self._seconds / self._steps, self._padding / self._steps)
            self._reset()
        return self._last


class LostTargets:
    """Counts masked tokens left out of the masked language model's loss because their row has too many.

    Accumulates until `look` is called, and warns once.
    """

    def __init__(self) -> None:
        self._lost, self._masked, self._warned = 0, 0, False

    def add(self, lost: int, masked: int) -> None:
        """Counts one step.

        Args:
          lost: masked tokens that are not in the loss.
          masked: all masked tokens, including those.
        """
        self._lost += lost
        self._masked += masked

    def look(self) -> tuple[int, str]:
        """The lost tokens since the last look, and a warning the first time that they are many, else ''."""
        lost, masked = self._lost, self._masked
        self._lost, self._masked = 0, 0
        if self._warned or lost <= WORTH_A_WORD * masked:
            return lost, ""
        self._warned = True
        return lost, (
            f"{lost / masked:.1%} of the masked tokens are not in the loss: some rows have more of them than "
            "data.masked_per_row; a larger value lets them in"
        )
