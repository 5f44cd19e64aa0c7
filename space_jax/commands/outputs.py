"""What commands give when they end: files, checked before they begin; reports and results, as tables or as JSON."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from space_jax.errors import UserError
from space_jax.printable import printable
from space_jax.terminal import Console


def require_writable(path: Path, option: str) -> None:
    """Refuses a file that could not be written.

    Raises:
      UserError: its folder does not exist, or it is a folder itself.
    """
    if not path.parent.is_dir():
        raise UserError(f"{option}: expected an existing folder to write to, found no {path.parent}")
    if path.is_dir():
        raise UserError(f"{option}: expected a file to write, found the folder {path}")


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Declares `--json` and `--out`."""
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON here as well")


def print_result(result: dict[str, Any], as_json: bool, title: str) -> None:
    """Prints a result: a table for who reads it in a terminal, JSON for a program, or on request.

    Args:
      result: name -> number, text or list; of several seeds a number's `mean` and `deviation`.
      as_json: whether JSON was asked for.
      title: of the table.
    """
    if as_json or not sys.stdout.isatty():
        print(json.dumps(result, indent=1))
        return
    table = Table("measure", "value", title=Text(title))
    for name, value in result.items():
        table.add_row(name.replace("_", " "), Text(cell(value)))
    Console().print(table)


def cell(value: Any) -> str:
    """A value of a result in a table."""
    if isinstance(value, dict) and {"mean", "deviation"} <= value.keys():
        return f"{cell(value['mean'])} ± {cell(value['deviation'])}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {cell(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(cell, value)) or "none"
    return f"{value:.4f}" if isinstance(value, float) else printable(str(value))  # spelled out before it is measured


def write_report(report: dict[str, Any], path: Path | None) -> None:
    """Writes a report, whole or not at all; nothing where `path` is None."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)
