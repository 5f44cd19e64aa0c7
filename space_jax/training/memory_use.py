"""The memory use of a run: the train state on a device, and the compiler on the host."""

import contextlib
import ctypes
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax

from space_jax.errors import UserError
from space_jax.training.least_memory import GIB, memory_of
from space_jax.training.state import TrainState

_EXHAUSTED = "RESOURCE_EXHAUSTED: Out of memory"  # XLA's, which follows the name of its exception
_REASON = 200  # characters of it
_REMEDIES = (
    "a smaller batch (config field data.batch_size of pre-training, train.batch_size of fine-tuning, option "
    "--batch-size of predict) needs less, and so does optimiser.accumulate=N, which computes a batch in N parts, or "
    "model.remat=true"
)

_COMPILED = "/jax/core/compile/backend_compile_duration"
_SHORTEST = 1.0  # seconds; small programs leave little memory behind, and trimming takes time


def gib(size: float) -> str:
    """Bytes as GiB with two decimals."""
    return f"{size / GIB:.2f}"


def state_bytes(state: Any) -> int:
    """Bytes per device of a state or a part of it.

    Args:
      state: `jax.ShapeDtypeStruct` with shardings.
    """
    return sum(
        leaf.dtype.itemsize * math.prod(leaf.sharding.shard_shape(leaf.shape)) for leaf in jax.tree.leaves(state)
    )


def state_arithmetic(abstract: TrainState) -> str:
    """The memory of the train state on one device, as a sum in words."""
    params, moments = state_bytes(abstract.params), state_bytes(abstract.opt_state)
    return f"parameters {gib(params)} + AdamW's moments {gib(moments)} + gradients {gib(params)}"


def require_state_fits(abstract: TrainState, devices: Sequence[jax.Device]) -> None:
    """Checks that the state fits into a device, before anything is allocated.

    Parameters, moments and gradients exist at the same time in every step; activations come on top and are known only
    once the step is compiled. Does nothing if a device's memory is not known.

    Raises:
      UserError: it does not fit; the message has the sum.
    """
    device = next((d for d in devices if d.process_index == jax.process_index()), None)
    limit = None if device is None else memory_of(device)
    needed = 2 * state_bytes(abstract.params) + state_bytes(abstract.opt_state)
    if limit and needed > limit:
        raise UserError(
            f"config field mesh: a device needs {gib(needed)} GiB for the state alone ({state_arithmetic(abstract)}) "
            f"and has {gib(limit)}; mesh.preset=fsdp divides it among the devices"
        )


def out_of_memory(error: BaseException) -> str | None:
    """A sentence for an error of NumPy or of XLA that there is not enough memory; None for any other error."""
    text = " ".join(str(error).split())
    if not isinstance(error, MemoryError) and _EXHAUSTED not in text:
        return None
    return f"the memory does not suffice ({text[:_REASON] or 'out of memory'}); {_REMEDIES}"


@contextlib.contextmanager
def within_memory() -> Iterator[None]:
    """Turns such an error into a user error.

    Raises:
      UserError: the memory does not suffice; the message names the fields to change.
    """
    try:
        yield
    except Exception as error:
        said = out_of_memory(error)
        if said is None:
            raise
        raise UserError(said) from error


@functools.cache
def return_memory_after_compiling() -> None:
    """Makes the process return the compiler's memory to the system after each compilation from now on.

    On a CPU, XLA compiles in this process. The memory it frees stays in glibc's arenas (more than half a GiB for the
    step of a mini model), where the program's large buffers do not use it and so add to it. Does nothing if the C
    library is not glibc.
    """
    trim = _malloc_trim()
    if trim is None:
        return

    def listen(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event == _COMPILED and duration_secs >= _SHORTEST:
            trim(0)

    jax.monitoring.register_event_duration_secs_listener(listen)


def _malloc_trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library or operating system
        return None
