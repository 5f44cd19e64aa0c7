"""Assembles batches ahead of the step, each together with the iterator's state just after it."""

import json
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from space_jax.features.batch import Batch


class BatchIterator(Protocol):
    """A stream of batches whose place can be saved and set."""

    def __next__(self) -> Batch:
        """The next batch, arrays `[A, ...]`, this process's share."""
        ...

    def get_state(self) -> Any:
        """The place after the last batch, as a JSON value."""
        ...

    def set_state(self, state: Any) -> None:
        """Goes to a place that `get_state` gave."""
        ...


class Placed(NamedTuple):
    """A batch and the iterator's state after it."""

    batch: Batch
    state: Any


class Prefetcher:
    """Draws from an iterator in a thread, a few batches ahead.

    The iterator itself is ahead of training, so its own state must not be saved: the one to save came with the batch.
    """

    def __init__(self, iterator: BatchIterator, ahead: int = 2):
        self._iterator = iterator
        self._queue: queue.Queue[Placed | BaseException] = queue.Queue(maxsize=ahead)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._fill, name="prefetch", daemon=True)
        self._thread.start()

    def __next__(self) -> Placed:
        """The next batch with its state; raises what the iterator raised."""
        item = self._queue.get()
        if isinstance(item, BaseException):
            self._put(lambda: item)  # whoever asks again gets the same answer instead of waiting for ever
            raise item
        return item

    def close(self) -> None:
        """Ends the thread after the batch it is assembling."""
        self._closed.set()
        self._thread.join()

    def _fill(self) -> None:
        while not self._closed.is_set() and self._put(self._draw):
            pass

    def _draw(self) -> Placed:
        batch = next(self._iterator)
        # A copy by way of JSON: the iterator may go on changing the dictionary that it handed out.
        return Placed(batch, json.loads(json.dumps(self._iterator.get_state())))

    def _put(self, make: Callable[[], Placed | BaseException]) -> bool:
        """Puts one item unless closed; returns whether more can follow."""
        item: Placed | BaseException
        try:
            item = make()
        except BaseException as error:  # handed to the thread that asks for the batch
            item = error
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=0.1)
                break
            except queue.Full:
                continue
        return not isinstance(item, BaseException)
