"""`space-jax embed`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from space_jax.commands.outputs import require_writable
from space_jax.errors import UserError
from space_jax.remote import as_path

_ARRAY = ".npy"


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("embed", help="vectors of texts, by a pre-trained or fine-tuned model")
    parser.add_argument("--workdir", type=as_path, required=True, help="folder of a run")
    parser.add_argument(
        "--input", required=True, metavar="FILE|-", help="JSONL, CSV or TSV; - reads JSONL from standard input"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE.npy",
        help="write an array [N, H] (JSONL to standard output, one object a line)",
    )
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    if given.out is not None:
        require_writable(given.out, "--out")
        if given.out.suffix != _ARRAY:
            raise UserError(f"--out: expected a name that ends in {_ARRAY}, found {given.out}")
    from space_jax.api.embedding import embed_all, embed_rows, load_embedder
    from space_jax.tasks.row_predictions import rows_from, to_line
    from space_jax.tasks.workdir import write_array

    model, rows = load_embedder(given.workdir, given.step), rows_from(given.input, sys.stdin.buffer)
    if given.out is not None:
        write_array(given.out, embed_all(model, rows))
        return
    for said in embed_rows(model, rows):
        sys.stdout.buffer.write(to_line(said).encode() + b"\n")
        sys.stdout.buffer.flush()
