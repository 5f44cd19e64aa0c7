"""`space-jax predict`."""

import argparse
import sys
from typing import Any

from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.terminal.progress import LiveProgress


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("predict", help="predict with a fine-tuned model: JSONL out, one object a line")
    parser.add_argument("--workdir", type=as_path, required=True, help="folder of a fine-tuning run")
    parser.add_argument(
        "--input", required=True, metavar="FILE|-", help="JSONL, CSV or TSV; - reads JSONL from standard input"
    )
    parser.add_argument("--batch-size", type=int, default=64, metavar="N", help="examples of a batch (%(default)s)")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    if given.batch_size < 1:
        raise UserError(f"--batch-size: {given.batch_size} is not positive")
    from space_jax.tasks.predictor import Predictor
    from space_jax.tasks.row_predictions import predict_rows, rows_from, to_line

    trained = Predictor(given.workdir, given.step, given.batch_size)
    trained.require_steps(given.step)
    # Lines that come or go in the terminal are their own progress.
    quiet = sys.stdout.isatty() or (given.input == "-" and sys.stdin.isatty())
    with LiveProgress("lines", None, quiet=quiet) as progress:
        predictions = predict_rows(trained, rows_from(given.input, sys.stdin.buffer), given.batch_size)
        for number, said in enumerate(predictions, start=1):
            sys.stdout.buffer.write(to_line(said).encode() + b"\n")  # UTF-8 whatever the terminal's locale
            sys.stdout.buffer.flush()  # whatever stops the program, the predictions so far are out
            progress.advance(number)
