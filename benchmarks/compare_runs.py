r"""Held-out measures of several runs side by side: a table, a JSON file, and their curves in one picture.

For example:
  python benchmarks/compare_runs.py --run scratch=runs/sgd/scratch --run minilm=runs/sgd/minilm \
      --out benchmarks/results/space3_sgd
"""

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from space_jax.training.curves import draw_runs
from space_jax.training.metrics import read_records

SHOWN = ("loss", "perplexity", "retrieval_intent", "retrieval_domain", "retrieval_domain_intent", "retrieval_tree")


def main() -> None:
    """Compares the runs that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="append", required=True, metavar="NAME=WORKDIR")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix: .json and _curves.png are added")
    given = parser.parse_args()
    runs = {name: Path(folder) for name, _, folder in (run.partition("=") for run in given.run)}
    held_out = {name: evaluations(workdir) for name, workdir in runs.items()}
    Console().print(table(held_out))
    given.out.with_suffix(".json").write_text(json.dumps(held_out, indent=1) + "\n")
    draw_runs(runs, given.out.with_name(given.out.name + "_curves.png"))


def evaluations(workdir: Path) -> dict[str, dict[str, float]]:
    """Step -> the held-out measures of a run there, to four places."""
    found = {}
    for record in read_records(workdir / "metrics.jsonl"):
        if record["kind"] == "eval":
            found[str(record["step"])] = {k: round(v, 4) for k, v in record.items() if isinstance(v, float)}
    return found


def table(held_out: dict[str, dict[str, dict[str, float]]]) -> Table:
    """One line for each evaluation of each run."""
    names = (*SHOWN, "act_f1")
    shown = Table("run", "step", *(name.replace("_", " ") for name in names))
    for run, by_step in held_out.items():
        for step, measures in by_step.items():
            shown.add_row(run, step, *(f"{measures[name]:.3f}" for name in names))
    return shown


if __name__ == "__main__":
    main()
