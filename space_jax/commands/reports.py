"""What the commands that measure share: `--json`, `--out`."""

import argparse
import json
import os
from pathlib import Path
from typing import Any


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
