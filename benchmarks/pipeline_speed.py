"""How fast the training pipeline makes batches of a prepared corpus, on one core.

  python benchmarks/pipeline_speed.py --prepared runs/sgd/corpus --out benchmarks/results/pipeline_speed.json

Reading, laying out, masking, packing: everything that `features.pipeline` does in the process that trains, without a
device. `--prepared` takes several corpora. Turns are those of the contexts and the responses, after the limits of the
corpus. The rate is by CPU time, so that other work on the machine does not change it.
"""

import argparse
import json
import os
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.config import DataConfig, RecipeConfig, Space1Config, Space2Config, Space3Config
from space_jax.features.batch import Tokens
from space_jax.features.pipeline import train_batches

RECIPES: dict[str, RecipeConfig] = {"space1": Space1Config(), "space2": Space2Config(), "space3": Space3Config()}


def main() -> None:
    """Measures each recipe on all corpora together, prints the rates and writes the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepared", nargs="+", required=True, help="folders that `space-jax data build` wrote")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--labelled-share", type=float, default=0.5)
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    data = DataConfig(prepared=tuple(given.prepared), batch_size=given.batch_size, labelled_share=given.labelled_share)
    recipes = {name: measured(data, recipe, given.batches) for name, recipe in RECIPES.items()}
    report = {
        "date": date.today().isoformat(),
        "cores": os.cpu_count(),
        "corpora": [Path(folder).name for folder in given.prepared],
        "batch_size": given.batch_size,
        "batches": given.batches,
        "recipes": recipes,
    }
    print(json.dumps(report, indent=1))
    if given.out:
        given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def measured(data: DataConfig, recipe: RecipeConfig, batches: int) -> dict[str, Any]:
    """Examples, turns and tokens a second of CPU time of one core."""
    iterator = train_batches(data, recipe, seed=0)
    next(iterator)  # opens the files
    start, wall = time.process_time(), time.monotonic()
    turns = tokens = 0
    for _ in range(batches):
        batch = next(iterator)
        for grid in (batch.context, batch.response):
            turns += turns_of(grid)
            tokens += int(np.count_nonzero(grid.segments))
    seconds, waited = time.process_time() - start, time.monotonic() - wall
    iterator.close()
    return {
        "examples_per_cpu_second": round(batches * data.batch_size / seconds, 1),
        "turns_per_cpu_second": round(turns / seconds, 1),
        "tokens_per_cpu_second": round(tokens / seconds),
        "cpu_seconds_a_batch": round(seconds / batches, 5),
        "wall_seconds_a_batch": round(waited / batches, 5),
    }


def turns_of(grid: Tokens) -> int:
    """Turns in a grid: positions count from 0 in each."""
    return int(np.count_nonzero((grid.positions == 0) & (grid.segments > 0)))


if __name__ == "__main__":
    main()
