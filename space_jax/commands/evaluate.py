"""`space-jax evaluate`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from space_jax.config_files import apply_overrides, parse_overrides, read_config
from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.tasks.config import is_finetuned
from space_jax.tasks.workdir import write_text


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
    if is_finetuned(given.workdir):
        step, measured, metrics = _finetuned(given, parse_overrides(rest))
        _show(given, step, measured, metrics)
        return
    if given.input is not None or given.errors is not None:
        raise UserError(f"--input, --errors: are for fine-tuned models, and {given.workdir} is not the workdir of one")
    config = apply_overrides(read_config(given.workdir), parse_overrides(rest))
    from space_jax.training.trained import evaluate_run

    step, metrics = evaluate_run(config, given.workdir, given.step, given.split)
    _show(given, step, given.split, metrics)


def _finetuned(given: argparse.Namespace, overrides: dict[str, str]) -> tuple[int, str, dict[str, float]]:
    from space_jax.tasks.predict import evaluate_file, evaluate_split
    from space_jax.tasks.trained import Trained

    trained = Trained(given.workdir, given.step, overrides=overrides)
    if given.input is not None:
        result, measured = evaluate_file(trained, given.input), given.input.name
    else:
        result, measured = evaluate_split(trained, given.split), given.split
    for error in result.errors:
        print(f"left out: {error}", file=sys.stderr)
    if given.errors is not None:
        page = trained.task.error_page(
            result.records, result.predictions, f"{given.workdir.name}: errors on {measured}"
        )
        if page is None:
            raise UserError(f"--errors: the task {trained.task.name} has no page about errors")
        write_text(given.errors, page)
    return trained.step, measured, result.scores | {"records": len(result.records), "left_out": len(result.errors)}


def _show(given: argparse.Namespace, step: int, measured: str, metrics: dict[str, float]) -> None:
    if given.json:
        print(json.dumps({"step": step, "split": measured, **metrics}, indent=1))
        return
    table = Table("measure", measured, title=f"{given.workdir}, step {step}")
    for name, value in metrics.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    Console().print(table)
