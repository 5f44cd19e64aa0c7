r"""Speed and memory of a training step: examples/s, real tokens/s, padding, compile time, peak memory.

python benchmarks/step_speed.py --config configs/space3_sgd.py --steps 10 --out benchmarks/results/step_speed.json \
    --config.data.prepared=runs/sgd/corpus

Times are of the whole step as training does it (next batch, transfer, step, metrics), after the programs are compiled;
the median is quoted, since machines are noisy. Peak memory is that of the process, Python and compiler included.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import time
from datetime import date
from pathlib import Path

import jax

from space_jax.config_files import load_config, parse_overrides
from space_jax.training.feed import Feed
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import learning_rate_schedule, make_optimiser
from space_jax.training.setup import Setup
from space_jax.training.state import abstract_state, init_state
from space_jax.training.step import make_train_step


def measure(setup: Setup, steps: int) -> dict[str, float]:
    """Runs `steps` steps whose program is compiled already, and as many compiling ones as the ladder asks for."""
    config = setup.config
    mesh, rules, seed = make_mesh(config.mesh), config.mesh.rules, config.train.seed
    optimiser = make_optimiser(config.optimiser, config.train.steps)
    schedule = learning_rate_schedule(config.optimiser, config.train.steps)
    shape = jax.tree.map(lambda array: array[0], next(setup.train_batches()))
    abstract = abstract_state(setup.recipe, optimiser, shape, rules, mesh)
    step = make_train_step(setup.recipe, optimiser, schedule, seed, abstract, rules, mesh)
    state = init_state(setup.recipe, optimiser, shape, seed, rules, mesh)
    before = peak_memory()
    feed, compiled, timed = Feed(setup.train_batches(), mesh), {}, []
    while len(timed) < steps:
        began = time.perf_counter()
        delivery = feed.take(stop=False)
        state, metrics = step(state, delivery.batch)
        jax.block_until_ready(metrics)
        seconds, rows = time.perf_counter() - began, delivery.batch.context.ids.shape[1]
        if rows in compiled:
            timed.append((seconds, delivery.tokens, delivery.padding))
        else:
            compiled[rows] = seconds
    median = statistics.median(seconds for seconds, _, _ in timed)
    return {
        "steps": steps,
        "seconds_per_step": median,
        "seconds_fastest": min(seconds for seconds, _, _ in timed),
        "seconds_slowest": max(seconds for seconds, _, _ in timed),
        "examples_per_second": config.data.batch_size / median,
        "tokens_per_second": statistics.mean(tokens for _, tokens, _ in timed) / median,
        "padding_share": statistics.mean(padding for _, _, padding in timed),
        "first_step_seconds": max(compiled.values()),
        "programs": len(compiled),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(state.params)),
        "peak_memory_gib": peak_memory(),
        "peak_memory_before_steps_gib": before,
    }


def peak_memory() -> float:
    """Of this process so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--out", type=Path)
    given, rest = parser.parse_known_args()
    setup = Setup(load_config(given.config, parse_overrides(rest)))
    result = {
        "config": given.config,
        "date": date.today().isoformat(),
        "device": f"{jax.devices()[0].device_kind} x {jax.device_count()}",
        "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores",
        "jax": jax.__version__,
        **measure(setup, given.steps),
    }
    text = json.dumps(result, indent=1) + "\n"
    print(text, end="")
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
