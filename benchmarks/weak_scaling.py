r"""Weak scaling from compile reports: as many examples a chip on slices of all sizes, and what bounds a step of each.

python benchmarks/weak_scaling.py benchmarks/results/compile_weak_v5e4.json benchmarks/results/compile_weak_v5e16.json

A report is what space-jax compile writes to `--out`, here of the largest grid with 16 examples a chip; a packed batch
has half of its tokens. The roofline of a step is the longest of three times, each at the chip's peak, which is in
`space_jax/scale/chips.py`: computing (the products, with recomputation), memory (what is read and written) and sending
(what goes over the chip's links: an all-reduce twice, everything else once). Nothing reaches the roofline:
`--efficiency` says which share of it a run does, and is a guess until `space-jax bench` has run on the chip. `--price`
of a chip-hour is yours to set.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from scaling_model import EPOCHS, LABELLED

from space_jax.scale.chips import CHIPS
from space_jax.scale.model import cost, steps_of
from space_jax.training.least_memory import GIB


def times(report: dict[str, Any]) -> dict[str, float]:
    """Seconds of a step that each of the three takes at the peak."""
    chip = CHIPS[report["device"]]
    sent = sum(
        traffic["bytes"] * (2 if kind == "all-reduce" else 1)
        for kind, traffic in report["collectives_per_chip"].items()
    )
    return {
        "computing": report["flops"]["products"] / report["devices"] / chip.peak(report["model"]["dtype"]),
        "memory": report["memory_traffic_per_chip"] / chip.bandwidth,
        "sending": sent / chip.links,
    }


def row(report: dict[str, Any], efficiency: float, price: float) -> str:
    """One line of the table."""
    found, chips, batch = times(report), report["devices"], report["batch"]
    bound = max(found, key=lambda name: found[name])
    seconds = found[bound] / efficiency
    steps = steps_of(LABELLED, batch["examples"] // 2, EPOCHS)
    shards = report["mesh"]["data"] * report["mesh"]["fsdp"]
    return " | ".join(
        [
            f"| {report['topology']} | {chips} | {batch['examples']:,}",
            f"{batch['rows_of_a_micro_batch'] / shards:g} x {batch['context_length']}",
            f"{report['memory_per_chip']['peak'] / GIB:.2f}",
            *(f"{1e3 * found[name]:.1f}" for name in ("computing", "memory", "sending")),
            f"{bound} | {batch['examples'] / seconds:,.0f} | {steps:,} | {steps * seconds / 86400:.2f}",
            f"{cost(steps, seconds, chips, price):,.0f} |",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", type=Path, nargs="+", help="of space-jax compile")
    parser.add_argument("--efficiency", type=float, default=0.5, help="share of the roofline (%(default)s)")
    parser.add_argument("--price", type=float, default=1.20, help="of a chip-hour (%(default)s)")
    given = parser.parse_args()
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in given.reports]
    print(
        "| topology | chips | examples a step | rows a chip | GiB a chip | computing, ms | memory, ms | sending, ms | "
        "bound by | examples/s | steps | days | cost |"
    )
    print("| " + "--- | " * 13)
    for report in sorted(reports, key=lambda report: report["devices"]):
        print(row(report, given.efficiency, given.price))


if __name__ == "__main__":
    main()
