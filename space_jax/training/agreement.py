"""What the processes of one run tell one another on the host: a few numbers a step, the data position at a save."""

import json
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils


def gather_numbers(numbers: list[int]) -> np.ndarray:
    """The numbers of every process, int64 `[processes, len(numbers)]`. Every process must call it."""
    row = np.asarray(numbers, np.int64)
    if jax.process_count() == 1:
        return row[None]
    # As pairs of 32 bits, because jax keeps no 64-bit integers by default and would cut them without a word.
    halves = multihost_utils.process_allgather(row.view(np.int32))
    return np.ascontiguousarray(halves).view(np.int64).reshape(jax.process_count(), len(numbers))


def gather_json(value: Any) -> list[Any]:
    """A JSON value of every process, by process index. Every process must call it."""
    if jax.process_count() == 1:
        return [value]
    text = np.frombuffer(json.dumps(value).encode(), np.uint8)
    lengths = gather_numbers([len(text)])[:, 0]
    padded = np.zeros(int(lengths.max()), np.uint8)
    padded[: len(text)] = text
    rows = np.asarray(multihost_utils.process_allgather(padded))
    return [json.loads(row[:length].tobytes()) for row, length in zip(rows, lengths.tolist(), strict=True)]
