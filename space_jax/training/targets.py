"""Masked tokens that do not reach the masked language model's loss, because their row has no place for them."""

WORTH_A_WORD = 0.01  # share of the masked tokens


class LostTargets:
    """Adds up lost masked tokens until somebody looks, and complains once."""

    def __init__(self) -> None:
        self._lost, self._masked, self._complained = 0, 0, False

    def add(self, lost: int, masked: int) -> None:
        """Counts one step.

        Args:
          lost: masked tokens that are not in the loss.
          masked: masked tokens, with those.
        """
        self._lost += lost
        self._masked += masked

    def look(self) -> tuple[int, str]:
        """The lost tokens since the last look; and a sentence the first time that they are many, else ''."""
        lost, masked = self._lost, self._masked
        self._lost, self._masked = 0, 0
        if self._complained or lost <= WORTH_A_WORD * masked:
            return lost, ""
        self._complained = True
        return lost, (
            f"{lost / masked:.1%} of the masked tokens are not in the loss, their rows have more of them than "
            "data.masked_per_row; a larger one lets them in"
        )
