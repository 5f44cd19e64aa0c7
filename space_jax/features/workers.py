"""How many processes assemble the batches of a run beside the one that trains."""

import os
import sys
from pathlib import Path

import jax

_MOST = 4  # of them assemble some 6,000 examples a second and more, beyond what eight H100 take


def worker_count(asked: int) -> int:
    """The number of processes that assemble batches; 0: a thread of this one does.

    Args:
      asked: `data.workers`. -1 leaves it to what is there: none without an accelerator, since the devices then need the
        cores themselves; else one for each core of this process but one, at most four.
    """
    if asked >= 0:
        return asked
    if jax.default_backend() == "cpu" or not _main_can_be_imported():
        return 0
    return min(_MOST, len(os.sched_getaffinity(0)) - 1)


def worker_sentence(asked: int) -> str:
    """What a run says about it."""
    count = worker_count(asked)
    if count:
        return f"batches are assembled by {count} further process{'es' if count > 1 else ''} (data.workers={asked})"
    why = ""
    if asked < 0 and jax.default_backend() != "cpu":
        why = "; data.workers=2 adds two processes, which import the running script again: guard what it runs by "
        why += "`if __name__ == '__main__':`"
        if _main_can_be_imported():
            why = "; there is one core"
    return f"batches are assembled by a thread of this process (data.workers={asked}){why}"


def _main_can_be_imported() -> bool:
    """Whether new processes can import the running program, as they do: ours, or a notebook, which has no file.

    Somebody's script would start to train in each of them unless it guards against that.
    """
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    module = getattr(getattr(main, "__spec__", None), "name", "")
    return file is None or Path(file).stem == "space-jax" or module.startswith("space_jax.")
