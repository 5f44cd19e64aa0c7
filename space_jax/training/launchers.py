"""What started this process as one of several, as its environment tells it.

`jax.distributed.initialize()` finds the other processes by itself under SLURM's srun, the mpirun of Open MPI 4, in an
indexed job of Kubernetes and on TPU machines. Without any of these it fails, and under some of them it would let a
single process wait for others that nobody started. So we look first.
"""

import dataclasses
import glob
import importlib.util
import os

from space_jax.errors import UserError


@dataclasses.dataclass(frozen=True)
class Launched:
    """A process among those that one command started.

    Attributes:
      by: what started it, for messages.
      processes, index: how many there are, and its own, from 0; None where only JAX can find out.
      local: its own number among those of its host; None where that is unknown or does not matter.
    """

    by: str
    processes: int | None = None
    index: int | None = None
    local: int | None = None


@dataclasses.dataclass(frozen=True)
class _Variables:
    """Where a launcher says what `Launched` has."""

    by: str
    processes: str
    index: str
    local: str


# Of SLURM's counts this is that of the step, which only srun sets: a batch script or a shell in an allocation is one
# process, however many tasks SLURM_NTASKS allows. The last line is what MPICH and Intel MPI set.
_LAUNCHERS = (
    _Variables("mpirun (Open MPI)", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"),
    _Variables("srun (SLURM)", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_LOCALID"),
    _Variables("mpiexec", "PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID"),
)
_KUBERNETES = ("KUBERNETES_SERVICE_HOST", "JOB_COMPLETION_INDEX")
_TPU_CHIPS = ("/dev/accel[0-9]*", "/dev/vfio/[0-9]*")
_TPU_HOSTS = ("TPU_PROCESS_ADDRESSES", "TPU_WORKER_HOSTNAMES")
TPU = "a TPU machine"


def launched() -> Launched | None:
    """What started this process as one of several; None for a process on its own.

    Raises:
      UserError: a launcher's variable is no number.
    """
    for names in _LAUNCHERS:
        processes = _number(names.processes)
        if processes is not None and processes > 1:
            return Launched(names.by, processes, _number(names.index), _number(names.local))
    if all(os.environ.get(name) for name in _KUBERNETES):
        return Launched("an indexed job of Kubernetes")
    return Launched(TPU) if _several_tpu_hosts() else None


def _number(name: str) -> int | None:
    text = os.environ.get(name, "")
    if text and not (text.isdecimal() and len(text) < 10):
        raise UserError(f"environment: {name}={text}: expected a number, as the launcher sets it")
    return int(text) if text else None


def _several_tpu_hosts() -> bool:
    """Whether this is a host with TPU chips that JAX will use, and perhaps not the only one of its slice."""
    asked = os.environ.get("JAX_PLATFORMS", "")
    if (asked and "tpu" not in asked.split(",")) or not any(map(glob.glob, _TPU_CHIPS)):
        return False
    hosts = next((os.environ[name] for name in _TPU_HOSTS if os.environ.get(name)), None)
    if hosts is not None:
        return "," in hosts or _number("MEGASCALE_NUM_SLICES") not in (None, 1)
    # Otherwise the metadata server knows, unless it must not be asked.
    return "TPU_SKIP_MDS_QUERY" not in os.environ and importlib.util.find_spec("libtpu") is not None
