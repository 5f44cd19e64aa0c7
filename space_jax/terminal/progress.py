"""The progress of everything long: one live bar in a terminal, of runs in a notebook too; a line a minute elsewhere."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Self, TypeVar, cast

import rich.console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from space_jax.printable import printable
from space_jax.terminal import Console
from space_jax.terminal.notebook import NotebookBar
from space_jax.terminal.speed import Speed, in_words

INTERVAL = 60.0
"""Seconds between two lines where there is no bar."""

Told = Callable[[int, int], None]
"""Takes how much is done and how much there is, as functions that take long report it."""

T = TypeVar("T")


def untold(done: int, total: int) -> None:
    """A `Told` that shows nothing."""


class LiveProgress:
    """Shows how much is done of a whole, and the time left: `turns 20/200  left 0:01:30`."""

    def __init__(
        self,
        unit: str,
        total: int | None,
        done: int = 0,
        *,
        ends: bool = False,
        quiet: bool = False,
        console: rich.console.Console | None = None,
    ):
        """Begins.

        Args:
          unit: what is counted.
          total: how much there is; None if nobody knows.
          done: of it already.
          ends: whether it is a run: without a bar, write the first note and the last line, too, and what `busy` says;
            with one, leave it at the end. In a notebook, where it would stay, only a run has a bar.
          quiet: show nothing, as all processes but the first do.
          console: the output; standard error by default, so that standard output is left for results.
        """
        self._console = Console(file=cast(IO[str], _Output(sys.stderr)), quiet=quiet) if console is None else console
        self._unit, self._total, self._done, self._ends, self._note = unit, total, done, ends, ""
        self._speed, self._since = Speed(), time.monotonic()
        self._counts = True  # whether the time since then is spent on what is counted
        self._written, self._first = self._since, ends  # when the last line was, and whether one is still to come
        self._bar: Progress | None = None
        self._cell: NotebookBar | None = None
        if (self._console.is_terminal or (self.in_notebook and ends)) and not quiet:
            width = 16 if self.in_notebook else 30  # a notebook's cell is narrow
            columns = (BarColumn(width), TextColumn("{task.description}", markup=False), _Waiting())
            self._bar = Progress(*columns, console=self._console, transient=not ends)
            self._task = self._bar.add_task("", total=total, completed=done, since=None)

    @property
    def in_notebook(self) -> bool:
        """Whether the output is a cell of a notebook."""
        return self._console.is_jupyter

    def __enter__(self) -> Self:
        if self._bar is not None and self.in_notebook:
            self._cell = NotebookBar(self._bar)
        elif self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._cell is not None:
            self._cell.show()
        elif self._bar is not None:
            self._bar.stop()

    def advance(self, done: int, note: str | None = None) -> None:
        """Moves on.

        Args:
          done: how much is done by now.
          note: to show from now on, between the count and the time left.
        """
        now = time.monotonic()
        if self._counts and done > self._done:
            self._speed.add(done - self._done, now - self._since)
        if done > self._done or not self._counts:
            self._since, self._done, self._counts = now, done, True
        self._note = self._note if note is None else note
        if self._bar is not None:
            self._bar.update(self._task, completed=done, description=self._said(), since=None)
            if self._cell is not None:
                self._cell.show_if_due()
        elif self._line_due(now):
            self._written, self._first = now, False
            self.say(self._said())

    def tell(self, done: int, total: int) -> None:
        """Moves on, where the whole is known only now; a `Told`."""
        self._total = total
        if self._bar is not None:
            self._bar.update(self._task, total=total)
        self.advance(done)

    def busy(self, what: str) -> None:
        """Says what is being done that is not counted, such as compiling; its time does not count either."""
        self._counts = False
        if self._bar is not None:
            self._bar.update(self._task, description=printable(what), since=time.monotonic())
            if self._cell is not None:
                self._cell.show()
        elif self._ends:
            self.say(what)

    def say(self, text: str) -> None:
        """Writes one line: above the bar on a terminal, below it in a notebook."""
        if self._cell is not None:
            print(printable(text))  # as the cell's own words, which wrap; Rich's are paragraphs that are cut off
        else:
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _line_due(self, now: float) -> bool:
        at_an_end = self._ends and (self._done == self._total or bool(self._first and self._note))
        return at_an_end or now - self._written >= INTERVAL

    def _said(self) -> str:
        whole = "" if self._total is None else f"/{self._total}"
        seconds = None if self._total is None else self._speed.seconds_for(self._total - self._done)
        left = "" if seconds is None else f"left {in_words(seconds)}"
        return printable("  ".join(part for part in (f"{self._unit} {self._done}{whole}", self._note, left) if part))


@contextmanager
def telling(unit: str, first: str = "") -> Iterator[Told]:
    """Shows the progress of a function that takes a `Told`; `first` says what it does before it counts."""
    with LiveProgress(unit, None) as progress:
        if first:
            progress.busy(first)
        yield progress.tell


def counted(things: Iterable[T], unit: str, total: int | None = None) -> Iterator[T]:
    """The things, whose number so far is shown while they pass."""
    with LiveProgress(unit, total) as progress:
        for number, thing in enumerate(things, start=1):
            yield thing
            progress.advance(number)


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


class _Waiting(ProgressColumn):
    """How long something that is not counted has taken so far."""

    def render(self, task: Task) -> Text:
        """See `rich`."""
        since = task.fields["since"]
        return Text("" if since is None else f"({time.monotonic() - since:.0f} s so far)")
