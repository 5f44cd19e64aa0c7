"""`space-jax data build|stats|show|download|verify`."""

import argparse
import itertools
import json
from typing import Any

from rich.console import Console

from space_jax.commands import build, files
from space_jax.commands.sources import add_corpus_arguments, opened
from space_jax.corpora.show import show
from space_jax.corpora.splits import SPLITS
from space_jax.corpora.statistics import collect
from space_jax.errors import UserError


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("data", help="build a corpus for training, count it, look at it")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    build.add_arguments(actions.add_parser("build", help="tokenise a corpus once and write it as ArrayRecord shards"))
    stats = actions.add_parser("stats", help="count dialogues, turns, domains, acts, trees")
    stats.add_argument("--json", action="store_true", help="as JSON instead of a table")
    look = actions.add_parser("show", help="print dialogues with frames and acts")
    look.add_argument("--n", type=int, default=3, help="how many dialogues (3)")
    for action, run in ((stats, _stats), (look, _show)):
        add_corpus_arguments(action)
        action.add_argument("--split", choices=SPLITS, default="train", help="which split (train)")
        action.set_defaults(run=run, takes_config=False)
    files.add_actions(actions)


def _stats(given: argparse.Namespace, _: list[str]) -> None:
    source = opened(given)
    statistics = collect(source.load(given.split))
    source.say_what_was_skipped()
    if given.json:
        print(json.dumps(statistics.as_json(), indent=1))
    else:
        Console().print(statistics.table(f"{given.name}, {given.split}"))


def _show(given: argparse.Namespace, _: list[str]) -> None:
    if given.n < 1:
        raise UserError(f"--n: {given.n} is not at least 1")
    source = opened(given)
    for dialogue in itertools.islice(source.load(given.split), given.n):
        show(dialogue)
    source.say_what_was_skipped()
