"""The chips of a named TPU topology, without having one: libtpu compiles for them on any x86 Linux machine."""

import importlib.util
import os
import platform
from collections.abc import Sequence

import jax
from jax.experimental import topologies

from space_jax.errors import UserError

# libtpu queries the metadata server of Google Cloud and logs errors where there is none. Several processes may compile
# at once, since none of them uses a chip.
_NO_MACHINE = {
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5litepod-4",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
}


def has_libtpu() -> bool:
    """Whether the extra for compiling for TPUs is installed."""
    return importlib.util.find_spec("libtpu") is not None


def topology_devices(name: str) -> Sequence[jax.Device]:
    """The chips of a topology: programs can be compiled for them but not run.

    Args:
      name: generation and shape, such as "v5e:4x4" (16 chips) or "v4:2x2x2".

    Raises:
      UserError: libtpu is not installed, or does not know the topology.
    """
    if not has_libtpu():
        machine = "" if (platform.system(), platform.machine()) == ("Linux", "x86_64") else " (x86 Linux only)"
        raise UserError(f"--topology {name}: needs libtpu{machine}; install it with pip install 'space-jax[tpu]'")
    for variable, value in _NO_MACHINE.items():
        os.environ.setdefault(variable, value)
    try:
        return topologies.get_topology_desc(platform="tpu", topology_name=name).devices
    except Exception as error:  # jaxlib raises its own exceptions, which have no common base
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"--topology {name}: libtpu does not know it ({reason}); expected a generation and a shape, such as v5e:4x4"
        ) from error
