"""Bench reports as tables: one alone, or two side by side with the conditions that differ."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from space_jax.errors import UserError
from space_jax.reading.json_text import read_json

Report = Mapping[str, Any]

SHOWN = (
    "compile_seconds",
    "seconds_per_step",
    "input_wait_share",
    "examples_per_second",
    "tokens_per_second",
    "padding_share",
    "flops_needed_per_step",
    "flops_xla_per_step",
    "flops_per_second",
    "mfu",
    "compiler_memory_gib",
    "peak_memory_gib",
)
SAME = ("config", "overrides", "device", "machine", "jax", "mesh", "recipe", "model", "batch_size", "accumulate")
"""The conditions that two reports must share for their difference to be due to the code."""


def read_report(path: Path) -> Report:
    """Reads a report written by `space-jax bench --out`.

    Raises:
      UserError: the file is missing or not a report.
    """
    try:
        report = read_json(path)
        missing = [name for name in ("device", "seconds_per_step", "examples_per_second") if name not in report]
    except (UserError, TypeError) as error:
        raise UserError(f"--compare {path}: cannot be read ({error})") from error
    if missing or not isinstance(report, dict):
        raise UserError(f"--compare {path}: not a report of space-jax bench: it lacks {', '.join(missing)}")
    return report


def differences(report: Report, other: Report) -> list[str]:
    """One sentence for each condition in which two reports differ; a missing condition counts as different."""
    return [
        f"{name} was {other.get(name)!r} there and is {report.get(name)!r} here"
        for name in SAME
        if report.get(name) != other.get(name)
    ]


def table_of(report: Report, other: Report | None = None, name: str = "") -> Table:
    """The numbers of a report, next to those of another if given.

    Args:
      report: the report to show.
      other: another report, from `read_report`.
      name: column title for the other report.
    """
    table = Table(title=f"{report.get('config', report.get('recipe'))} on {report['device']} ({report['machine']})")
    table.add_column("measure")
    table.add_column("here", justify="right")
    if other is not None:
        table.add_column(name, justify="right")
        table.add_column("here / there", justify="right")
    for measure in SHOWN:
        here, there = report.get(measure), (other or {}).get(measure)
        cells = [measure.replace("_", " "), _number(here)]
        if other is not None:
            cells += [_number(there), f"{here / there:.2f}" if here is not None and there else "-"]
        table.add_row(*cells)
    table.caption = f"FLOPs needed: products of the forward pass x 3, padding included. Peak: {report['peak_from']}"
    return table


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3e}" if value >= 1e6 else f"{value:,.1f}" if value >= 100 else f"{value:.3f}"
