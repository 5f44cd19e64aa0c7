"""`space-jax bench`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from space_jax.commands.configs import add_config_argument
from space_jax.commands.outputs import add_report_options, write_report
from space_jax.config import PretrainConfig
from space_jax.config_files import load_config, parse_overrides
from space_jax.errors import UserError
from space_jax.scale.compare import differences, read_report, table_of
from space_jax.terminal import Console
from space_jax.terminal.progress import telling


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "bench",
        help="speed and memory of the training step of a configuration on this machine",
        epilog="Any field of the configuration can be set: --config.data.prepared=runs/sgd/corpus",
    )
    add_config_argument(parser, "space3_sgd")
    parser.add_argument("--steps", type=int, default=10, help="steps to time after compilation (%(default)s)")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="an earlier report to compare with")
    add_report_options(parser)
    parser.set_defaults(run=_run, takes_config=True)


def _run(given: argparse.Namespace, rest: list[str]) -> None:
    if given.steps < 1:
        raise UserError(f"--steps: {given.steps} is not at least 1")
    other = None if given.compare is None else read_report(given.compare)
    overrides = parse_overrides(rest)
    config = load_config(given.config, overrides, PretrainConfig)
    from space_jax.scale.bench import bench

    with telling("steps", "compiling the step") as told:
        report = {"config": given.config, "overrides": overrides, **bench(config, given.steps, told)}
    write_report(report, given.out)
    for said in [] if other is None else differences(report, other):
        print(f"different conditions: {said}", file=sys.stderr)
    if given.json:
        print(json.dumps(report, indent=1))
    else:
        Console().print(table_of(report, other, str(given.compare)))
