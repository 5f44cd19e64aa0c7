"""The progress of a run: the step, the loss, tokens per second without padding, the share of padding, the time left."""

import jax
import rich.console

from space_jax.terminal.progress import LiveProgress
from space_jax.training.tally import Rates


def noted(loss: float, rates: Rates) -> str:
    """`loss 2.3456  12345 tokens/s  padding 8%`; without speed until a step was timed."""
    speed = f"  {rates.tokens_per_second:.0f} tokens/s  padding {rates.padding:.0%}" if rates.seconds_per_step else ""
    return f"loss {loss:.4f}{speed}"


class RunProgress(LiveProgress):
    """Of these the first process shows a bar, or lines: the first, the last, and one a minute between them."""

    def __init__(self, steps: int, start: int, console: rich.console.Console | None = None):
        """Begins at `start` of `steps` steps; without a console on standard error."""
        super().__init__("step", steps, start, ends=True, quiet=jax.process_index() != 0, console=console)

    def report(self, step: int, loss: float, rates: Rates) -> None:
        """Shows the current step, loss and rates."""
        self.advance(step, noted(loss, rates))
