"""What held-out measures lose without dropout of attention's weights, which no fused kernel has: short runs of SPACE-2.

  python benchmarks/attention_dropout.py --prepared runs/corpus --out benchmarks/results/attention_dropout.json

Each seed trains twice with the published dropout of 0.2 in all else: once with the same rate for the weights of
attention, once with none. The model is `configs/space2.py:micro` from random weights, on one grid, so that little is
compiled. A small corpus that is seen many times is the case in which dropout matters most.
"""

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from space_jax.config import PretrainConfig
from space_jax.config_files import load_config
from space_jax.training.metrics import read_records
from space_jax.training.pretrain import pretrain

CONFIG, RATE = "configs/space2.py:micro", 0.2
NOT_MEASURES = ("kind", "step", "evaluation_seconds")


def config_of(prepared: str, rate: float, seed: int, steps: int) -> PretrainConfig:
    """One run."""
    base = load_config(CONFIG, {}, PretrainConfig)
    model = dataclasses.replace(base.model, dropout=RATE, attention_dropout=rate, attention="reference", remat=False)
    data = dataclasses.replace(
        base.data,
        prepared=(prepared,),
        batch_size=32,
        context_length=128,
        response_length=80,
        examples_per_row=4,
        row_ladder=(1.0,),
        grids=((0.375, 160, 80),),
        eval_examples=512,
    )
    optimiser = dataclasses.replace(base.optimiser, learning_rate=1e-3)
    every = max(1, steps // 3)
    train = dataclasses.replace(
        base.train, steps=steps, seed=seed, eval_every=every, checkpoint_every=steps, log_every=every
    )
    return dataclasses.replace(base, model=model, data=data, optimiser=optimiser, train=train)


def run(prepared: str, rate: float, seed: int, steps: int) -> dict[str, Any]:
    """Trains once; what every evaluation measured."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        pretrain(config_of(prepared, rate, seed, steps), folder)
        records = [record for record in read_records(Path(folder) / "metrics.jsonl") if record["kind"] == "eval"]
    evaluations = {
        str(record["step"]): {
            name: round(value, 4) for name, value in record.items() if name not in NOT_MEASURES and "term/" not in name
        }
        for record in records
    }
    seconds = round(time.process_time() - began)
    return {"attention_dropout": rate, "seed": seed, "processor_seconds": seconds, "held_out": evaluations}


def differences(runs: list[dict[str, Any]], step: str) -> dict[str, dict[str, Any]]:
    """For each measure, the mean with dropout and without, and the difference of each seed."""
    by_rate = {
        rate: [one["held_out"][step] for one in runs if one["attention_dropout"] == rate] for rate in (RATE, 0.0)
    }
    return {
        name: {
            "with": round(statistics.fmean(one[name] for one in by_rate[RATE]), 4),
            "without": round(statistics.fmean(one[name] for one in by_rate[0.0]), 4),
            "without_minus_with": [
                round(b[name] - a[name], 4) for a, b in zip(by_rate[RATE], by_rate[0.0], strict=True)
            ],
        }
        for name in by_rate[RATE][0]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepared", required=True, help="a folder that `space-jax data build` wrote")
    parser.add_argument("--steps", type=int, default=400, help="of each run (%(default)s)")
    parser.add_argument("--seeds", type=int, default=2, help="runs of each kind (%(default)s)")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    runs = []
    for seed in range(given.seeds):
        for rate in (RATE, 0.0):
            runs.append(run(given.prepared, rate, seed, given.steps))
            print(json.dumps(runs[-1]))
    result = {
        "command": f"python benchmarks/attention_dropout.py --steps {given.steps} --seeds {given.seeds}",
        "config": CONFIG,
        "corpus": Path(given.prepared).name,
        "date": date.today().isoformat(),
        "at_the_end": differences(runs, str(given.steps)),
        "runs": runs,
    }
    print(json.dumps(result["at_the_end"], indent=1))
    if given.out is not None:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
