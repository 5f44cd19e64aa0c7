"""Compares recorded reference activations with ours: the largest difference of each array."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.table import Table

from space_jax.convert.activations import GIVEN, compute
from space_jax.convert.family import compute_family, read_recording, system_of, without_padding
from space_jax.convert.recording import Recording
from space_jax.convert.released.files import layout_of
from space_jax.convert.released.recording import ReleasedRecording, compute_released
from space_jax.convert.state_files import read_state
from space_jax.errors import UserError
from space_jax.reading.arrays import read_arrays
from space_jax.terminal import Console

SCORE_FACTOR = 10.0
"""A score sums the log-probabilities of a response, and may differ by this multiple of the tolerance."""

TOLERANCE, RELEASED_TOLERANCE = 1e-4, 5e-6
"""The usual tolerance of SPACE's recordings, and of those of PALM, PLUG and VECO, whose models are shallower."""

RELEASED_FACTORS = {"grad:": 2.0, "loss_": 0.4}
"""Of PALM, PLUG and VECO, by how a name begins: 1e-5 and 2e-6 at their usual tolerance."""

_SMALLEST_SCALE = 1e-3  # gradients below it are compared absolutely
_RELATIVE = ("grad:", "loss_", "token_losses")
_OUTPUTS = "_outputs.npz"
_LISTED = 6


class Difference(NamedTuple):
    """The comparison of one recorded array with ours.

    Attributes:
      name: of the array.
      measure: "absolute"; "relative" to the array's largest value, of gradients, of losses of SPACE's neighbours and of
        sums over many tokens; "equal", the share of unequal entries.
      value: the largest difference; infinite where the array is of another shape, not finite or not computed.
      factor: the multiple of the tolerance that is accepted.
    """

    name: str
    measure: str
    value: float
    factor: float = 1.0

    def within(self, tolerance: float) -> bool:
        """Whether it is small enough."""
        return self.value == 0 if self.measure == "equal" else self.value <= self.factor * tolerance


def check(
    official: Path, inputs: Path, outputs: Path, spec: Path, generation: Path | None = None
) -> tuple[Difference, ...]:
    """Compares everything that was recorded.

    Args:
      official: the published weights.
      inputs: the batch.
      outputs: what was recorded on it.
      spec: sizes and semantic frames, or of one of SPACE's neighbours, see `convert.family`.
      generation: recorded responses.

    Returns:
      The difference of every recorded array that is not an input.

    Raises:
      UserError: files that cannot be read or do not fit together.
    """
    recorded, state = read_arrays(outputs), read_state(official)
    if layout_of(state) is not None:
        computed = compute_released(ReleasedRecording(state, official, inputs, spec), recorded)
        return compare(recorded, computed, RELEASED_FACTORS)
    if system_of(spec) is not None:
        family = read_recording(state, official, inputs, spec)
        ours = compute_family(family)
        return compare(without_padding(family, recorded), without_padding(family, ours))
    if generation is not None:
        recorded |= read_arrays(generation)
    if not recorded.keys() - GIVEN:
        raise UserError(f"--outputs {outputs}: holds nothing to compare")
    return compare(recorded, compute(Recording(official, inputs, spec), recorded))


def compare(
    recorded: Mapping[str, np.ndarray], computed: Mapping[str, np.ndarray], factors: Mapping[str, float] | None = None
) -> tuple[Difference, ...]:
    """The difference of every recorded array that is not an input, in the order of their names.

    Args:
      recorded: the arrays of the recording.
      computed: ours.
      factors: the multiple of the tolerance that is accepted, by how a name begins; the first that fits counts.
    """
    differences = []
    for name, array in sorted(recorded.items()):
        if name not in GIVEN:
            factor = next((f for start, f in (factors or {}).items() if name.startswith(start)), 1.0)
            one = _difference(name, array, computed.get(name))
            differences.append(one._replace(factor=one.factor * factor))
    return tuple(differences)


def usual_tolerance(official: Path) -> float:
    """The tolerance for a recording with these weights, where none is asked for."""
    return TOLERANCE if layout_of(read_state(official)) is None else RELEASED_TOLERANCE


def recorded_responses(outputs: Path) -> Path | None:
    """The file of recorded responses that lies beside `..._outputs.npz`, if there is one."""
    if not outputs.name.endswith(_OUTPUTS):
        return None
    beside = outputs.with_name(outputs.name.removesuffix(_OUTPUTS) + "_generation.npz")
    return beside if beside.is_file() else None


def _difference(name: str, theirs: np.ndarray, ours: np.ndarray | None) -> Difference:
    measure, factor = "absolute", 1.0
    if theirs.dtype.kind not in "iuf":
        return Difference(name, measure, float("inf"), factor)
    if np.issubdtype(theirs.dtype, np.integer):
        measure = "equal"
    elif name.startswith(_RELATIVE) or (name.startswith("metric_") and theirs.size and np.abs(theirs).max() > 1):
        measure = "relative"
    elif name.startswith("beam"):
        factor = SCORE_FACTOR
    if ours is None or ours.shape != theirs.shape or not np.isfinite(ours).all():
        return Difference(name, measure, float("inf"), factor)
    if not theirs.size:
        return Difference(name, measure, 0.0, factor)
    gap = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    if measure == "equal":
        return Difference(name, measure, float((gap != 0).mean()), factor)
    scale = max(float(np.abs(theirs).max()), _SMALLEST_SCALE) if measure == "relative" else 1.0
    return Difference(name, measure, float(gap.max()) / scale, factor)


def print_report(differences: tuple[Difference, ...], tolerance: float) -> None:
    """Prints every array, the largest difference first."""
    table = Table("array", "measure", "difference", "")
    for difference in sorted(differences, key=lambda one: -one.value / one.factor):
        verdict = "" if difference.within(tolerance) else "differs"
        table.add_row(difference.name, difference.measure, f"{difference.value:.2e}", verdict)
    Console().print(table)


def require_equal(differences: tuple[Difference, ...], tolerance: float) -> None:
    """Raises UserError where an array differs by more than the tolerance."""
    wrong = [one.name for one in differences if not one.within(tolerance)]
    if wrong:
        more = ", ..." if len(wrong) > _LISTED else ""
        raise UserError(
            f"check: {len(wrong)} of {len(differences)} arrays differ by more than {tolerance:g}: "
            f"{', '.join(wrong[:_LISTED])}{more}"
        )
    Console().print(f"all {len(differences)} arrays are within {tolerance:g}")
