"""Several processes as one run: how they join, and how they end when one of them dies."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import jax

from space_jax.errors import UserError

# A process that says nothing for so long is taken for dead and the others end. On TPUs the death of a host stops a
# collective without an error, so this is what ends the run there; JAX's own default is 100 s.
HEARTBEAT_SECONDS = 30

_PROCESS_VARIABLES = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
_FAILED, _REFUSED = 1, 2  # exit statuses, as of the command line


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
                "the same command goes on from the last checkpoint, also with another number of devices or processes"
            )
        print(f"space-jax: {said}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(status)
