"""`space-jax show`: what a run has learnt: measures before and after, and dialogues with predictions."""

import argparse
from typing import Any

from space_jax.config_files import read_config
from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.terminal import Console


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "show", help="show what a run learnt: measures before and after, predicted acts and responses"
    )
    parser.add_argument("--workdir", type=as_path, required=True, help="folder of a pre-training run")
    parser.add_argument("--n", type=int, default=3, help="held-out turns to show, 0 for the table alone (%(default)s)")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    if given.n < 0:
        raise UserError(f"--n: {given.n} is negative")
    config = read_config(given.workdir)
    from space_jax.training.run_report import before_and_after, predictions

    console = Console()
    console.print(before_and_after(given.workdir))
    for shown in predictions(config, given.workdir, given.n) if given.n else ():
        console.print(shown)
    console.print(f"curves: {given.workdir / 'curves.png'}")
