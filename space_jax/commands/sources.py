"""The arguments of the verbs that read a corpus, and its dialogues by split."""

import argparse
import shlex
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from space_jax.commands.numbers import seed
from space_jax.corpora.mixtures.files import is_mixture, mixture_names, read_mixture
from space_jax.corpora.mixtures.report import GUARD_FILE, summary
from space_jax.corpora.options import parse_option
from space_jax.corpora.registry import CORPORA, corpus
from space_jax.corpora.source import Source
from space_jax.corpora.stream import NAMES, UNIFIED
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.terminal import say

if TYPE_CHECKING:
    from space_jax.corpora.mixtures.selection import Selection
    from space_jax.features.build_units import Tick
    from space_jax.features.runners import Runner


def add_corpus_arguments(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Adds NAME, which may be left out if there is a default, --source and the options that some corpora have."""
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?" if default else None,
        default=default,
        help=f"a corpus: {', '.join(CORPORA)}; or a mixture: {', '.join(mixture_names())}, or its .toml or .json file"
        + (f" ({default})" if default else ""),
    )
    parser.add_argument("--source", type=Path, metavar="PATH", help="the folder or file that holds the corpus")
    parser.add_argument(
        "--names",
        choices=NAMES,
        default=UNIFIED,
        help="use the names of domains, intents and slots that all corpora share, or the source's (%(default)s)",
    )
    parser.add_argument("--on-error", choices=("stop", "skip"), help="jsonl: what to do with a bad record (stop)")
    parser.add_argument("--dialogues", type=int, metavar="N", help="simulated: dialogues of the train split (1000)")
    parser.add_argument("--seed", type=seed("--seed"), metavar="S", help="of random choices (0)")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the corpus, such as subset=train_10 (banking77, clinc150, hwu64) or domain=hotels (nlupp)",
    )

    parser.add_argument(
        "--data-root", type=Path, metavar="DIR", help="mixtures: holds a folder for each source, see docs/corpora.md"
    )
    parser.add_argument(
        "--without", action="append", default=[], metavar="SOURCE", help="mixtures: build without this source"
    )
    parser.add_argument(
        "--leave-out",
        action="append",
        default=[],
        metavar="CORPUS",
        help="mixtures: exclude everything that is in this corpus, its train split included",
    )
    parser.add_argument(
        "--few",
        action="append",
        default=[],
        metavar="SOURCE=N|N%|FILE",
        help="mixtures: keep the labels of only the subset of this source that finetune --shots takes",
    )
    parser.add_argument("--few-seed", type=seed("--few-seed"), metavar="S", help="mixtures: of that subset (0)")


def _few(text: str) -> tuple[str, str]:
    name, equals, shots = text.partition("=")
    if not equals or not shots:
        raise UserError(f"--few {text}: must be SOURCE=10, SOURCE=10% or SOURCE=FILE with ids")
    return name, shots


def corpus_words(given: argparse.Namespace) -> str:
    """The arguments of `add_corpus_arguments` except the seed, quoted for a shell; paths are absolute."""
    words = [str(given.name) if given.name in CORPORA or not Path(given.name).is_file() else _absolute(given.name)]
    for flag in ("source", "data_root"):
        path = getattr(given, flag)
        words += [] if path is None else [_flag(flag), _absolute(path)]
    words += [] if given.names == UNIFIED else ["--names", given.names]
    words += [word for name, shots in map(_few, given.few) for word in ("--few", f"{name}={_absolute_file(shots)}")]
    for flag in ("on_error", "dialogues", "option", "without", "leave_out", "few_seed"):
        value = getattr(given, flag)
        for one in value if isinstance(value, list) else [] if value is None else [value]:
            words += [_flag(flag), str(one)]
    return shlex.join(words)


def _absolute_file(shots: str) -> str:
    return _absolute(shots) if shots.endswith(".json") else shots


def _absolute(path: Path | str) -> str:
    return str(Path(path).absolute())


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _opened_corpus(given: argparse.Namespace) -> Source:
    """The corpus that the command line names."""
    chosen = corpus(given.name)
    wanted = {"on_error": given.on_error, "dialogues": given.dialogues}
    for option, value in wanted.items():
        if value is not None and option not in chosen.options:
            raise UserError(f"{_flag(option)}: the corpus {chosen.name} does not have this option")
    wanted |= {"seed": given.seed if "seed" in chosen.options else None}
    options = {option: value for option, value in wanted.items() if value is not None}
    options |= dict(parse_option(text, chosen) for text in given.option)
    return Source(chosen.name, given.source, options, given.names)


def opened(given: argparse.Namespace) -> "Source | MixedSource":
    """The corpus or mixture that the command line names (a file named like a corpus needs its folder)."""
    if is_mixture(given.name) and given.name not in CORPORA:
        return MixedSource(given)
    for flag in ("data_root", "without", "leave_out", "few", "few_seed"):
        if getattr(given, flag) not in (None, []):
            raise UserError(f"{_flag(flag)}: {given.name} is a corpus, not a mixture; corpora take --source")
    return _opened_corpus(given)


class MixedSource:
    """The dialogues of the mixture that the command line names, selected in a temporary folder or a given one.

    Raises:
      UserError: options that only a corpus has, a mixture that is wrong, or files that are missing.
    """

    def __init__(self, given: argparse.Namespace, folder: Path | None = None) -> None:
        """Selects nothing yet."""
        flags = ("source", "on_error", "dialogues", "option")
        for flag in flags:
            if getattr(given, flag):
                raise UserError(f"{_flag(flag)}: a mixture says this in its file, for each of its sources")
        if given.names != UNIFIED:
            raise UserError(f"--names {given.names}: a mixture has the names that all corpora share")
        mixture = read_mixture(given.name)
        mixture = mixture.without(tuple(given.without)).leaving_out(tuple(given.leave_out))
        self.mixture = mixture.with_few(dict(_few(text) for text in given.few), given.few_seed)
        self.seed: int = given.seed or 0
        self._data_root: Path | None = given.data_root
        self._folder = folder or Path(tempfile.mkdtemp())
        if folder is None:
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._selection: Selection | None = None
        self._few: dict[str, list[str]] = {}

    def select(self, runner: "Runner | None" = None, tick: "Tick | None" = None) -> "Selection":
        """The dialogues that enter."""
        from space_jax.corpora.mixtures.selection import select  # here, because --help need not wait for it
        from space_jax.features.runners import serial

        if self._selection is None:
            if self.mixture.few:
                from space_jax.tasks.shots import subsets_of  # the records and the draw of fine-tuning

                self._few = subsets_of(self.mixture, self._data_root)
            self._selection = select(
                self.mixture,
                self._data_root,
                self._folder,
                seed=self.seed,
                few=self._few,
                runner=runner or serial,
                tick=tick,
            )
        return self._selection

    def attached(self) -> dict[str, str]:
        """Name -> text of the files beside a build: the guard's report, and the few-shot subsets."""
        files = {GUARD_FILE: self.select().report_text()}
        if self._few:
            from space_jax.tasks.shots import ids_text

            few, seed = self.mixture.few, self.mixture.few_seed
            files |= {f"shots-{name}.json": ids_text(ids, few[name], seed) for name, ids in self._few.items()}
        return files

    def splits(self) -> tuple[str, ...]:
        """The splits that are there."""
        return tuple(self.select().splits)

    def load(self, split: str) -> Iterator[Dialogue]:
        """The dialogues of a split, as a stream."""
        if split not in self.select().splits:
            raise UserError(f"mixture {self.mixture.name}: split {split!r} is not one of {', '.join(self.splits())}")
        return iter(self.select().splits[split])

    def counts(self) -> dict[str, dict[str, int]]:
        """Source and split -> dialogues read, left out and kept."""
        sources = self.select().report["sources"]
        return {
            name: {what: count for what, count in one.items() if isinstance(count, int)}
            for name, one in sources.items()
        }

    def say_what_was_skipped(self) -> None:
        """Reports on standard error the dialogues of each source that were left out, and why."""
        for line in summary(self.select().report):
            say(line, sys.stderr)
