"""The command line: see the package."""

import argparse
import json
from pathlib import Path
from typing import Any

import benchmarks.claim
from benchmarks.claim.plan import ARMS, STARTS, TASKS, Cell, cells
from space_jax.errors import UserError

RESULTS = Path("benchmarks/results/claim/cells.jsonl")
PICTURE = Path("benchmarks/results/claim/claim.png")


def main() -> None:
    """Runs what is missing of the chosen cells, or makes tables and picture of all that there are."""
    parser = argparse.ArgumentParser(prog="benchmarks.claim", description=benchmarks.claim.__doc__)
    parser.add_argument("verb", choices=("run", "table"))
    parser.add_argument("--data", type=Path, default=Path("data"), help="holds a folder for each corpus")
    parser.add_argument("--work", type=Path, default=Path("runs/claim"), help="corpora and runs")
    parser.add_argument("--start", choices=tuple(STARTS))
    parser.add_argument("--arm", choices=ARMS)
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--seed", type=int)
    given = parser.parse_args()
    if given.verb == "table":
        from benchmarks.claim.tables import draw, tables  # here, because running needs no picture

        print("\n".join(tables(recorded())) or "no seed has all of its tasks yet")
        if draw(recorded(), PICTURE):
            print(PICTURE)
        return
    from benchmarks.claim.running import Place, run  # here, because --help need not wait for JAX

    asked = {name: value for name in ("start", "arm", "task", "seed") if (value := getattr(given, name)) is not None}
    there = {cell_of(record) for record in recorded()}
    for cell in cells():
        if cell not in there and all(getattr(cell, name) == value for name, value in asked.items()):
            print(f"== {cell.pretraining}, {cell.task}", flush=True)
            try:
                run(cell, Place(given.data, given.work), record)
            except UserError as error:
                parser.error(str(error))


def recorded() -> list[dict[str, Any]]:
    """The cells that were run."""
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def record(scores: dict[str, Any]) -> None:
    """Adds a cell that was run."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a") as file:
        file.write(json.dumps(scores) + "\n")


def cell_of(record: dict[str, Any]) -> Cell:
    """The cell whose scores these are."""
    return Cell(*(record[name] for name in ("start", "seed", "arm", "task")))


if __name__ == "__main__":
    main()
