"""`space-jax tokenizer train`."""

import argparse
from pathlib import Path
from typing import Any

from space_jax.commands.sources import add_corpus_arguments, opened
from space_jax.features.sentencepiece_tokenizer import train_sentencepiece
from space_jax.terminal.progress import counted


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("tokenizer", help="train a tokenizer")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    train = actions.add_parser("train", help="train SentencePiece on the train split of a corpus or mixture")
    add_corpus_arguments(train)
    train.add_argument("--out", type=Path, required=True, help="folder to make")
    train.add_argument(
        "--vocab-size", type=int, default=8000, help="the most pieces, special tokens included (%(default)s)"
    )
    train.add_argument("--kind", choices=("unigram", "bpe"), default="unigram", help="of model (%(default)s)")
    train.set_defaults(run=_train, takes_config=False)


def _train(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.api.corpora import written_texts  # takes a moment that --help need not wait for

    source = opened(given)
    texts = written_texts(counted(source.load("train"), "dialogues read"))
    tokenizer = train_sentencepiece(texts, given.vocab_size, given.out, given.kind, seed=given.seed or 0)
    source.say_what_was_skipped()
    size = tokenizer.vocabulary().size
    fewer = f", as many as the texts are long enough for ({given.vocab_size} were asked for)"
    print(f"{given.out}: {size} tokens{fewer if size < given.vocab_size else ''}, fingerprint {tokenizer.fingerprint}")
