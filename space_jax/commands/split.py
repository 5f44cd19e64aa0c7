"""`space-jax data split`: a file of dialogues or sentences -> train, validation and test."""

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from space_jax.commands.import_data import columns
from space_jax.commands.numbers import seed
from space_jax.corpora.splits import SPLITS
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.terminal import Console, say
from space_jax.writing import new_files

if TYPE_CHECKING:
    from space_jax.corpora.divided_files import Row

_NAMED = 8  # labels in a line
_NUMBER = re.compile(r"\d{0,2}\.?\d{1,9}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the action."""
    parser.epilog = "example: space-jax data split data/shop/sentences.csv --shares 0.8,0.1,0.1"
    parser.description = (
        "Parts a file so that each split has its share of every label; the rows of one dialogue, and those of the same "
        "words, stay together. The same file and seed give the same splits."
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="dialogues in .jsonl(.gz); sentences in .csv, .tsv, .jsonl"
    )
    parser.add_argument(
        "--shares",
        type=_shares,
        default="0.8,0.1,0.1",
        metavar="A,B,C",
        help="of the splits, or two of them (%(default)s)",
    )
    parser.add_argument("--seed", type=seed("--seed"), default=0, metavar="S", help="of the division (%(default)s)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the splits are to be (beside FILE)")
    parser.add_argument(
        "--column", action="append", default=[], metavar="ROLE=NAME", help="tables: as in data import (guessed)"
    )
    parser.set_defaults(run=_split, takes_config=False)


def _shares(text: str) -> list[Fraction]:
    parts = [part.strip() for part in text.split(",")]
    shares = [Fraction(part) for part in parts] if all(map(_NUMBER.fullmatch, parts)) else []
    if len(shares) not in (2, 3) or min(shares) <= 0 or sum(shares) != 1:
        raise UserError(f"--shares: expected two or three numbers above 0 whose sum is 1, found {shown(text)}")
    return shares


def _split(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.corpora.divided_files import parted, read_table, same_words, written

    table = read_table(given.file, columns(given.column))
    parts = dict(zip(SPLITS, parted(table, given.shares, given.seed), strict=False))
    for split, rows in parts.items():
        if not rows:
            raise UserError(
                f"{given.file}: nothing is left for {split}: {len(table.rows):,} {table.what}; a label's first is "
                "train's, and those of the same words stay together; have more, or give larger shares"
            )
    files = {f"{split}{table.suffix}": written(table, rows) for split, rows in parts.items()}
    out = given.out or given.file.parent
    with new_files(out, files) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
    Console().print(_table(parts, str(out / f"*{table.suffix}")))
    twins = len(table.rows) - len({same_words(row.text) for row in table.rows})
    if twins:
        say(f"{table.what} with the words of another one, on its side: {twins:,}")
    _say_uneven(parts)


def _table(parts: "dict[str, list[Row]]", title: str) -> Table:
    table = Table(title=title)
    for name in ("split", "rows", "share", "labels", "without a label"):
        table.add_column(name, justify="left" if name == "split" else "right")
    total = sum(map(len, parts.values()))
    for split, rows in parts.items():
        labels = {label for row in rows for label in row.labels}
        bare = sum(not row.labels for row in rows)
        table.add_row(split, f"{len(rows):,}", f"{len(rows) / total:.1%}", f"{len(labels):,}", f"{bare:,}")
    return table


def _say_uneven(parts: "dict[str, list[Row]]") -> None:
    """Names the labels that are not in every split."""
    counts = {split: Counter(label for row in rows for label in set(row.labels)) for split, rows in parts.items()}
    every = sum(counts.values(), Counter())
    uneven = sorted(
        (label for label in every if not all(counts[split][label] for split in parts)), key=every.__getitem__
    )
    if uneven:
        named = "; ".join(f"{label}: {_places(label, counts)}" for label in uneven[:_NAMED])
        more = f" and {len(uneven) - _NAMED:,} more" if len(uneven) > _NAMED else ""
        say(f"labels with too few examples for every split: {len(uneven):,} of {len(every):,} ({named}{more})")


def _places(label: str, counts: "dict[str, Counter[str]]") -> str:
    where: Sequence[str] = [f"{count[label]} in {split}" for split, count in counts.items() if count[label]]
    return ", ".join(where)
