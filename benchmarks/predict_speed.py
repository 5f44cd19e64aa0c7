"""Utterances a second of a fine-tuned model: in batches, and one at a time.

python benchmarks/predict_speed.py --workdir runs/banking77 --input utterances.jsonl

Compiling is not counted: every input is predicted once before it is timed. Wall time, so run it on a quiet machine.
"""

import argparse
import time
from pathlib import Path

from space_jax.tasks.predictor import Predictor
from space_jax.tasks.record_sources import Row, rows_of
from space_jax.tasks.row_predictions import predict_rows


def main() -> None:
    """Prints one line for each batch size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workdir", type=Path, required=True, help="folder of a fine-tuning run")
    parser.add_argument("--input", type=Path, required=True, help="JSONL, CSV or TSV")
    parser.add_argument("--limit", type=int, default=512, help="lines to predict (%(default)s)")
    given = parser.parse_args()
    rows = [row for row, _ in zip(rows_of(given.input), range(given.limit), strict=False)]
    for size in (1, 8, 64):
        trained = Predictor(given.workdir, batch_size=size)
        seconds = timed(trained, rows, size)
        print(f"batch {size:3d}: {len(rows) / seconds:7.1f} a second ({seconds:.2f} s for {len(rows)})", flush=True)


def timed(trained: Predictor, rows: list[Row], size: int) -> float:
    """Seconds of the second pass."""
    for _ in range(2):
        began = time.perf_counter()
        for start in range(0, len(rows), size if size == 1 else len(rows)):
            list(predict_rows(trained, rows[start : start + 1] if size == 1 else rows, size))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
