"""Writing and reading the files of a fine-tuning run's workdir."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.errors import UserError
from space_jax.reading import arrays, json_text

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


def write_arrays(path: Path, by_name: dict[str, np.ndarray]) -> None:
    """Writes arrays by name whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        np.savez(file, **by_name)  # type: ignore[arg-type]
    os.replace(temporary, path)


def write_array(path: Path, array: np.ndarray) -> None:
    """Writes one array, `.npy`, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.save(file, array)
    os.replace(temporary, path)


def read_json(path: Path) -> Any:
    """A JSON file of a run.

    Raises:
      UserError: it is not there or damaged.
    """
    try:
        return json_text.read_json(path)
    except UserError as error:
        raise UserError(f"{error}; is its run finished?") from None


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays that `write_arrays` wrote; none if there is no such file."""
    return arrays.read_arrays(path) if path.is_file() else {}
