"""Checks that a step fits into a device's memory; the error message shows the arithmetic."""

import re
from typing import Any

from space_jax.errors import UserError
from space_jax.scale.chips import CHIPS
from space_jax.scale.program import Program, StepPlan
from space_jax.training.memory_use import gib, state_arithmetic

REMEDIES = (
    "a smaller data.batch_size, more optimiser.accumulate, model.remat=true, model.dtype=bfloat16 or mesh.preset=fsdp "
    "need less"
)


def device_memory(device: Any) -> float | None:
    """Bytes available to programs on a device: as reported, else as known for its kind; None if neither is known."""
    try:
        reported = (device.memory_stats() or {}).get("bytes_limit")
    except Exception:  # the devices of a topology have no statistics and raise various errors
        reported = None
    if reported:
        return float(reported)
    return CHIPS[device.device_kind].memory if device.device_kind in CHIPS else None


def require_program_fits(plan: StepPlan, program: Program) -> None:
    """Checks that a compiled step needs no more memory than a device has.

    Raises:
      UserError: it needs more; the message has the sum.
    """
    device = plan.mesh.devices.flat[0]
    limit = device_memory(device)
    if limit is None or program.peak <= limit:
        return
    raise UserError(
        f"the step does not fit: it needs {gib(program.peak)} GiB per device (arguments {gib(program.arguments)} + "
        f"temporaries {gib(program.temporaries)} + new outputs {gib(program.outputs)} + code {gib(program.code)}) and "
        f"a {device.device_kind} has {gib(limit)}; of it {state_arithmetic(plan.abstract)}; {REMEDIES}"
    )


def out_of_memory(error: Exception, plan: StepPlan) -> UserError | None:
    """Converts a compiler's "out of memory" error to a user error; None for any other error."""
    text = " ".join(str(error).split())
    if "RESOURCE_EXHAUSTED" not in text:
        return None
    used = re.search(r"Used ([\d.]+[GMK]?) of ([\d.]+[GMK]?) hbm", text)
    reason = f"the compiler needs {used[1]} and has {used[2]} per device" if used else text[:200]
    return UserError(f"the step does not fit: {reason}; of it {state_arithmetic(plan.abstract)} GiB; {REMEDIES}")
