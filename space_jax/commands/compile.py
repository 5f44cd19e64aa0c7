"""`space-jax compile`."""

import argparse
import json
from typing import Any

from space_jax.commands.configs import add_config_argument
from space_jax.commands.numbers import finite
from space_jax.commands.outputs import add_report_options, write_report
from space_jax.config import PretrainConfig
from space_jax.config_files import load_config, parse_overrides
from space_jax.errors import UserError
from space_jax.terminal import Console
from space_jax.terminal.progress import telling


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "compile",
        help="compile the training step for a TPU slice, without one: memory, FLOPs, collectives",
        epilog="Any field of the configuration can be set: --config.mesh.preset=fsdp. No corpus is read.",
    )
    add_config_argument(parser, "space3:base")
    parser.add_argument(
        "--topology",
        metavar="NAME",
        help="generation and shape, for example v5e:4x4 for 16 chips; without it, the devices of this machine",
    )
    parser.add_argument(
        "--rows",
        type=finite("--rows"),
        metavar="SHARE",
        help="rows of the grid as a share of the batch, rounded up to one of the ladder; without it, every shape that "
        "no other covers, which decides whether a run fits",
    )
    parser.add_argument("--vocab-size", type=int, default=30522, help="token ids (%(default)s, as BERT)")
    add_report_options(parser)
    parser.set_defaults(run=_run, takes_config=True)


def _run(given: argparse.Namespace, rest: list[str]) -> None:
    if given.rows is not None and not 0.0 < given.rows <= 1.0:
        raise UserError(f"--rows: {given.rows} is not a share: it must be above 0 and at most 1")
    if given.vocab_size < 11:
        raise UserError(f"--vocab-size: {given.vocab_size} is too small for ten prompt tokens and a word")
    config = load_config(given.config, parse_overrides(rest), PretrainConfig)
    from space_jax.scale.compile_ahead import compile_ahead, report_table

    asked = {"config": given.config, "overrides": parse_overrides(rest), "topology": given.topology}
    with telling("programs", "compiling the step"):
        report = {**asked, **compile_ahead(config, given.topology, given.rows, given.vocab_size)}
    write_report(report, given.out)
    if given.json:
        print(json.dumps(report, indent=1))
    else:
        Console().print(report_table(report))
