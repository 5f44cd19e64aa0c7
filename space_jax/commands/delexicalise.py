"""`space-jax data delexicalise`: placeholders in system turns for the values that tables know."""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from space_jax.agent.delexicalise import Delexicalised, delexicalise
from space_jax.commands.outputs import require_writable
from space_jax.dialogue.jsonl import read_jsonl, write_jsonl
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.terminal import Console, say
from space_jax.world.tables import read_database

_SAID = 3  # values listed of a placeholder
_EPILOG = """
example:
  space-jax data delexicalise logs.jsonl --database tables --out train.jsonl

A turn that has the field keeps it. Values that may stand for several slots are left as they are, counted and listed;
write those turns by hand, or annotate the belief states, which decide most of them.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the action."""
    parser.epilog, parser.formatter_class = _EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, metavar="FILE", help="dialogues, JSONL as in docs/data_format.md")
    parser.add_argument("--database", type=Path, required=True, metavar="DIR", help="tables, a file or a folder")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="dialogues with placeholders, JSONL")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    require_writable(given.out, "--out")
    if given.out.exists() and given.file.exists() and given.out.samefile(given.file):
        raise UserError(f"--out {given.out}: expected another file than the one that is read")
    counts = Delexicalised()

    def checked() -> Iterator[Dialogue]:
        """The dialogues; an error at their end, before the file appears, if nothing was found."""
        yield from delexicalise(read_jsonl(given.file), read_database(given.database), counts)
        if not counts.changed and not counts.kept:
            raise UserError(
                f"{given.file}: expected system turns that say values of the tables in {given.database}, found none in "
                f"{counts.turns}"
            )

    write_jsonl(given.out, checked())
    _report(counts, given.out)


def _report(counts: Delexicalised, out: Path) -> None:
    plain = counts.turns - counts.changed - counts.kept
    say(
        f"{out}: {counts.dialogues} dialogues, {counts.turns} system turns: {counts.changed} with new placeholders, "
        f"{plain} without a value of the tables, {counts.kept} that had the field and keep it"
    )
    table = Table("placeholder", "times", "said as")
    for name, values in sorted(counts.placeholders.items(), key=lambda item: (-item[1].total(), item[0])):
        table.add_row(escape(name), str(values.total()), escape(_commonest(values)))
    if table.row_count:
        Console().print(table)
    for value, number in counts.ambiguous.most_common(_SAID):
        say(f"left as it is {number} times: {value!r} ({' or '.join(counts.readings[value])})")
    if len(counts.ambiguous) > _SAID:
        say(f"and {len(counts.ambiguous) - _SAID} more values that may stand for several slots")
    for where, text, delexicalised in counts.examples:
        say(f"{where}\n  {text}\n  {delexicalised}")


def _commonest(values: Counter[str]) -> str:
    named = ", ".join(f"{value} ({number})" for value, number in values.most_common(_SAID))
    return named if len(values) <= _SAID else f"{named} and {len(values) - _SAID} more"
