"""`space-jax compare`: runs side by side."""

import argparse
import json
from pathlib import Path
from typing import Any

from space_jax.errors import UserError
from space_jax.terminal import Console


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "compare",
        help="compare runs: the settings in which they differ, their best and last measures, their curves",
        epilog="For example: space-jax compare runs/scratch runs/minilm --picture both.png",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="workdirs, all of pre-training or all of fine-tuning")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw their curves in the same panels, as PNG")
    parser.add_argument("--json", action="store_true", help="as JSON instead of a table")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    if given.picture is not None and given.picture.suffix != ".png":
        raise UserError(f"--picture {given.picture}: expected a file that ends with .png")
    from space_jax.api.comparison import compare  # with JAX, for which --help need not wait

    compared = compare(given.runs)
    if given.picture is not None:
        compared.draw(given.picture)
    if given.json:
        print(json.dumps(compared.as_json(), indent=1))
    else:
        Console().print(compared.table())
