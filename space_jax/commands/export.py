"""`space-jax export`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from space_jax.remote import as_path
from space_jax.terminal import say


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "export",
        help="write a run for transformers, sentence-transformers or onnxruntime, checked against the run",
        epilog="Example: space-jax export --workdir runs/intents --out exports/intents",
    )
    parser.add_argument("--workdir", type=as_path, required=True, help="folder of a run")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to make")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument(
        "--vector",
        choices=("summary", "mean", "sentence"),
        help="only the encoder, with this vector of a text (the run's own vector, and its head)",
    )
    parser.add_argument(
        "--format", choices=("huggingface", "onnx"), default="huggingface", help="onnx: also onnx/model.onnx"
    )
    parser.add_argument("--int8", action="store_true", help="with --format onnx: also with weights of eight bits")
    parser.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="utterances to compare on: CSV, TSV, JSONL or lines of text (the run's validation data)",
    )
    parser.add_argument("--utterances", type=int, default=200, metavar="N", help="at most so many (%(default)s)")
    parser.add_argument("--licence", default="", metavar="ID", help="of the weights, for the card: apache-2.0, ...")
    parser.add_argument("--json", action="store_true", help="the differences as JSON instead of a table")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.exporting.export import export
    from space_jax.exporting.parity import print_differences

    done = export(
        given.workdir,
        given.out,
        given.step,
        given.vector or "",
        given.format,
        given.int8,
        given.check,
        given.utterances,
        given.licence,
    )
    if given.json:
        rows = [
            {"compared": one.what, "number": one.compared, "largest": one.largest, "limit": one.limit}
            for one in done.differences
        ]
        said = {"kind": done.kind, "step": done.step, "utterances_of": done.source, "differences": rows}
        print(json.dumps(said | {"remarks": list(done.remarks)}, indent=1))
        return
    print_differences(done.differences, done.source)
    for remark in done.remarks:
        say(remark, sys.stderr)
    say(f"{given.out}: {done.kind} of step {done.step}", sys.stderr)
