"""`space-jax data stats`: counts of a corpus or a mixture, as a table, as JSON and as a page with charts."""

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from space_jax.commands.sources import MixedSource, Source, add_corpus_arguments, opened
from space_jax.corpora.audit import Audit, audited
from space_jax.corpora.splits import SPLITS
from space_jax.corpora.statistics import collect, counted_by_source
from space_jax.corpora.statistics_page import statistics_page
from space_jax.corpora.stream import SOURCE, UNIFIED, stream
from space_jax.dialogue.labels import FACTS
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.terminal import Console
from space_jax.terminal.progress import counted

if TYPE_CHECKING:
    from space_jax.features.lengths import Lengths

BATCH_SIZES = [16, 32, 64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the action."""
    add_corpus_arguments(parser)
    parser.add_argument("--split", choices=SPLITS, default="train", help="which split (train)")
    parser.add_argument("--tokenizer", metavar="DIR_OR_FILE", help="also count tokens, and the padding of batches")
    parser.add_argument(
        "--batch-size", type=int, action="append", metavar="B", help="batch size to measure padding for (16, 32 and 64)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON instead of a table")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with charts as well")
    parser.set_defaults(run=_stats, takes_config=False)


def _stats(given: argparse.Namespace, _: list[str]) -> None:
    sizes = given.batch_size or BATCH_SIZES
    if min(sizes) < 1:
        raise UserError(f"--batch-size: {min(sizes)} is not at least 1")
    source = opened(given)
    lengths = _lengths(given.tokenizer)
    audit = Audit()
    by_source: dict[str, Counter[str]] = {}
    dialogues: Iterator[Dialogue] = counted(_audited(source, given.split, audit), "dialogues read")
    if isinstance(source, MixedSource):
        dialogues = counted_by_source(dialogues, by_source)
    statistics = collect(lengths.measured(dialogues) if lengths else dialogues)
    source.say_what_was_skipped()
    report = statistics.as_json()
    if isinstance(source, Source):
        report["unmapped"] = audit.as_json()
    else:
        report["sources"] = source.counts()
        report["known_by_source"] = {
            name: {what: counts[what] for what in ("examples", *FACTS)} for name, counts in by_source.items()
        }
    if lengths:
        report["tokens"] = lengths.as_json(sizes)
    title = f"{source.mixture.name if isinstance(source, MixedSource) else given.name}, {given.split}"
    if given.html:
        _write(statistics_page(title, report), given.html)
    if given.json:
        print(json.dumps(report, indent=1))
    else:
        table = statistics.table(title)
        _add_rows(table, report)
        Console().print(table)


def _audited(source: Source | MixedSource, split: str, audit: Audit) -> Iterator[Dialogue]:
    """The dialogues; in a corpus, labels without a shared name are counted and do not stop."""
    if isinstance(source, MixedSource):
        return source.load(split)
    raw = stream(source.corpus.name, source.path, split, source.options, SOURCE)
    return audited(iter(raw), source.corpus.name, audit, rename=source.names == UNIFIED)


def _lengths(tokenizer: str | None) -> "Lengths | None":
    if tokenizer is None:
        return None
    from space_jax.convert.minilm import named_folder
    from space_jax.features.lengths import Lengths
    from space_jax.features.tokenizer import load_tokenizer

    return Lengths(load_tokenizer(named_folder(tokenizer)))


def _add_rows(table: Table, report: dict[str, Any]) -> None:
    if "unmapped" in report:
        unmapped = report["unmapped"]
        labels = ", ".join(f"{name} {count:,}" for name, count in unmapped["labels"].items()) or "none"
        table.add_row("labels without a shared name", labels)
        without = ", ".join(f"{role} {share:.1%}" for role, share in unmapped["turns_without_acts_share"].items())
        table.add_row("turns with frames, without acts", without or "none")
    for name, counts in report.get("known_by_source", {}).items():
        said = ", ".join(f"{what.replace('_', ' ')} {count:,}" for what, count in counts.items())
        table.add_row(f"known of {name}", said)
    if "tokens" not in report:
        return
    tokens = report["tokens"]
    table.add_row("tokens", ", ".join(f"{role} {count:,}" for role, count in tokens["tokens"].items()))
    table.add_row("cut", ", ".join(f"{name} {share:.1%}" for name, share in tokens["cut"].items()))
    for row in tokens["padding"]:
        shares = ", ".join(f"{name} {share:.1%}" for name, share in row.items() if name != "batch_size")
        table.add_row(f"padding, batches of {row['batch_size']}", shares)


def _write(page: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(page, encoding="utf-8")
    os.replace(temporary, file)
