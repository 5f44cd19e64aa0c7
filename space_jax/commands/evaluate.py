"""`space-jax evaluate`."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from space_jax.config_files import apply_overrides, parse_overrides, read_config


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("evaluate", help="measure a checkpoint on held-out data")
    parser.add_argument("--workdir", type=Path, required=True, help="folder of a pre-training run")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument("--split", choices=("validation", "test"), default="validation", help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="as JSON instead of a table")
    parser.set_defaults(run=_run, takes_config=True)


def _run(given: argparse.Namespace, rest: list[str]) -> None:
    config = apply_overrides(read_config(given.workdir), parse_overrides(rest))
    from space_jax.training.trained import evaluate_run

    step, metrics = evaluate_run(config, given.workdir, given.step, given.split)
    if given.json:
        print(json.dumps({"step": step, "split": given.split, **metrics}, indent=1))
        return
    table = Table("measure", given.split, title=f"{given.workdir}, step {step}")
    for name, value in metrics.items():
        table.add_row(name, f"{value:.4f}")
    Console().print(table)
