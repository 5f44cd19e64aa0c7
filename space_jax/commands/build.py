"""`space-jax data build`: makes a prepared corpus of a corpus or a mixture."""

import argparse
import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import TYPE_CHECKING

from space_jax.commands.numbers import finite
from space_jax.commands.sources import MixedSource, add_corpus_arguments, corpus_words, opened
from space_jax.corpora.mixtures.files import is_mixture
from space_jax.corpora.registry import SIMULATED, corpus, simulated_count
from space_jax.corpora.source import Source
from space_jax.corpora.splits import SPLITS
from space_jax.corpora.stream import Stream
from space_jax.dialogue.labels import FACTS
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.features.example import Limits
from space_jax.features.words import BLANKS, SEGMENTERS
from space_jax.terminal.progress import LiveProgress

if TYPE_CHECKING:
    from space_jax.features.prepared_corpus import Prepared
    from space_jax.features.runners import Runner


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the action."""
    add_corpus_arguments(parser)
    parser.add_argument(
        "--tokenizer",
        required=True,
        metavar="DIR_OR_FILE",
        help="a saved tokenizer, a run, a Hugging Face folder, a vocab.txt, or 'minilm'",
    )
    parser.add_argument("--cased", action="store_true", help="the vocab.txt distinguishes upper and lower case")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing prepared corpus")
    parser.add_argument(
        "--labelled-share",
        type=finite("--labelled-share"),
        default=1.0,
        help="share of train dialogues, annotated or not, that keep their annotation (1)",
    )
    limits = Limits()
    parser.add_argument("--max-turns", type=int, default=limits.max_turns, help="context turns (%(default)s)")
    parser.add_argument(
        "--max-turn-tokens", type=int, default=limits.max_turn_tokens, help="last tokens of a turn (%(default)s)"
    )
    parser.add_argument(
        "--words",
        choices=SEGMENTERS,
        default=BLANKS,
        help="what finds words in texts, for YuYan: blanks, or jieba in Chinese without blanks (%(default)s)",
    )
    parser.add_argument("--slots", action="store_true", help="examples have the slots of their domains, for STAR")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes that build together (1)")
    parser.add_argument(
        "--runner", choices=("local", "beam"), default="local", help="beam: Apache Beam, with N elements (local)"
    )
    parser.add_argument(
        "--beam-option", action="append", default=[], metavar="OPTION", help="of the pipeline: runner=FlinkRunner"
    )
    parser.set_defaults(run=_build, takes_config=False)


def _build(given: argparse.Namespace, _: list[str]) -> None:
    # Imported here, because TensorFlow Datasets takes a moment that --help need not wait for.
    from space_jax.convert.minilm import named_folder
    from space_jax.features.corpus_builder import prepare
    from space_jax.features.tokenizer import load_tokenizer

    if not is_mixture(given.name):
        corpus(given.name)  # a wrong name is reported before a tokenizer is read
    runner = runner_of(given)
    tokenizer = load_tokenizer(named_folder(given.tokenizer), lower_case=not given.cased)
    limits = Limits(max_turns=given.max_turns, max_turn_tokens=given.max_turn_tokens)
    with _dialogues(given, runner) as chosen, _Parts(map(_length, chosen.splits.values())) as parts:
        built = prepare(
            chosen.splits,
            tokenizer,
            given.out,
            limits,
            labelled_share=given.labelled_share,
            name=chosen.name,
            seed=given.seed or 0,
            overwrite=given.overwrite,
            progress=parts.tick,
            inputs=chosen.inputs,
            runner=runner,
            attached=chosen.attached,
            command=corpus_words(given)
            + (f" --words {given.words}" if given.words != BLANKS else "")
            + (" --slots" if given.slots else ""),
            words=given.words,
            slots=given.slots,
        )
    chosen.say()
    say_counts(built)


def runner_of(given: argparse.Namespace) -> "Runner":
    """The runner that `--runner` and `--workers` ask for."""
    from space_jax.features.runners import Processes

    if given.workers > 1 and given.on_error == "skip":
        raise UserError("--workers: must be 1 with --on-error skip, because one process must list the skipped records")
    if given.runner == "beam":
        from space_jax.corpora.beam import BeamRunner

        return BeamRunner(given.workers, tuple(f"--{option}" for option in given.beam_option))
    if given.beam_option:
        raise UserError("--beam-option: needs --runner beam")
    return Processes(given.workers)


def say_counts(corpus: "Prepared") -> None:
    """A summary of the build: sizes, and the examples with known acts and trees."""
    from space_jax.features.prepared_corpus import Counts

    print(f"{corpus.folder}: {corpus.metadata.vocabulary.size} tokens in the vocabulary")
    for split, counts in corpus.metadata.splits.items():
        print(f"  {split:<34}{counts.dialogues:>9} dialogues {counts.examples:>9} examples {counts.tokens:>12} tokens")
    for split in SPLITS:
        parts = [counts for name, counts in corpus.metadata.splits.items() if name.partition("_")[0] == split]
        if parts:
            whole = sum(parts, Counts())
            known = ", ".join(f"{fact.replace('_', ' ')} {getattr(whole, fact)}" for fact in FACTS)
            print(f"  of {whole.examples} examples of {split} are known: {known}")


class _Parts(LiveProgress):
    """The dialogues done of several splits or sources, all in one bar."""

    def __init__(self, lengths: Iterable[int | None] = (None,)) -> None:
        every = list(lengths)
        super().__init__("dialogues", None if None in every else sum(length or 0 for length in every))
        self._parts: dict[str, int] = {}

    def tick(self, part: str, done: int) -> None:
        """Moves one part on."""
        self._parts[part] = done
        self.advance(sum(self._parts.values()), ", ".join(f"{name} {count}" for name, count in self._parts.items()))


@dataclasses.dataclass(frozen=True)
class _Chosen:
    """What is built."""

    name: str
    splits: Mapping[str, Iterable[Dialogue]]
    inputs: str
    attached: dict[str, str]
    say: Callable[[], None]


@contextlib.contextmanager
def _dialogues(given: argparse.Namespace, runner: "Runner") -> Iterator[_Chosen]:
    """The dialogues that the command line names; those of a mixture are selected first, in a hidden folder."""
    if not is_mixture(given.name):
        source = opened(given)
        assert isinstance(source, Source)
        splits = {split: source.load(split) for split in source.splits()}
        yield _Chosen(given.name, splits, source.state(), {}, source.say_what_was_skipped)
        return
    out = given.out.absolute()
    folder = out.with_name(f".{out.name}.selection")
    mixed = MixedSource(given, folder)
    if mixed.mixture.few and given.labelled_share < 1:
        raise UserError("--labelled-share: would hide labels of a few-shot subset; leave it out beside --few")
    with _Parts() as parts:
        selection = mixed.select(runner, parts.tick)
    yield _Chosen(mixed.mixture.name, selection.splits, selection.inputs, mixed.attached(), mixed.say_what_was_skipped)
    shutil.rmtree(folder)  # not after a failure, so that the same command continues the build


def _length(dialogues: Iterable[Dialogue]) -> int | None:
    """The length of a stream, where it is known before reading."""
    if isinstance(dialogues, Sized):
        return len(dialogues)
    if not isinstance(dialogues, Stream) or dialogues.corpus != SIMULATED:
        return None
    return simulated_count(dialogues.split, **{**corpus(SIMULATED).options, **dialogues.options})
