"""Files that commands write when they end, checked before they begin; reports (`--json`, `--out`)."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from space_jax.errors import UserError


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


def write_report(report: dict[str, Any], path: Path | None) -> None:
    """Writes a report, whole or not at all; nothing where `path` is None."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)
