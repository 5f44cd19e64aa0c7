"""The progress display of a run: a live bar on a terminal, plain lines elsewhere."""

from datetime import timedelta

import jax
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from space_jax.training.tally import Rates


def summary(step: int, steps: int, loss: float, rates: Rates) -> str:
    """`step 10/100  loss 2.3456  12345 tokens/s  padding 8%  left 0:01:30`; without speed until a step was timed."""
    if not rates.seconds_per_step:
        return f"step {step}/{steps}  loss {loss:.4f}"
    left = timedelta(seconds=round(rates.seconds_per_step * (steps - step)))
    return (
        f"step {step}/{steps}  loss {loss:.4f}  {rates.tokens_per_second:.0f} tokens/s  "
        f"padding {rates.padding:.0%}  left {left}"
    )


class RunProgress:
    """Shows the step, the loss, tokens per second without padding, the share of padding and the time left.

    Only the first process shows anything. If the output is not a terminal, each report is one line.
    """

    def __init__(self, steps: int, start: int, console: Console | None = None):
        """Begins at `start` of `steps` steps.

        Args:
          steps: steps of the whole run.
          start: steps already done.
          console: the output; standard error by default, so that standard output is left for results.
        """
        quiet = jax.process_index() != 0
        self._console = Console(stderr=True, quiet=quiet) if console is None else console
        self._steps = steps
        self._bar: Progress | None = None
        if self._console.is_terminal and not quiet:
            self._bar = Progress(BarColumn(), TextColumn("{task.description}"), console=self._console)
            self._task = self._bar.add_task("", total=steps, completed=start)

    def __enter__(self) -> "RunProgress":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, step: int) -> None:
        """Moves the bar."""
        if self._bar is not None:
            self._bar.update(self._task, completed=step)

    def report(self, step: int, loss: float, rates: Rates) -> None:
        """Shows the current step, loss and rates."""
        text = summary(step, self._steps, loss, rates)
        if self._bar is not None:
            self._bar.update(self._task, completed=step, description=text)
        else:
            self.say(text)

    def say(self, text: str) -> None:
        """Writes one line, above the bar if there is one."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
