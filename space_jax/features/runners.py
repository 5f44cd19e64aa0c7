"""Runners of divisible work: this process, several processes, or (`corpora.beam`) an Apache Beam runner.

Work is a picklable callable `(lane, lanes, tick, stop)` that does every `lanes`-th of its units, starting at number
`lane`, skips finished units, and writes each unit to disk completely or not at all. A worker may therefore be lost at
any moment, and the result does not depend on the number of workers.
"""

import concurrent.futures
import dataclasses
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from space_jax.errors import UserError

SECONDS_BETWEEN_LOOKS = 0.5


@runtime_checkable  # Beam checks arguments against their type hints
class Work(Protocol):
    """Work that can be divided."""

    def __call__(
        self, lane: int, lanes: int, tick: Callable[..., None] | None = None, stop: Callable[[], bool] | None = None
    ) -> None:
        """Does the units lane, lane + lanes, ...; checks `stop` between units."""


class Runner(Protocol):
    """Runs all lanes of divisible work."""

    def __call__(self, work: Work, tick: Callable[..., None] | None, look: Callable[[], None] | None) -> None:
        """Returns when all work is done.

        Args:
          work: the work to run.
          tick: called on progress within this process.
          look: called from time to time while other processes work, to check their progress.
        """


def serial(work: Work, tick: Callable[..., None] | None = None, look: Callable[[], None] | None = None) -> None:
    """Runs everything in this process."""
    work(0, 1, tick)


@dataclasses.dataclass(frozen=True)
class Processes:
    """One lane in each of `count` new processes, which share nothing with this one (JAX must not be forked).

    Raises:
      UserError: fewer than one process.
    """

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise UserError(f"workers: {self.count} is not at least 1")

    def __call__(
        self, work: Work, tick: Callable[..., None] | None = None, look: Callable[[], None] | None = None
    ) -> None:
        """See `Runner`."""
        if self.count == 1:
            return serial(work, tick)
        context = multiprocessing.get_context("spawn")
        with (
            tempfile.TemporaryDirectory() as folder,
            concurrent.futures.ProcessPoolExecutor(self.count, mp_context=context) as pool,
        ):
            stop = _Stop(Path(folder) / "stop", os.getpid())
            waiting = {pool.submit(work, lane, self.count, None, stop) for lane in range(self.count)}
            try:
                while waiting:
                    done, waiting = concurrent.futures.wait(
                        waiting, SECONDS_BETWEEN_LOOKS, concurrent.futures.FIRST_EXCEPTION
                    )
                    for future in done:
                        future.result()
                    if look is not None:
                        look()
            except BaseException:
                stop.path.touch()  # the others stop after their current unit
                raise


@dataclasses.dataclass(frozen=True)
class _Stop:
    """True once the file exists or the parent process has ended."""

    path: Path
    parent: int

    def __call__(self) -> bool:
        return self.path.exists() or os.getppid() != self.parent
