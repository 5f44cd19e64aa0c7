r"""Where the time of a training step goes: the operations of the compiled step, by part of the model.

python benchmarks/step_profile.py --config configs/space3_sgd.py --config.data.prepared=runs/sgd/corpus \
    --out benchmarks/results/step_profile.json

One step is traced by JAX's profiler after the same step has run once. An operation belongs to the part whose name is in
the path that JAX wrote into it; a fusion counts under the path of its root. Times of parallel threads are added, so the
shares are of the operations' time, not of wall time. For programs on a CPU.
"""

import argparse
import gzip
import json
import platform
import re
import sys
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import jax

from space_jax.config_files import load_config, parse_overrides
from space_jax.training.feed import to_mesh
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import learning_rate_schedule, make_optimiser
from space_jax.training.setup import Setup
from space_jax.training.state import abstract_state, init_state
from space_jax.training.step import jit_train_step

PARTS = (  # the first whose pattern is in the path
    ("LayerNorm", r"norm/"),
    ("dropout outside of attention", r"Dropout"),
    ("attention: queries, keys, values, output", r"RQH,HCND|HCND,|RQND,NDH|NDH,"),
    ("attention: scores, softmax, dropout, mixing", r"layers/attention"),
    ("feed-forward", r"layers/(inner|outer|erfc?|mul|neg|integer_pow)"),
    ("vocabulary: logits and their losses", r"cross_entropy|bag_of_words"),
    ("contrast and tree similarities", r"contrast|similarit|normalise"),
    ("embedding", r"embedding"),
    ("rest of the layers and their loops", r"backbone"),
)
REST = "optimiser and the rest"
_CONTAINERS = ("while", "call", "conditional")
_INSTRUCTION = re.compile(r"\s*(?:ROOT )?%?([\w.\-]+) = (?:\([^)]*\)|\S+) ([\w\-]+)\(")
_PATH = re.compile(r'op_name="([^"]*)"')


def paths_of(program: str) -> dict[str, str]:
    """The operations of a compiled program that do work themselves: name -> path."""
    found = {}
    for line in program.splitlines():
        instruction = _INSTRUCTION.match(line)
        if instruction and instruction[2] not in _CONTAINERS:
            path = _PATH.search(line)
            found[instruction[1]] = path[1] if path else ""
    return found


def part_of(path: str) -> str:
    """The part of the model that an operation of this path belongs to."""
    return next((part for part, pattern in PARTS if re.search(pattern, path)), REST)


def traced(config: str, overrides: dict[str, str]) -> tuple[Counter[tuple[str, str]], Any]:
    """Microseconds of one step by (part, path), and the shapes of its batch."""
    setup = Setup(load_config(config, overrides))
    settings, mesh = setup.config, make_mesh(setup.config.mesh)
    rules, seed, steps = settings.mesh.rules, settings.train.seed, settings.train.steps
    optimiser = make_optimiser(settings.optimiser, steps)
    batch = next(setup.train_batches())
    shape = jax.tree.map(lambda array: array[0], batch)
    abstract = abstract_state(setup.recipe, optimiser, shape, rules, mesh)
    schedule = learning_rate_schedule(settings.optimiser, steps)
    step = jit_train_step(setup.recipe, optimiser, schedule, seed, abstract, rules, mesh)
    with jax.set_mesh(mesh), tempfile.TemporaryDirectory() as folder:
        placed, state = to_mesh(batch, mesh), init_state(setup.recipe, optimiser, shape, seed, rules, mesh)
        program = step.lower(state, placed).compile()
        state, _ = jax.block_until_ready(program(state, placed))
        with jax.profiler.trace(folder):
            jax.block_until_ready(program(state, placed))
        (file,) = Path(folder).rglob("*.trace.json.gz")
        events = json.loads(gzip.decompress(file.read_bytes()))["traceEvents"]
    paths = paths_of(program.as_text())
    times: Counter[tuple[str, str]] = Counter()
    for event in events:
        if event.get("ph") == "X" and event["name"] in paths:
            path = paths[event["name"]]
            times[part_of(path), path] += event["dur"]
    return times, [batch.context.ids.shape, batch.response.ids.shape]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--paths", type=int, default=0, help="print the longest paths too")
    parser.add_argument("--out", type=Path)
    given, overrides = parser.parse_known_args()
    times, shapes = traced(given.config, parse_overrides(overrides))
    whole = times.total()
    for (part, path), duration in times.most_common(given.paths):
        print(f"{duration / whole:6.1%}  {part[:24]:<24}  {path[-120:]}")
    parts: Counter[str] = Counter()
    for (part, _), duration in times.items():
        parts[part] += duration
    result = {
        "command": " ".join(["python", "benchmarks/step_profile.py", *sys.argv[1:]]),
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {jax.devices()[0].platform} x {jax.device_count()}",
        "shapes": shapes,
        "seconds_of_operations": whole / 1e6,
        "shares": {part: round(duration / whole, 4) for part, duration in parts.most_common()},
    }
    text = json.dumps(result, indent=1) + "\n"
    print(text, end="")
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
