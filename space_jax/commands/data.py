"""`space-jax data build|stats|show`."""

import argparse
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from space_jax.commands.sources import Source, add_corpus_arguments
from space_jax.corpora.show import show
from space_jax.corpora.splits import SPLITS
from space_jax.corpora.statistics import collect
from space_jax.errors import UserError
from space_jax.features.example import Limits

if TYPE_CHECKING:
    from space_jax.features.prepared import Prepared


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("data", help="build a corpus for training, count it, look at it")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_build(actions.add_parser("build", help="tokenise a corpus once and write it as ArrayRecord shards"))
    stats = actions.add_parser("stats", help="count dialogues, turns, domains, acts, trees")
    stats.add_argument("--json", action="store_true", help="as JSON instead of a table")
    look = actions.add_parser("show", help="print dialogues with frames and acts")
    look.add_argument("--n", type=int, default=3, help="how many dialogues (3)")
    for action, run in ((stats, _stats), (look, _show)):
        add_corpus_arguments(action)
        action.add_argument("--split", choices=SPLITS, default="train", help="which split (train)")
        action.set_defaults(run=run, takes_config=False)


def _add_build(parser: argparse.ArgumentParser) -> None:
    add_corpus_arguments(parser)
    parser.add_argument(
        "--tokenizer",
        required=True,
        metavar="DIR_OR_FILE",
        help="a saved tokenizer, a run, a Hugging Face folder, a vocab.txt, or 'minilm'",
    )
    parser.add_argument("--cased", action="store_true", help="the vocab.txt tells upper from lower case")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    parser.add_argument("--overwrite", action="store_true", help="replace a prepared corpus that is there")
    parser.add_argument(
        "--labelled-share", type=float, default=1.0, help="of train dialogues that keep their labels (1)"
    )
    limits = Limits()
    parser.add_argument("--max-turns", type=int, default=limits.max_turns, help="context turns (%(default)s)")
    parser.add_argument(
        "--max-turn-tokens", type=int, default=limits.max_turn_tokens, help="last tokens of a turn (%(default)s)"
    )
    parser.set_defaults(run=_build, takes_config=False)


def _build(given: argparse.Namespace, _: list[str]) -> None:
    # Imported here, because TensorFlow Datasets takes a moment that --help need not wait for.
    from space_jax.convert.minilm import named_folder
    from space_jax.features.prepare import prepare
    from space_jax.features.tokenizer import load_tokenizer

    source = Source(given)
    tokenizer = load_tokenizer(named_folder(given.tokenizer), lower_case=not given.cased)
    limits = Limits(max_turns=given.max_turns, max_turn_tokens=given.max_turn_tokens)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} dialogues"))
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        tasks = {split: bar.add_task(split, total=None) for split in source.splits()}
        corpus = prepare(
            {split: source.load(split) for split in tasks},
            tokenizer,
            given.out,
            limits,
            labelled_share=given.labelled_share,
            name=given.name,
            seed=given.seed or 0,
            overwrite=given.overwrite,
            progress=lambda split, done: bar.update(tasks[split], completed=done),
        )
    source.say_what_was_skipped()
    _say_counts(corpus)


def _say_counts(corpus: "Prepared") -> None:
    print(f"{corpus.folder}: {corpus.metadata.vocabulary.size} tokens in the vocabulary")
    for split, counts in corpus.metadata.splits.items():
        print(f"  {split:<11}{counts.dialogues:>9} dialogues {counts.examples:>9} examples {counts.tokens:>12} tokens")


def _stats(given: argparse.Namespace, _: list[str]) -> None:
    source = Source(given)
    statistics = collect(source.load(given.split))
    source.say_what_was_skipped()
    if given.json:
        print(json.dumps(statistics.as_json(), indent=1))
    else:
        Console().print(statistics.table(f"{given.name}, {given.split}"))


def _show(given: argparse.Namespace, _: list[str]) -> None:
    if given.n < 1:
        raise UserError(f"--n: {given.n} is not at least 1")
    source = Source(given)
    for dialogue in itertools.islice(source.load(given.split), given.n):
        show(dialogue)
    source.say_what_was_skipped()
