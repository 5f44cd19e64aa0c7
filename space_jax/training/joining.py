"""How the processes of a run join: by the variables that say so, or as JAX finds them; waiting is said."""

import dataclasses
import functools
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax

from space_jax.errors import UserError
from space_jax.terminal import say
from space_jax.training.launchers import TPU, Launched, launched

# A process that is silent for this long is considered dead, and the others end. On TPUs a dead host stalls collectives
# without an error, so only this ends the run; JAX's own default is 100 s.
HEARTBEAT_SECONDS = 30
# JAX ends the process with a stack trace at its timeout, so that ours comes before. Its default is 300 s as well.
WAIT_SECONDS = 300
SILENT_SECONDS = 5

_ADDRESS, _NUMBER, _INDEX = "JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"
_REFUSED = 2  # exit status, as on the command line
_TIMES: dict[str, Any] = {"initialization_timeout": 2 * WAIT_SECONDS, "heartbeat_timeout_seconds": HEARTBEAT_SECONDS}
_SHOWN = 200  # characters of another library's message


@dataclasses.dataclass(frozen=True)
class Membership:
    """A process among those of a run.

    Attributes:
      host, port: where process 0 listens.
      processes: how many there are.
      index: its own, from 0.
      local: its own number among those of its host, which is that of the card it takes; None: it takes all.
    """

    host: str
    port: int
    processes: int
    index: int
    local: int | None = None

    @property
    def address(self) -> str:
        """As JAX takes it."""
        return f"{self.host}:{self.port}"


def initialise_distributed() -> None:
    """Joins the processes of one run; does nothing for a process on its own, or where they have joined already.

    Reads `JAX_COORDINATOR_ADDRESS`, `JAX_NUM_PROCESSES` and `JAX_PROCESS_ID`; without them, JAX finds the others where
    `launchers.launched` says that there are any. Call it before any other use of jax. If the others do not come within
    `WAIT_SECONDS`, the process says so and ends, as JAX would end it.

    Raises:
      UserError: see `membership`; process 0 cannot listen at the address; several processes were started, and JAX
        cannot find out where they are.
    """
    if jax.distributed.is_initialized():  # by the run before in this process: one of several seeds, a caller's own
        return
    by = launched()
    joined = membership(by)
    if joined is not None:
        _join(joined)
    elif by is not None and os.environ.get(_NUMBER) != "1":
        _find_and_join(by)


def _join(joined: Membership) -> None:
    card: dict[str, Any] = {} if joined.local is None else {"local_device_ids": [joined.local]}
    with _saying_that_it_waits(f"process {joined.index} of {joined.processes}", functools.partial(_others, joined)):
        try:
            jax.distributed.initialize(
                joined.address, num_processes=joined.processes, process_id=joined.index, **card, **_TIMES
            )
        except RuntimeError as error:  # a port that is in use
            reason = " ".join(str(error).split())
            raise UserError(f"environment: {_ADDRESS}={joined.address}: cannot be used ({reason})") from error


def _find_and_join(by: Launched) -> None:
    """Joins the processes that JAX finds."""
    who = "this process" if by.processes is None else f"process {by.index} of {by.processes}"
    with _saying_that_it_waits(who, lambda: f"the others that {by.by} started"):
        try:
            jax.distributed.initialize(**_TIMES)
        except Exception as error:  # of the cluster's own interfaces as well: no metadata server, no permission
            reason = " ".join(str(error).split())[:_SHOWN]
            if by.by == TPU:  # alone, it cannot be one of a slice of several hosts, whose chips would not start
                say(f"space-jax: runs on this host's chips alone; no other host was found ({reason})", sys.stderr)
                return
            number = "" if by.processes is None else f" as one of {by.processes}"
            raise UserError(
                f"environment: this process was started by {by.by}{number}, and JAX could not join it to the others "
                f"({reason}); set {_ADDRESS} to HOST:PORT of process 0{_more(by)}, or {_NUMBER}=1 for a run of its own"
            ) from error


def _more(by: Launched) -> str:
    """What must be set beside the address."""
    return "" if by.processes is not None else f", {_NUMBER} and {_INDEX}"


def membership(by: Launched | None = None) -> Membership | None:
    """What the process variables say; None if none is set, or if there is to be one process.

    Args:
      by: what started the process, which knows their number and its own where the variables do not say so.

    Raises:
      UserError: only some of the three are set, or one is not what it must be.
    """
    names = (_ADDRESS, _NUMBER, _INDEX)
    values = {name: os.environ.get(name, "") for name in names}
    local = None
    if values[_ADDRESS] and not values[_NUMBER] and not values[_INDEX] and by is not None and by.index is not None:
        values |= {_NUMBER: str(by.processes), _INDEX: str(by.index)}
        local = by.local
    missing = [name for name, value in values.items() if not value]
    if len(missing) == len(names) or (len(missing) == 2 and values[_NUMBER] == "1"):
        return None
    if missing:
        raise UserError(f"environment: {', '.join(missing)} must be set together with the other process variables")
    processes = _number(values, _NUMBER, "1 or more", 1)
    of_processes = f"0 to {processes - 1}, counted from 0 of {processes} processes"
    index = _number(values, _INDEX, of_processes, 0, processes - 1)
    host, colon, port = values[_ADDRESS].rpartition(":")
    if not (host and colon and port.isdecimal() and 0 < int(port[:9]) < 2**16):
        raise UserError(
            f"environment: {_ADDRESS}={values[_ADDRESS]}: expected the host of process 0 and a port from 1 to 65535, "
            "such as localhost:8476"
        )
    return Membership(host, int(port), processes, index, local)


def _number(values: dict[str, str], name: str, expected: str, least: int, most: int = 2**16) -> int:
    text = values[name]
    if not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
        raise UserError(f"environment: {name}={text}: expected {expected}")
    return int(text)


@contextmanager
def _saying_that_it_waits(who: str, others: Callable[[], str]) -> Iterator[None]:
    """Says after `SILENT_SECONDS` for whom this process waits, and ends it after `WAIT_SECONDS`."""
    there = threading.Event()
    watch = threading.Thread(target=_watch, args=(who, others, there), daemon=True)
    watch.start()
    try:
        yield
    finally:
        there.set()
        watch.join()


def _watch(who: str, others: Callable[[], str], there: threading.Event) -> None:
    if there.wait(SILENT_SECONDS):
        return
    say(f"space-jax: {who} waits for {others()}, for at most {WAIT_SECONDS} s", sys.stderr, flush=True)
    if there.wait(WAIT_SECONDS - SILENT_SECONDS):
        return
    say(f"space-jax: {who} has waited {WAIT_SECONDS} s for {others()} and ends", sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(_REFUSED)


def _others(joined: Membership) -> str:
    """Whom a process waits for: process 0 for all others, any other first for process 0."""
    if joined.index == 0:
        others = "process 1" if joined.processes == 2 else f"processes 1 to {joined.processes - 1}"
        return f"{others} to join at {joined.address}"
    more = " and the other processes" if joined.processes > 2 else ""
    return f"process 0 at {joined.address}{more}" + _unknown_host(joined.host)


def _unknown_host(host: str) -> str:
    try:
        socket.getaddrinfo(host.strip("[]"), None)
    except OSError:  # it may come to be known: the name of a machine that is not yet up
        return " (no machine is known by this name yet)"
    return ""
