"""`space-jax data`: its actions, of which most have a module of their own."""

import argparse
import itertools
from typing import Any

from space_jax.commands import build, check, delexicalise, files, import_data, split, stats, suggest
from space_jax.commands.sources import add_corpus_arguments, opened
from space_jax.corpora.show import show
from space_jax.corpora.splits import SPLITS
from space_jax.errors import UserError


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("data", help="build, count and inspect corpora")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    build.add_arguments(actions.add_parser("build", help="tokenise a corpus once and write it as ArrayRecord shards"))
    stats.add_arguments(
        actions.add_parser("stats", help="count dialogues, turns, tokens, domains, acts, trees and padding")
    )
    look = actions.add_parser("show", help="print dialogues with frames and acts")
    look.add_argument("--n", type=int, default=3, help="how many dialogues (3)")
    add_corpus_arguments(look)
    look.add_argument("--split", choices=SPLITS, default="train", help="which split (train)")
    look.set_defaults(run=_show, takes_config=False)
    files.add_actions(actions)
    check.add_arguments(actions.add_parser("check", help="say what a task would make of your data"))
    suggest.add_arguments(actions.add_parser("suggest", help="choose utterances to label next; take the labels back"))
    delexicalise.add_arguments(
        actions.add_parser("delexicalise", help="put placeholders into system turns for values of an agent's tables")
    )
    import_data.add_arguments(
        actions.add_parser("import", help="turn tables, transcripts or other tools' data into the project's formats")
    )
    split.add_arguments(actions.add_parser("split", help="part dialogues or sentences into splits"))


def _show(given: argparse.Namespace, _: list[str]) -> None:
    if given.n < 1:
        raise UserError(f"--n: {given.n} is not at least 1")
    source = opened(given)
    for dialogue in itertools.islice(source.load(given.split), given.n):
        show(dialogue)
    source.say_what_was_skipped()
