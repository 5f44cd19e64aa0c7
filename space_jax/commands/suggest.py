"""`space-jax data suggest`: which utterances to label next, and the labels back."""

import argparse
import difflib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from space_jax.commands.numbers import seed
from space_jax.commands.outputs import require_writable
from space_jax.dialogue.jsonl import write_jsonl
from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.terminal import say

if TYPE_CHECKING:
    from space_jax.tasks.labelling.accept import Accepted

_NAMED = 10  # new labels listed
_EPILOG = """
examples:
  space-jax data suggest --workdir runs/mine/run --source logs.jsonl --n 50 --out label.csv
  space-jax data suggest --source logs.jsonl --accept label.csv --out labelled.jsonl

Between the two a person corrects the column label in a spreadsheet; a line whose label is emptied stays without one.
For the next round labelled.jsonl is the source.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the action."""
    parser.epilog, parser.formatter_class = _EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("--workdir", type=as_path, help="of a pre-training run, or of a fine-tuning run for intents")
    parser.add_argument(
        "--source", type=Path, required=True, metavar="FILE", help="dialogues (JSONL), or rows with a text (CSV, TSV)"
    )
    parser.add_argument("--n", type=int, default=50, help="how many utterances (%(default)s)")
    parser.add_argument("--accept", type=Path, metavar="CSV", help="take the labels of a corrected table instead")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the table; with --accept, JSONL")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument("--seed", type=seed("--seed"), default=0, metavar="S", help="of random choices (%(default)s)")
    parser.add_argument("--text-field", default="text", metavar="NAME", help="of rows (%(default)s)")
    parser.add_argument("--label-field", default="label", metavar="NAME", help="of rows (%(default)s)")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    if (given.workdir is None) == (given.accept is None):
        raise UserError("data suggest: expected --workdir, to suggest, or --accept, to take labels back")
    require_writable(given.out, "--out")
    if given.accept is None:
        _suggest(given)
    else:
        _accept(given)


def _suggest(given: argparse.Namespace) -> None:
    from space_jax.api.labelling import suggest  # with JAX, for which --help need not wait
    from space_jax.tasks.labelling.sheet import sheet

    if given.out.exists():
        raise UserError(f"--out {given.out}: exists, perhaps with labels that somebody wrote; name another file")
    fields = given.text_field, given.label_field
    found = suggest(given.workdir, given.source, given.n, given.step, given.seed, *fields)
    temporary = given.out.with_name(f".{given.out.name}.{os.getpid()}")
    temporary.write_bytes(sheet(found))
    os.replace(temporary, given.out)
    guessed = sum(bool(one.label) for one in found)
    fewer = f" (there are no more than {len(found)} without a label)" if len(found) < given.n else ""
    say(f"{given.out}: {len(found)} utterances{fewer}, {guessed} of them with a guess in the column label")
    say(
        "correct that column, empty it where you do not know, then: space-jax data suggest "
        f"--source {given.source} --accept {given.out} --out labelled.jsonl"
    )


def _accept(given: argparse.Namespace) -> None:
    from space_jax.api.labelling import accept_labels

    if given.out.exists() and not (given.source.exists() and given.out.samefile(given.source)):
        raise UserError(f"--out {given.out}: exists; to add to its labels, name it as --source as well")
    result = accept_labels(given.source, given.accept, given.text_field, given.label_field)
    write_jsonl(given.out, result.dialogues)
    say(
        f"{given.out}: {len(result.dialogues)} dialogues, {result.labelled} utterances newly labelled, "
        f"{result.changed} with another label than before, {result.same} as they were, {result.empty} left without one"
    )
    if result.new:
        say(f"new labels: {_new(result)}", sys.stderr)


def _new(result: "Accepted") -> str:
    """The labels that no utterance had, with the known one that each is like, which it may be a slip for."""
    named = []
    for label, count in result.new.most_common(_NAMED):
        near = next(iter(difflib.get_close_matches(label, result.known, n=1)), "")
        named.append(f"{label} ({count}{f', like {near}' if near else ''})")
    more = len(result.new) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
