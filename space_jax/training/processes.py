"""Several processes as one run: how they join, what they tell one another, and how they stop or end together."""

import functools
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from space_jax.errors import UserError

# A process that says nothing for so long is taken for dead and the others end. On TPUs the death of a host stops a
# collective without an error, so this is what ends the run there; JAX's own default is 100 s.
HEARTBEAT_SECONDS = 30

_PROCESS_VARIABLES = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
_FAILED, _REFUSED = 1, 2  # exit statuses, as of the command line
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def initialise_distributed() -> None:
    """Joins the processes of one run; does nothing where no process variable is set.

    Reads `JAX_COORDINATOR_ADDRESS`, `JAX_NUM_PROCESSES` and `JAX_PROCESS_ID`. It must run before any other use of jax.

    Raises:
      UserError: when only some of the three are set, or a number is not one.
    """
    values = {name: os.environ.get(name) for name in _PROCESS_VARIABLES}
    missing = [name for name, value in values.items() if not value]
    if len(missing) == len(_PROCESS_VARIABLES):
        return
    if missing:
        raise UserError(f"environment: {', '.join(missing)} must be set together with the other process variables")
    try:
        processes, index = int(values["JAX_NUM_PROCESSES"] or ""), int(values["JAX_PROCESS_ID"] or "")
    except ValueError:
        raise UserError("environment: JAX_NUM_PROCESSES and JAX_PROCESS_ID must be whole numbers") from None
    jax.distributed.initialize(
        values["JAX_COORDINATOR_ADDRESS"],
        num_processes=processes,
        process_id=index,
        heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
    )


@contextmanager
def ending_together() -> Iterator[None]:
    """Ends this process at once when its part of a run of several processes fails.

    JAX would first wait at exit for the other processes, which wait in a collective for this one. The end of this
    process is noticed by the others: by a closed connection, or after `HEARTBEAT_SECONDS`. With one process, errors
    pass.
    """
    try:
        yield
    except Exception as error:
        if jax.process_count() == 1:
            raise
        said, status = str(error), _REFUSED
        if not isinstance(error, UserError):
            status = _FAILED
            said = (
                f"process {jax.process_index()} of {jax.process_count()} failed or lost another one "
                f"({type(error).__name__}: {' '.join(str(error).split())[:300]}); all processes of the run end, and "
                "the same command continues from the last checkpoint, also with another number of devices or processes"
            )
        print(f"space-jax: {said}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(status)


class Exchange:
    """A few numbers of every process, on their way to all.

    It is begun without waiting for anything and read when it is needed: what it queues on the devices comes before
    whatever is started after it. Every process must begin it, in the same order among its other work on the devices.
    """

    def __init__(self, numbers: list[int]):
        """Begins it.

        Args:
          numbers: of this process, as many on each; they have 64 bits.
        """
        row = np.asarray(numbers, np.int64)[None]
        self._rows: Any = row
        if jax.process_count() > 1:
            # As pairs of 32 bits, because jax keeps no 64-bit integers by default and would cut them without a word.
            mesh, replicate = _over_processes()
            halves = row.view(np.int32)
            self._rows = replicate(
                multihost_utils.host_local_array_to_global_array(halves, mesh, PartitionSpec("process"))
            )

    def read(self) -> np.ndarray:
        """Waits; the numbers of every process, int64 `[processes, N]`."""
        if isinstance(self._rows, np.ndarray):
            return self._rows
        return np.ascontiguousarray(self._rows.addressable_data(0)).view(np.int64)


@functools.cache
def _over_processes() -> tuple[Mesh, Any]:
    """The devices by process, and a program that gives every device what lies divided among the processes."""
    devices = np.array(jax.devices()).reshape(jax.process_count(), jax.local_device_count())
    mesh = Mesh(devices, ("process", "device"), axis_types=(AxisType.Auto,) * 2)
    return mesh, jax.jit(lambda rows: rows, out_shardings=NamedSharding(mesh, PartitionSpec()))


class StopSignal:
    """A request to stop: SIGTERM (pre-emption, a cluster's time limit) or SIGINT (Ctrl-C).

    While entered, the first signal asks for a clean end; a second one acts as it would without us.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopSignal":
        if threading.current_thread() is threading.main_thread():  # Python allows handlers nowhere else
            for number in _STOP_SIGNALS:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())
