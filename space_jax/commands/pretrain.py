"""`space-jax pretrain`."""

import argparse
from typing import Any

from space_jax.commands.configs import add_config_argument
from space_jax.config import PretrainConfig
from space_jax.config_files import load_config, parse_overrides
from space_jax.remote import as_path


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "pretrain",
        help="pre-train SPACE-1, -2 or -3; the same command continues a run that stopped",
        epilog="Any field of the configuration can be set: --config.train.steps=100 --config.model.dtype=bfloat16",
    )
    add_config_argument(parser, "space3_sgd")
    parser.add_argument(
        "--workdir", type=as_path, required=True, help="folder of the run: checkpoints, metrics, curves"
    )
    parser.add_argument(
        "--init",
        metavar="DIR",
        help="start from another run, what 'space-jax convert' wrote, a Hugging Face folder, or 'minilm'",
    )
    parser.set_defaults(run=_run, takes_config=True)


def _run(given: argparse.Namespace, rest: list[str]) -> None:
    config = load_config(given.config, parse_overrides(rest), PretrainConfig)
    from space_jax.training.pretrain import pretrain  # JAX is imported by the verbs that compute, not by --help

    pretrain(config, given.workdir, given.init)
