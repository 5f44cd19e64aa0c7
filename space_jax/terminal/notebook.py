"""A progress bar in the output of a notebook's cell."""

import time
from typing import Any

from rich.progress import Progress


class NotebookBar:
    """A bar that is replaced in place.

    Rich's own live display in a notebook needs ipywidgets, and its thread would take what the cell prints meanwhile.
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
