r"""The tables of docs/scaling.md: memory, step time, duration and cost of the published recipe on slices of each size.

python benchmarks/scaling_model.py --config configs/space3.py:base --report benchmarks/results/compile_base_v5e16.json \
    --price 1.20

FLOPs are counted from the traced step, memory of a row is read from a compile report. `--efficiency` and `--price` (of
a chip-hour, in any currency) are inputs: the defaults are examples, not measurements or offers.
"""

import argparse
import dataclasses
import json
from pathlib import Path

import jax

from space_jax.config import MeshConfig
from space_jax.config_files import load_config, parse_overrides
from space_jax.scale.chips import CHIPS
from space_jax.scale.model import Slice, Work, cost, estimate, steps_of
from space_jax.scale.program import needed_flops, plan_step
from space_jax.scale.shapes import batch_shapes, with_vocabulary
from space_jax.training.least_memory import GIB
from space_jax.training.mesh import make_mesh

LABELLED, UNLABELLED, EPOCHS = 3_000_000, 19_000_000, 60  # turns and passes of the published runs
V5E = "TPU v5 lite"
SLICES = (
    Slice("v5e-1", V5E, 1),
    Slice("v5e-4", V5E, 4),
    Slice("v5e-16", V5E, 16),
    Slice("v5e-64", V5E, 64),
    Slice("v5e-256", V5E, 256, fsdp=16),
    Slice("H100 x 8", "NVIDIA H100 80GB HBM3", 8),
)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/space3.py:base")
    parser.add_argument("--report", type=Path, required=True, help="of space-jax compile, for the memory of a row")
    parser.add_argument("--rows", type=float, default=0.3, help="rows of a packed batch, as a share (%(default)s)")
    parser.add_argument("--efficiency", type=float, default=0.4, help="of the peak (%(default)s)")
    parser.add_argument("--price", type=float, default=1.20, help="of a chip-hour (%(default)s)")
    given, rest = parser.parse_known_args()
    config = with_vocabulary(load_config(given.config, parse_overrides(rest)))
    config = dataclasses.replace(config, mesh=MeshConfig())
    mesh = make_mesh(config.mesh, jax.devices()[:1])
    report = json.loads(given.report.read_text(encoding="utf-8"))
    batch = batch_shapes(config, mesh, given.rows)
    plan = plan_step(config, mesh, batch)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(plan.abstract.params))
    size, accumulate = config.data.batch_size, config.optimiser.accumulate
    packed = Work(
        parameters,
        needed_flops(plan, batch),
        batch.context.ids.shape[1] * accumulate,
        row_bytes(report),
        config.model.dtype,
        accumulate,
        float(config.model.remat),
    )
    full = dataclasses.replace(packed, rows=size)
    print(f"{parameters / 1e6:.1f} M parameters; a step: {size} examples, {packed.rows} rows, {packed.flops:.3e} FLOP")
    labelled = config.data.batch_size // 2
    steps = steps_of(LABELLED, labelled, EPOCHS)
    print(f"{EPOCHS} epochs: {steps:,} steps; an epoch is a pass of the {LABELLED:,} labelled turns, {labelled} a step")
    print(f"passes of the {UNLABELLED:,} unlabelled turns meanwhile: {steps * labelled / UNLABELLED:.1f}\n")
    print("| slice | state, GiB | activations, GiB | fits | computing, ms | communication, ms | days | cost |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for where in SLICES:
        worst, usual = estimate(full, where, given.efficiency), estimate(packed, where, given.efficiency)
        days = steps * usual.seconds / 86400
        price = cost(steps, usual.seconds, where.chips, given.price) if where.chip == V5E else None
        print(
            f"| {where.name} | {worst.state / GIB:.2f} | {worst.activations / GIB:.1f} | "
            f"{'yes' if worst.fits else 'no'} of {worst.available / GIB:.1f} | {usual.compute * 1e3:.1f} | "
            f"{usual.communication * 1e3:.1f} | {days:.2f} | {'-' if price is None else f'{price:,.0f}'} |"
        )
    check(report, parameters)


def row_bytes(report: dict) -> float:
    """Activations of one row on a chip: what the compiler keeps beside the state, over the rows of a chip."""
    shards = report["mesh"]["data"] * report["mesh"]["fsdp"]
    gradients = 4 * report["parameters"] / report["mesh"]["fsdp"]
    rows = report["batch"]["rows_of_a_micro_batch"] / shards
    return max(report["memory_per_chip"]["temporaries"] - gradients, 0) / rows


def check(report: dict, parameters: int) -> None:
    """Prints the model's state beside the compiler's."""
    told = report["memory_per_chip"]["parameters_and_moments"]
    model = 3 * 4 * parameters / report["mesh"]["fsdp"]
    print(f"\nparameters and moments of a chip: {model / GIB:.3f} GiB here, {told / GIB:.3f} in the compile report")
    chip = CHIPS[report["device"]]
    ideal = report["flops"]["products"] / report["devices"] / chip.peak(report["model"]["dtype"])
    read = report["bytes_accessed_per_chip"] / chip.bandwidth
    print(f"the report's step at the peak: {ideal * 1e3:.1f} ms of products, {read * 1e3:.1f} ms of memory traffic")


if __name__ == "__main__":
    main()
