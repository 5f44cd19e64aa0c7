"""`space-jax tokenizer train`."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.commands.sources import Source, add_corpus_arguments
from space_jax.dialogue.record import SYSTEM
from space_jax.features.sentencepiece_tokenizer import train_sentencepiece
from space_jax.tasks.dialogue.act_text import write_acts
from space_jax.tasks.dialogue.belief_text import write_belief
from space_jax.tasks.dialogue.records import records_of


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("tokenizer", help="train a tokenizer")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    train = actions.add_parser("train", help="train SentencePiece on the train split of a corpus")
    add_corpus_arguments(train)
    train.add_argument("--out", type=Path, required=True, help="folder to make")
    train.add_argument("--vocab-size", type=int, default=8000, help="pieces, special tokens included (%(default)s)")
    train.add_argument("--kind", choices=("unigram", "bpe"), default="unigram", help="of model (%(default)s)")
    train.set_defaults(run=_train, takes_config=False)


def _train(given: argparse.Namespace, _: list[str]) -> None:
    source = Source(given)
    tokenizer = train_sentencepiece(_texts(source), given.vocab_size, given.out, given.kind, seed=given.seed or 0)
    source.say_what_was_skipped()
    print(f"{given.out}: {tokenizer.vocabulary().size} tokens, fingerprint {tokenizer.fingerprint}")


def _texts(source: Source) -> Iterator[str]:
    """The text of dialogues, and of what an agent writes: belief states, dialog acts and delexicalised responses."""
    for dialogue in source.load("train"):
        for turn in dialogue.turns:
            yield turn.text
            if turn.role == SYSTEM and turn.delexicalised is not None:
                yield turn.delexicalised
        for record in records_of(dialogue):
            yield write_belief(record.target.state or {})
            yield write_acts(record.target.acts or ())
