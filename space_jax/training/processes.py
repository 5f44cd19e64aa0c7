"""Several processes as one run: exchanging numbers, and stopping or failing together."""

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from space_jax.errors import UserError

_FAILED, _REFUSED = 1, 2  # exit statuses, as on the command line
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_INTERRUPTED = "interrupted: finishes the step, then saves; a second interrupt ends the run at once, without saving"


@contextmanager
def ending_together() -> Iterator[None]:
    """Ends this process at once when it fails in a run of several processes.

    JAX would first wait at exit for the other processes, which wait in a collective for this one. The others notice the
    end by a closed connection, or after `joining.HEARTBEAT_SECONDS`. With one process, errors propagate.
    """
    try:
        yield
    except Exception as error:
        if jax.process_count() == 1:
            raise
        message, status = str(error), _REFUSED
        if not isinstance(error, UserError):
            status = _FAILED
            message = (
                f"process {jax.process_index()} of {jax.process_count()} failed or lost another one "
                f"({type(error).__name__}: {' '.join(str(error).split())[:300]}); all processes of the run end, and "
                "the same command continues from the last checkpoint, also with another number of devices or processes"
            )
        print(f"space-jax: {message}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(status)


class Exchange:
    """An asynchronous exchange of a few numbers between all processes.

    It starts without waiting and is read when needed; its work on the devices runs before anything started later. Every
    process must start it, in the same order relative to its other work on the devices.
    """

    def __init__(self, numbers: list[int]):
        """Starts the exchange.

        Args:
          numbers: this process's numbers, equally many on each; 64-bit integers.
        """
        row = np.asarray(numbers, np.int64)[None]
        self._rows: Any = row
        if jax.process_count() > 1:
            # As pairs of 32 bits, because jax by default has no 64-bit integers and would silently truncate them.
            mesh, replicate = _over_processes()
            halves = row.view(np.int32)
            self._rows = replicate(
                multihost_utils.host_local_array_to_global_array(halves, mesh, PartitionSpec("process"))
            )

    def read(self) -> np.ndarray:
        """Waits for the numbers of every process, int64 `[processes, N]`."""
        if isinstance(self._rows, np.ndarray):
            return self._rows
        return np.ascontiguousarray(self._rows.addressable_data(0)).view(np.int64)


@functools.cache
def _over_processes() -> tuple[Mesh, Any]:
    """The devices by process, and a program that replicates an array sharded over the processes."""
    devices = np.array(jax.devices()).reshape(jax.process_count(), jax.local_device_count())
    mesh = Mesh(devices, ("process", "device"), axis_types=(AxisType.Auto,) * 2)
    return mesh, jax.jit(lambda rows: rows, out_shardings=NamedSharding(mesh, PartitionSpec()))


class StopSignal:
    """A request to stop.

    SIGTERM (pre-emption, a cluster's time limit), SIGINT (Ctrl-C, a notebook's stop button) or SIGHUP (the terminal was
    closed; ignored where `nohup` asks for it). While entered, the first signal requests a clean end; a second one has
    its usual effect.

    Attributes:
      requested: whether a signal came.
      say: called in a thread of its own with a sentence for the user, once SIGINT came.
    """

    def __init__(self) -> None:
        self.requested = False
        self.say: Callable[[str], None] = lambda _: None
        self._before: dict[int, Any] = {}
        self._saying: threading.Thread | None = None

    def __enter__(self) -> "StopSignal":
        if threading.current_thread() is threading.main_thread():  # Python allows handlers only there
            for number in _STOP_SIGNALS:
                if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                    continue
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()
        if self._saying is not None:
            self._saying.join()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self.requested = True
        self._restore()
        if number == signal.SIGINT:
            # Not from here: the main thread may be writing to the same stream just now.
            self._saying = threading.Thread(target=self.say, args=(_INTERRUPTED,))
            self._saying.start()

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())
