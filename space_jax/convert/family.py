"""Recorded numbers of SPACE's neighbours: which system a recording is of, and our arrays for it.

A recording is four files, as for SPACE (`convert.recording`), but the JSON names the published system in `system` and
holds its sizes and special ids, and the weights may be an `.npz` file with the published keys. Each system has a module
with `compute(recording)`, which returns our arrays under the names of the recorded ones. PALM, PLUG and VECO, which
have models of their own, are in `convert.released`.
"""

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.corpora.reading import field
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.arrays import read_arrays
from space_jax.reading.json_text import read_json

Arrays = dict[str, np.ndarray]

SYSTEMS = {"StructBERT": "space_jax.convert.structbert_numbers", "STAR": "space_jax.convert.star_numbers"}
"""The system of a recording -> the module that computes ours."""


@dataclasses.dataclass(frozen=True)
class FamilyRecording:
    """A recorded model with its batch.

    Attributes:
      system: a key of `SYSTEMS`.
      spec: the content of the JSON.
      state: published key -> array.
      inputs: the arrays of the batch.
      source: the file of the weights, for messages.
    """

    system: str
    spec: Mapping[str, Any]
    state: Arrays
    inputs: Arrays
    source: str

    def size(self, *path: str) -> Any:
        """A number of the JSON, such as `size("sizes", "heads")`.

        Raises:
          UserError: there is none.
        """
        node: Any = self.spec
        for name in path:
            node = node.get(name) if isinstance(node, Mapping) else None
        if isinstance(node, bool) or not isinstance(node, int | float):
            raise UserError(f"--spec: field {'.'.join(path)} is {shown(node)}, but must be a number")
        return node

    def require(self, *names: str) -> None:
        """Raises `UserError` unless the batch has these arrays."""
        missing = [name for name in names if name not in self.inputs]
        if missing:
            raise UserError(f"--inputs: lacks the arrays {', '.join(missing)}")


def system_of(spec: Path) -> str | None:
    """The system that a JSON names; None for a recording of SPACE.

    Raises:
      UserError: it is one that we have no numbers for, or the file cannot be read.
    """
    if not spec.is_file():
        raise UserError(f"--spec {spec}: no such file")
    said = read_json(spec)
    if not isinstance(said, dict) or "system" not in said:
        return None
    if said["system"] not in SYSTEMS:
        known = ", ".join(SYSTEMS)
        raise UserError(f"--spec {spec}: field system is {shown(said['system'])}, but must be one of {known}")
    return str(said["system"])


def read_recording(state: Arrays, weights: Path, inputs: Path, spec: Path) -> FamilyRecording:
    """Takes weights that have been read and reads the other files of a recording.

    Raises:
      UserError: a file that cannot be read.
    """
    said = read_json(spec)
    return FamilyRecording(field(said, "system", str, f"--spec {spec}"), said, state, read_arrays(inputs), str(weights))


def compute_family(recording: FamilyRecording) -> Arrays:
    """All our arrays for the batch, by the names of the recorded ones."""
    return {name: np.asarray(array) for name, array in _module(recording).compute(recording).items()}


def without_padding(recording: FamilyRecording, arrays: Mapping[str, np.ndarray]) -> Arrays:
    """The arrays with zeros where activations mean nothing, so that ours and theirs can be compared."""
    kept = dict(arrays)
    for prefix, mask in _module(recording).PADDED.items():
        there = recording.inputs[mask] > 0
        for name, array in arrays.items():
            if name.startswith(prefix) and array.shape[: there.ndim] == there.shape:
                kept[name] = np.where(there.reshape(there.shape + (1,) * (array.ndim - there.ndim)), array, 0.0)
    return kept


def _module(recording: FamilyRecording) -> Any:
    return importlib.import_module(SYSTEMS[recording.system])
