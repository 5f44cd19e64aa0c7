"""The progress display of a run: a live bar on a terminal and in a notebook, plain lines elsewhere."""

import math
import sys
import time
from contextlib import suppress
from datetime import timedelta
from typing import IO, Any, cast

import jax
import rich.console
from rich.progress import BarColumn, Progress, TextColumn

from space_jax.printable import printable
from space_jax.terminal import Console
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


class _Output:
    """A stream for as long as there is somebody to read it: a run outlives its terminal."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class RunProgress:
    """Shows the step, the loss, tokens per second without padding, the share of padding and the time left.

    Only the first process shows anything. If the output is neither a terminal nor a notebook, a report is a line: the
    first, the last, and one a minute between them.
    """

    _INTERVAL = 60.0  # seconds between two lines

    def __init__(self, steps: int, start: int, console: rich.console.Console | None = None):
        """Begins at `start` of `steps` steps.

        Args:
          steps: steps of the whole run.
          start: steps already done.
          console: the output; standard error by default, so that standard output is left for results.
        """
        quiet = jax.process_index() != 0
        self._console = Console(file=cast(IO[str], _Output(sys.stderr)), quiet=quiet) if console is None else console
        self._steps = steps
        self._reported = -math.inf  # when the last line was written
        self._bar: Progress | None = None
        self._cell: _NotebookBar | None = None
        if (self._console.is_terminal or self.in_notebook) and not quiet:
            width = 16 if self.in_notebook else 40  # a notebook's cell is narrow
            self._bar = Progress(BarColumn(width), TextColumn("{task.description}"), console=self._console)
            self._task = self._bar.add_task("", total=steps, completed=start)

    @property
    def in_notebook(self) -> bool:
        """Whether the output is a cell of a notebook."""
        return self._console.is_jupyter

    def __enter__(self) -> "RunProgress":
        if self._bar is not None and self.in_notebook:
            self._cell = _NotebookBar(self._bar)
        elif self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._cell is not None:
            self._cell.show()
        elif self._bar is not None:
            self._bar.stop()

    def advance(self, step: int) -> None:
        """Moves the bar."""
        if self._bar is not None:
            self._bar.update(self._task, completed=step)
        if self._cell is not None:
            self._cell.show_if_due()

    def report(self, step: int, loss: float, rates: Rates) -> None:
        """Shows the current step, loss and rates."""
        text = summary(step, self._steps, loss, rates)
        if self._bar is not None:
            self._bar.update(self._task, completed=step, description=text)
        elif step == self._steps or time.monotonic() - self._reported >= self._INTERVAL:
            self._reported = time.monotonic()
            self.say(text)

    def say(self, text: str) -> None:
        """Writes one line: above the bar on a terminal, below it in a notebook."""
        if self._cell is not None:
            print(printable(text))  # as the cell's own words, which wrap; Rich's are paragraphs that are cut off
        else:
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)


class _NotebookBar:
    """A bar in the output of a notebook's cell, replaced in place.

    Rich's own live display there needs ipywidgets, and its thread would take what the cell prints meanwhile.
    """

    _INTERVAL = 0.2  # seconds

    def __init__(self, bar: Progress) -> None:
        from IPython.display import display

        self._bar = bar
        self._handle: Any = display(bar, display_id=True)
        self._shown = time.monotonic()

    def show(self) -> None:
        """Shows the bar as it is now."""
        self._handle.update(self._bar)
        self._shown = time.monotonic()

    def show_if_due(self) -> None:
        """The same, at most a few times a second."""
        if time.monotonic() - self._shown >= self._INTERVAL:
            self.show()
