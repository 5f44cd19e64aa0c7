"""The doors to the terminal. What others wrote (dialogues, tables, names in files) is shown there and not obeyed."""

import sys
from collections.abc import Iterable
from typing import TextIO

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from space_jax.printable import printable


class Console(rich.console.Console):
    """Rich's console; control characters in the texts of tables, trees and lines are spelled out.

    Colours and the moves of progress bars are no texts: Rich adds them later.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of something that Rich shows, their texts printable."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)


def say(text: str, file: TextIO | None = None, flush: bool = False) -> None:
    """Prints a line with what others wrote in it; to standard output unless another stream is named."""
    print(printable(text), file=file or sys.stdout, flush=flush)


def spell_out_missing_letters() -> None:
    """Makes standard output spell out letters that the terminal's encoding lacks, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
