"""Whether devices wait for input: the training pipeline against a stand-in for a device that takes so many examples/s.

  python benchmarks/input_wait.py --config configs/space3.py:base --prepared runs/sgd/corpus --examples 1000000

No model is run. Each step draws a batch as training does, one ahead, and the stand-in then sleeps until the step before
would have ended. `--rate` is what the devices take: some 3,100 examples a second would be SPACE-3 base on eight H100 at
40% of their peak (docs/scaling.md). First the pipeline runs alone, as fast as it can. The corpus repeats, in another
order and with new masks. A step waits where its batch comes only after the device has finished the one before.
"""

import argparse
import dataclasses
import json
import os
import time
from datetime import date
from pathlib import Path
from typing import Any

from space_jax.config import PretrainConfig
from space_jax.config_files import load_config
from space_jax.features.pipeline import train_batches


def alone(config: PretrainConfig, workers: int, seconds: float) -> float:
    """Examples a second that the pipeline assembles when nothing else is to be done."""
    stream = train_batches(config.data, config.recipe, 0, workers=workers)
    for _ in range(4 + 4 * workers):  # opens the files, starts the processes, empties what they prepared
        next(stream)
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        next(stream)
        count += config.data.batch_size
    rate = count / (time.monotonic() - began)
    stream.close()
    return rate


def with_device(config: PretrainConfig, workers: int, rate: float, examples: int) -> dict[str, Any]:
    """How long the stand-in for a device had nothing to do, over a run of so many examples."""
    stream = train_batches(config.data, config.recipe, 0, workers=workers)
    next(stream)
    step = config.data.batch_size / rate
    steps = examples // config.data.batch_size
    began = free = time.monotonic()  # when the device has finished all that it was given
    waits = []
    for _ in range(steps):
        next(stream)
        now = time.monotonic()
        waits.append(max(0.0, now - free))
        begun = max(free, now)
        time.sleep(max(0.0, begun - time.monotonic()))  # one step is queued ahead, as in training
        free = begun + step
    seconds = free - began
    stream.close()
    return {
        "steps": steps,
        "seconds": round(seconds, 1),
        "examples_per_second": round(examples / seconds),
        "share_waited": round(sum(waits) / seconds, 5),
        "steps_that_waited": sum(wait > 0 for wait in waits),
        "longest_wait_ms": round(1e3 * max(waits), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--prepared", nargs="+", required=True, help="folders that `space-jax data build` wrote")
    parser.add_argument("--examples", type=int, default=1_000_000, help="of the run with the stand-in (%(default)s)")
    parser.add_argument("--rate", type=float, default=3100.0, help="examples a second of the devices (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes beside the first in that run (%(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run of the pipeline alone (%(default)s)")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    config = load_config(given.config, {}, PretrainConfig)
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, prepared=tuple(given.prepared)))
    cores = len(os.sched_getaffinity(0))
    report = {
        "date": date.today().isoformat(),
        "config": given.config,
        "corpora": [Path(folder).name for folder in given.prepared],
        "cores": cores,
        "load_before": round(os.getloadavg()[0], 1),
        "batch_size": config.data.batch_size,
        "alone_examples_per_second": {
            str(workers): round(alone(config, workers, given.seconds)) for workers in (0, 1, 2)
        },
        "rate": given.rate,
        "workers": given.workers,
        "with_device": with_device(config, given.workers, given.rate, given.examples),
        "load_after": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(report, indent=1))
    if given.out is not None:
        given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
