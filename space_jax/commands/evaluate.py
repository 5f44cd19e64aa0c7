"""`space-jax evaluate`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.table import Table

from space_jax.config_files import parse_overrides
from space_jax.remote import as_path
from space_jax.terminal import Console, say


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("evaluate", help="measure a checkpoint on held-out data")
    parser.add_argument("--workdir", type=as_path, required=True, help="folder of a run")
    parser.add_argument(
        "--input", type=Path, metavar="FILE", help="fine-tuned: labelled CSV, TSV or JSONL instead of a split"
    )
    parser.add_argument("--errors", type=Path, metavar="FILE", help="fine-tuned: write a page (HTML) about the errors")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument("--split", choices=("validation", "test"), default="validation", help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="as JSON instead of a table")
    parser.set_defaults(run=_run, takes_config=True)


def _run(given: argparse.Namespace, rest: list[str]) -> None:
    from space_jax.api.runs import evaluate  # JAX is imported by the verbs that compute, not by --help

    result = evaluate(given.workdir, given.split, given.step, given.input, given.errors, parse_overrides(rest))
    for error in result.left_out:
        say(f"left out: {error}", sys.stderr)
    if result.unknown:
        say(f"{result.measured} has {result.unknown}", sys.stderr)
    metrics: dict[str, float] = dict(result.scores)
    if result.records is not None:
        metrics |= {"records": result.records, "left_out": len(result.left_out)}
    if given.json:
        print(json.dumps({"step": result.step, "split": result.measured, **metrics}, indent=1))
        return
    rule = f" (chosen by: {result.chosen_by})" if result.chosen_by else ""
    table = Table("measure", result.measured, title=f"{given.workdir}, step {result.step}{rule}")
    for name, value in metrics.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    Console().print(table)
