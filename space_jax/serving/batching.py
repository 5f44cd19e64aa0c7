"""Requests batched together: a queue with an end, and one thread that owns the model.

The first request waits a few milliseconds for others, unless there are enough of them already; while the model is
at work, more arrive. Where a batch fails, each of its parts is tried alone, so that only the one at fault does.
"""

import asyncio
import contextlib
import dataclasses
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from space_jax.serving.refusal import RefusedError

A = TypeVar("A")
R = TypeVar("R")
Answerer = Callable[[Sequence[A]], Sequence[R | Exception]]
"""Gives one result a part, which is an exception where that part alone is at fault."""

WAIT = 0.003
"""Seconds that the first of a batch waits for others."""


@dataclasses.dataclass(eq=False, slots=True)
class _Part(Generic[A, R]):
    asked: A
    result: "asyncio.Future[R]"
    since: float


class Batcher(Generic[A, R]):
    """Answers requests of one or several parts in batches, in the order in which they came.

    Args:
      answer: called in the thread of `executor`.
      executor: of one thread.
      size: parts of a batch.
      limit: parts that may wait.
      told: called with the parts and the seconds of each batch.
    """

    def __init__(
        self,
        answer: Answerer,
        executor: Executor,
        size: int,
        limit: int,
        told: Callable[[int, float], None] = lambda parts, seconds: None,
    ) -> None:
        self._answer, self._executor, self._size, self._limit, self._told = answer, executor, size, limit, told
        self._waiting: deque[_Part[A, R]] = deque()
        self._arrived = asyncio.Event()
        self._pace = 0.0  # seconds of a batch, about

    @property
    def waiting(self) -> int:
        """Parts that no batch has yet."""
        return len(self._waiting)

    async def ask(self, parts: Sequence[A]) -> list[R | Exception]:
        """The result of each part.

        Raises:
          RefusedError: 429, too many wait already; 422, there are more than may ever wait.
        """
        if len(parts) > self._limit:
            raise RefusedError(422, f"expected at most {self._limit} inputs, as many as may wait, found {len(parts)}")
        if len(self._waiting) + len(parts) > self._limit:
            again = max(1, math.ceil(self._pace * len(self._waiting) / self._size))
            raise RefusedError(429, f"{len(self._waiting)} inputs wait already, of at most {self._limit}", again)
        loop, now = asyncio.get_running_loop(), time.monotonic()
        mine = [_Part[A, R](part, loop.create_future(), now) for part in parts]
        self._waiting.extend(mine)
        self._arrived.set()
        try:
            return await asyncio.gather(*(one.result for one in mine), return_exceptions=True)  # type: ignore[return-value]
        finally:
            for one in mine:
                one.result.cancel()  # of a request that was given up

    async def run(self) -> None:
        """Makes batches until it is cancelled."""
        while True:
            await self._arrived.wait()
            await self._company()
            batch = self._take()
            if batch:
                await self._serve(batch)

    async def _company(self) -> None:
        """Waits until the first part has waited long enough, or a batch is full."""
        while 0 < len(self._waiting) < self._size:
            left = self._waiting[0].since + WAIT - time.monotonic()
            if left <= 0:
                return
            self._arrived.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), left)

    def _take(self) -> list[_Part[A, R]]:
        batch: list[_Part[A, R]] = []
        while self._waiting and len(batch) < self._size:
            one = self._waiting.popleft()
            if not one.result.done():
                batch.append(one)
        if self._waiting:
            self._arrived.set()
        else:
            self._arrived.clear()
        return batch

    async def _serve(self, batch: Sequence[_Part[A, R]]) -> None:
        began = time.monotonic()
        results = await asyncio.get_running_loop().run_in_executor(
            self._executor, answered, self._answer, [one.asked for one in batch]
        )
        seconds = time.monotonic() - began
        self._pace = seconds if not self._pace else 0.8 * self._pace + 0.2 * seconds
        self._told(len(batch), seconds)
        for one, result in zip(batch, results, strict=True):
            if one.result.done():
                continue
            if isinstance(result, Exception):
                one.result.set_exception(result)
            else:
                one.result.set_result(result)


def answered(answer: Answerer, parts: Sequence[A]) -> list[R | Exception]:
    """The results of a batch; of one that fails, of each part alone."""
    try:
        results = list(answer(parts))
        assert len(results) == len(parts), f"{len(results)} results for {len(parts)} parts"
        return results
    except Exception as error:
        if len(parts) == 1:
            return [error]
        return [result for part in parts for result in answered(answer, [part])]
