r"""Examples/s and peak memory of a training step, ours against plain PyTorch (`torch_baseline.py`), alternating.

python benchmarks/against_torch.py --config configs/space3_sgd.py --out benchmarks/results/against_torch.json \
    --config.data.prepared=runs/sgd/corpus

Each side is a separate process, which waits while the other steps; both train on the same examples with the same
masks, and each of their steps is followed by ours on the same batch. The ratio is the median over the pairs, so other
load affects both sides alike. A time is that of a whole step: host arrays in, updated parameters and the loss out.
Compiling, and the first step of either side, are not counted. Peak memory is the largest resident set of the process
while it makes the counted steps, Python and libraries included, and beside it that of the whole process, the compiler
included. `--one-view` takes the stronger baseline, whose policy and response decoders run on one view too.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from space_jax.config_files import load_config, parse_overrides
from space_jax.features.batch import Batch, micro_batches, padding_share
from space_jax.training.setup import Setup

SIDES = ("torch", "torch_one_view", "ours")


def batches_of(setup: Setup, steps: int) -> list[Batch]:
    """The first batches of the run, on the host."""
    stream = setup.train_batches()
    return [next(stream) for _ in range(steps)]


def steps_of_ours(setup: Setup, batches: Sequence[Batch]) -> Iterator[Callable[[], float]]:
    """Each step as training does it, from the host's batch to the metrics on the host; programs are compiled first."""
    import jax

    from space_jax.training.feed import to_mesh
    from space_jax.training.mesh import make_mesh
    from space_jax.training.optimiser import learning_rate_schedule, make_optimiser
    from space_jax.training.state import abstract_state, init_state
    from space_jax.training.step import make_train_step, metric_names

    config, recipe = setup.config, setup.recipe
    mesh, rules, seed = make_mesh(config.mesh), config.mesh.rules, config.train.seed
    optimiser = make_optimiser(config.optimiser, config.train.steps)
    schedule = learning_rate_schedule(config.optimiser, config.train.steps)
    shape = micro_batches(batches[0])[0]
    abstract = abstract_state(recipe, optimiser, shape, rules, mesh)
    program = make_train_step(recipe, optimiser, schedule, seed, abstract, rules, mesh)
    state = init_state(recipe, optimiser, shape, seed, rules, mesh)

    def run(batch: Batch) -> float:
        nonlocal state
        state, metrics = program(state, to_mesh(batch, mesh))
        return float(jax.device_get(metrics)[metric_names(recipe).index("loss")])

    for batch in {(batch.context.ids.shape, batch.response.ids.shape): batch for batch in batches}.values():
        run(batch)
    for batch in batches:
        yield lambda batch=batch: run(batch)


def steps_of_torch(setup: Setup, batches: Sequence[Batch], one_view: bool) -> Iterator[Callable[[], float]]:
    """Each step of the baseline; one thread per core."""
    import torch
    from torch_baseline import Space3, Trainer, streams_of

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(setup.config.train.seed)
    model = Space3(setup.config.model, setup.config.recipe, one_view)
    trainer = Trainer(model, setup.recipe.coefficients, setup.config.optimiser)
    for number, batch in enumerate(batches):
        streams = streams_of(micro_batches(batch)[0])
        if number == 0:
            trainer.step(streams)
        yield lambda streams=streams: trainer.step(streams)


def serve(side: str, config: str, overrides: Sequence[str], steps: int) -> None:
    """One side: reports when it is ready, then runs one step for every line it reads, and reports time and memory."""
    setup = Setup(load_config(config, parse_overrides(overrides)))
    batches = batches_of(setup, steps)
    before = peak_memory()
    ours = side == "ours"
    of_side = steps_of_ours(setup, batches) if ours else steps_of_torch(setup, batches, side == "torch_one_view")
    whole = before
    for number, step in enumerate(of_side):
        if number == 0:
            whole = peak_memory()
            forget_peak()
        print(json.dumps({"ready": number, "before": before}), flush=True)
        sys.stdin.readline()
        began = time.perf_counter()
        loss = step()
        seconds = time.perf_counter() - began
        memory, padding = peak_memory(), padding_share(batches[number])
        result = {"seconds": seconds, "loss": loss, "memory": memory, "whole": max(memory, whole), "padding": padding}
        print(json.dumps(result), flush=True)


def peak_memory() -> float:
    """The peak memory of this process since `forget_peak`, in GiB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20


def forget_peak() -> None:
    """Resets the peak to the current resident memory; see proc(5), clear_refs."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


class Side:
    """A process that steps on request."""

    def __init__(self, name: str, arguments: Sequence[str]):
        command = [sys.executable, __file__, "--side", name, *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.results: list[dict[str, Any]] = []
        self.before = self._read()["before"]

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self._process.args)} ended with status {self._process.wait()}")
        return json.loads(line)

    def step(self, last: bool) -> None:
        """Runs the next step, and waits until the one after it has been made ready."""
        print(file=self._process.stdin, flush=True)
        self.results.append(self._read())
        if not last:
            self._read()

    def median(self, name: str) -> float:
        return statistics.median(result[name] for result in self.results)

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def compare(baseline: str, arguments: Sequence[str], steps: int) -> tuple[Side, Side]:
    """Both sides, each having done `steps` steps in turn with the other."""
    sides = Side(baseline, arguments), Side("ours", arguments)
    for number in range(steps):
        for side in sides:
            side.step(last=number == steps - 1)
    for side in sides:
        side.end()
    return sides


def summary(theirs: Side, ours: Side, examples: int) -> dict[str, Any]:
    ratios = [a["seconds"] / b["seconds"] for a, b in zip(theirs.results, ours.results, strict=True)]
    peaks = [side.results[-1]["memory"] for side in (theirs, ours)]
    return {
        "examples_per_step": examples,
        "speedup": statistics.median(ratios),
        "speedup_of_each_pair": [round(ratio, 2) for ratio in ratios],
        "memory_share": peaks[1] / peaks[0],
        **{
            name: {
                "seconds_per_step": side.median("seconds"),
                "seconds": [round(result["seconds"], 3) for result in side.results],
                "examples_per_second": examples / side.median("seconds"),
                "peak_memory_gib": side.results[-1]["memory"],
                "peak_memory_of_the_process_gib": side.results[-1]["whole"],
                "peak_memory_before_the_model_gib": side.before,
                "losses": [round(result["loss"], 3) for result in side.results],
            }
            for name, side in (("torch", theirs), ("ours", ours))
        },
        "padding_share_of_ours": statistics.mean(result["padding"] for result in ours.results),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--one-view", action="store_true", help="the stronger baseline")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    given, overrides = parser.parse_known_args()
    if given.side:
        serve(given.side, given.config, overrides, given.steps)
        return
    config = load_config(given.config, parse_overrides(overrides))
    baseline = "torch_one_view" if given.one_view else "torch"
    arguments = ["--config", given.config, "--steps", str(given.steps), *overrides]
    theirs, ours = compare(baseline, arguments, given.steps)
    result = {
        "command": " ".join(["python", "benchmarks/against_torch.py", *sys.argv[1:]]),
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores",
        "baseline": baseline,
        **summary(theirs, ours, config.data.batch_size),
    }
    text = json.dumps(result, indent=1) + "\n"
    print(text, end="")
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
