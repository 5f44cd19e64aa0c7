"""Writing and reading the files of a fine-tuning run's workdir."""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.errors import UserError

LABELS, SUPPORT, RESULTS, ERRORS = "labels.json", "support.npz", "results.json", "errors.html"
PREDICTIONS = "predictions.jsonl"


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")  # two processes may write a report at the same time
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes arrays by name whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    os.replace(temporary, path)


def read_json(path: Path) -> Any:
    """A JSON file of a run.

    Raises:
      UserError: it is not there or damaged.
    """
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); is its run finished?") from None


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays that `write_arrays` wrote; none if there is no such file."""
    if not path.is_file():
        return {}
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
