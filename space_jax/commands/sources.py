"""What the verbs that read a corpus have in common: its arguments, and its dialogues by split."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.options import parse_option
from space_jax.corpora.registry import CORPORA, corpus
from space_jax.corpora.stream import NAMES, UNIFIED, stream
from space_jax.dialogue.jsonl import ReadReport
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError


def add_corpus_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds NAME, --source and the options that some corpora have."""
    parser.add_argument("name", metavar="NAME", help=f"a corpus: {', '.join(CORPORA)}")
    parser.add_argument("--source", type=Path, metavar="PATH", help="the folder or file that holds the corpus")
    parser.add_argument(
        "--names",
        choices=NAMES,
        default=UNIFIED,
        help="domains, intents and slots as all corpora share them, or as the source has them (%(default)s)",
    )
    parser.add_argument("--on-error", choices=("stop", "skip"), help="jsonl: what to do with a bad record (stop)")
    parser.add_argument("--dialogues", type=int, metavar="N", help="simulated: dialogues of the train split (1000)")
    parser.add_argument("--seed", type=int, metavar="S", help="of what is chosen at random (0)")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the corpus, such as subset=train_10 (banking77, clinc150, hwu64) or domain=hotels (nlupp)",
    )


class Source:
    """The dialogues of a corpus as the command line names it; counts and lists what was skipped."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.corpus = corpus(given.name)
        self.path: Path | None = given.source
        self.names: str = given.names
        self.report = ReadReport()
        wanted = {"on_error": given.on_error, "dialogues": given.dialogues}
        for option, value in wanted.items():
            if value is not None and option not in self.corpus.options:
                flag = f"--{option.replace('_', '-')}"
                raise UserError(f"{flag}: the corpus {self.corpus.name} does not have this option")
        wanted |= {"seed": given.seed if "seed" in self.corpus.options else None}
        self.options = {option: value for option, value in wanted.items() if value is not None}
        self.options |= dict(parse_option(text, self.corpus) for text in given.option)
        if "report" in self.corpus.options:
            self.options["report"] = self.report

    def splits(self) -> tuple[str, ...]:
        """The splits that are there."""
        return self.corpus.available_splits(self.path)

    def load(self, split: str) -> Iterator[Dialogue]:
        """The dialogues of a split, as a stream."""
        return iter(stream(self.corpus.name, self.path, split, self.options, self.names))

    def say_what_was_skipped(self) -> None:
        """Lists skipped records on standard error."""
        if not self.report.skipped_count:
            return
        for message in self.report.skipped:
            print(f"skipped: {message}", file=sys.stderr)
        listed = len(self.report.skipped)
        more = f" (the first {listed} are listed)" if self.report.skipped_count > listed else ""
        print(f"{self.report.skipped_count} records were skipped{more}", file=sys.stderr)
