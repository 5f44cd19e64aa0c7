"""Tokenizers and prepared corpora from Python, as `space-jax tokenizer train` and `data build` make them."""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from space_jax.convert.minilm import named_folder
from space_jax.corpora.source import Source
from space_jax.corpora.stream import NAMES, UNIFIED
from space_jax.dialogue.record import SYSTEM, Dialogue
from space_jax.errors import UserError
from space_jax.features.corpus_builder import prepare
from space_jax.features.example import Limits
from space_jax.features.prepared_corpus import Counts
from space_jax.features.sentencepiece_tokenizer import train_sentencepiece
from space_jax.features.tokenizer import load_tokenizer
from space_jax.tasks.dialogue.act_text import write_acts
from space_jax.tasks.dialogue.belief_text import write_belief
from space_jax.tasks.dialogue.records import records_of

PathLike = str | os.PathLike[str]
_LIMITS = Limits()


def train_tokenizer(
    corpus: str,
    out: PathLike,
    vocab_size: int = 8000,
    kind: str = "unigram",
    source: PathLike | None = None,
    options: Mapping[str, Any] | None = None,
    names: str = UNIFIED,
    seed: int = 0,
) -> int:
    """Trains a SentencePiece tokenizer on the train split of a corpus.

    Args:
      corpus: its name, for example "simulated", or "jsonl" for dialogues of your own.
      out: folder to make.
      vocab_size: the most pieces, special tokens included; a short text gives fewer.
      kind: "unigram" or "bpe".
      source: the folder or file that holds the corpus.
      options: of the corpus, for example `{"dialogues": 3000}` of the simulated one.
      names: of domains, intents and slots: "unified", those that all corpora share, or "source".
      seed: of random choices.

    Returns:
      The number of tokens.

    Raises:
      UserError: no such corpus, source or option; a bad record; an impossible `vocab_size`.
    """
    opened = _opened(corpus, source, options, names, seed)
    tokenizer = train_sentencepiece(written_texts(opened.load("train")), vocab_size, Path(out), kind, seed=seed)
    opened.say_what_was_skipped()
    return tokenizer.vocabulary().size


def build_corpus(
    corpus: str,
    out: PathLike,
    tokenizer: PathLike,
    source: PathLike | None = None,
    options: Mapping[str, Any] | None = None,
    names: str = UNIFIED,
    labelled_share: float = 1.0,
    max_turns: int = _LIMITS.max_turns,
    max_turn_tokens: int = _LIMITS.max_turn_tokens,
    seed: int = 0,
    overwrite: bool = False,
) -> dict[str, Counts]:
    """Tokenises a corpus once, for any number of runs.

    Mixtures of corpora, and builds by several processes, are left to the command line.

    Args:
      corpus: see `train_tokenizer`.
      out: folder to make.
      tokenizer: a saved tokenizer, a run, a folder of Hugging Face, a `vocab.txt`, or "minilm".
      source: see `train_tokenizer`.
      options: see `train_tokenizer`.
      names: see `train_tokenizer`.
      labelled_share: share of train dialogues, annotated or not, that keep their annotation.
      max_turns: turns of a context.
      max_turn_tokens: last tokens of a turn that are kept.
      seed: of random choices.
      overwrite: replace an existing folder.

    Returns:
      Of each split the numbers of `dialogues`, `examples`, `tokens`, and of examples with known annotation.

    Raises:
      UserError: no such corpus, source, option or tokenizer; a bad record; a folder `out` that exists.
    """
    opened = _opened(corpus, source, options, names, seed)
    built = prepare(
        {split: opened.load(split) for split in opened.splits()},
        load_tokenizer(named_folder(os.fspath(tokenizer))),
        Path(out),
        Limits(max_turns=max_turns, max_turn_tokens=max_turn_tokens),
        labelled_share=labelled_share,
        name=corpus,
        seed=seed,
        overwrite=overwrite,
        inputs=opened.state(),
        command=_command(opened),
    )
    opened.say_what_was_skipped()
    return built.metadata.splits


def written_texts(dialogues: Iterable[Dialogue]) -> Iterator[str]:
    """The text of dialogues, and of what an agent writes: belief states, dialog acts and delexicalised responses."""
    for dialogue in dialogues:
        for turn in dialogue.turns:
            yield turn.text
            if turn.role == SYSTEM and turn.delexicalised is not None:
                yield turn.delexicalised
        for record in records_of(dialogue):
            yield write_belief(record.target.state or {})
            yield write_acts(record.target.acts or ())


def _opened(corpus: str, source: PathLike | None, options: Mapping[str, Any] | None, names: str, seed: int) -> Source:
    if names not in NAMES:
        raise UserError(f"names: expected {' or '.join(map(repr, NAMES))}, found {names!r}")
    opened = Source(corpus, None if source is None else Path(source), options, names)
    if "seed" in opened.corpus.options:
        opened.options.setdefault("seed", seed)
    return opened


def _command(opened: Source) -> str:
    """The arguments of `space-jax data build` that name the same dialogues."""
    words = [opened.corpus.name]
    words += [] if opened.path is None else ["--source", str(opened.path.absolute())]
    words += [] if opened.names == UNIFIED else ["--names", opened.names]
    for name, value in opened.options.items():
        words += [] if name in ("report", "seed") else ["--option", f"{name}={value}"]
    return shlex.join(words)
