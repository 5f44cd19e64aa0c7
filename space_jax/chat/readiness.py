"""Whether an agent answers at once: its programs are compiled while the page is already shown."""

import threading
from collections.abc import Iterable, Iterator


class Readiness:
    """How many programs of an agent are compiled.

    Args:
      steps: of `Agent.warm_up`, taken by `prepare`.

    Attributes:
      words: what to tell a visitor; "" once it is ready.
    """

    def __init__(self, steps: Iterable[tuple[int, int]]) -> None:
        self._steps, self._changed = steps, threading.Condition()
        self.words = "getting ready"

    def prepare(self) -> int:
        """Takes the steps and says how many there were. Whatever ends it, nobody waits any longer."""
        total = 0
        try:
            for done, total in self._steps:
                self._tell(f"getting ready: {done} of {total} programs are compiled, answers wait for them")
        finally:
            self._tell("")
        return total

    def wait(self) -> None:
        """Until `prepare` has ended."""
        with self._changed:
            self._changed.wait_for(lambda: not self.words)

    def news(self) -> Iterator[str]:
        """What to tell a visitor, whenever it changes; in the end ""."""
        while told := self.words:
            yield told
            with self._changed:
                while self.words == told:
                    self._changed.wait()
        yield ""

    def _tell(self, words: str) -> None:
        with self._changed:
            self.words = words
            self._changed.notify_all()


READY = Readiness(())
"""Of an agent that need not be prepared."""
READY.prepare()
