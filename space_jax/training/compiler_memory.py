"""The memory that the compiler used goes back to the system before the program runs.

On a CPU, XLA compiles in this process. What it frees stays in glibc's arenas, more than half a GiB for the step of a
mini model, where the large buffers of the program do not look for room: without this they come on top.
"""

import ctypes
import functools
from collections.abc import Callable

import jax

_COMPILED = "/jax/core/compile/backend_compile_duration"
_SHORTEST = 1.0  # seconds; small programs leave little, and looking through the arenas takes a while


@functools.cache
def return_memory_after_compiling() -> None:
    """From now on; where the C library is not glibc nothing is done."""
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
    except (AttributeError, OSError, TypeError):  # another C library; another system
        return None
