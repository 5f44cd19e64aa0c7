"""A prepared corpus: a folder that holds

  corpus.json   how it was made, and the counts of each split; written last
  tokenizer/    a copy of the tokenizer
  examples/     a TensorFlow Datasets data set in ArrayRecord files, see `features.storage`

Splits: `TRAIN_SPLITS`, which divide the training examples by their known annotation; then "validation" and "test". A
split without examples has no files.
"""

import dataclasses
import hashlib
import itertools
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, SupportsIndex

from space_jax.config import Vocabulary
from space_jax.config_types import Checked
from space_jax.dialogue.labels import FACTS, Known
from space_jax.errors import UserError
from space_jax.features.example import Example, Limits
from space_jax.features.storage import ExampleSource, missing_files, read_split
from space_jax.features.tokenizer import Tokenizer, load_tokenizer
from space_jax.features.words import BLANKS
from space_jax.reading.json_text import read_json
from space_jax.remote import is_remote, local_copy

FORMAT = 3  # of the folder; raised on every incompatible change. Format 2 had one flag for all annotation
METADATA_FILE = "corpus.json"
_LIMIT_OPTIONS = ("max_turns", "max_turn_tokens")  # the limits that the command line can set
TOKENIZER_FOLDER = "tokenizer"
EXAMPLES_FOLDER = "examples"


def train_split(known: Known) -> str:
    """The training split of examples with this known annotation: "train_acts_user_tree", "train_nothing"."""
    return "_".join(["train", *(itertools.compress(FACTS, known) if any(known) else ["nothing"])])


TRAIN_SPLITS = {train_split(known): known for known in map(Known._make, itertools.product((False, True), repeat=3))}
"""Name -> the known annotation of its examples."""

SPLITS = (*TRAIN_SPLITS, "validation", "test")


def streams_of(annotation: Sequence[str]) -> dict[str, list[str]]:
    """The training splits of each stream for a recipe that learns from some of `FACTS`.

    Args:
      annotation: the annotation that the recipe uses, such as `Space3Config.annotation`.

    Returns:
      "labelled": splits where any of it is known; "unlabelled": where none is.
    """
    streams: dict[str, list[str]] = {"labelled": [], "unlabelled": []}
    for name, known in TRAIN_SPLITS.items():
        streams["labelled" if any(getattr(known, fact) for fact in annotation) else "unlabelled"].append(name)
    return streams


@dataclasses.dataclass(frozen=True)
class Counts:
    """The size of a split.

    Attributes:
      dialogues: dialogues with at least one example in the split.
      examples: examples in the split.
      acts, user_tree, system_tree: examples for which each is known, see `dialogue.labels.Known`.
      tokens: tokens in the examples' contexts and responses.
    """

    dialogues: int = 0
    examples: int = 0
    acts: int = 0
    user_tree: int = 0
    system_tree: int = 0
    tokens: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """The counts of two disjoint sets of dialogues."""
        return Counts(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))


@dataclasses.dataclass(frozen=True)
class Metadata(Checked):
    """The content of `corpus.json`: how the corpus was made, and the counts of each split.

    Attributes:
      command: the arguments of `space-jax data build` that name the dialogues, quoted for a shell; "" for a corpus
        built from Python.
    """

    name: str
    tokenizer: str  # fingerprint
    vocabulary: Vocabulary
    limits: Limits
    labelled_share: float
    seed: int
    splits: dict[str, Counts]
    command: str = ""
    words: str = BLANKS  # what found words in texts, see `features.words`
    slots: bool = False  # whether examples have the slots of their domains, see `features.slots`
    format: int = FORMAT

    @property
    def fingerprint(self) -> str:
        """Identifies the corpus: a hash of the metadata without `command`."""
        return hashlib.sha256(dataclasses.replace(self, command="").to_json().encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """The text of `corpus.json`."""
        said = dataclasses.asdict(self)
        if self.words == BLANKS:  # left out, so that corpora keep the fingerprint they had before there was a choice
            del said["words"]
        if not self.slots:
            del said["slots"]
        return json.dumps(said, indent=1) + "\n"


@dataclasses.dataclass(frozen=True)
class Prepared:
    """An open prepared corpus."""

    folder: Path
    metadata: Metadata

    def tokenizer(self) -> Tokenizer:
        """The tokenizer by which the examples were made.

        Raises:
          UserError: it is damaged, or not the one that `corpus.json` names.
        """
        tokenizer, metadata = load_tokenizer(self.folder / TOKENIZER_FOLDER), self.metadata
        if (metadata.tokenizer, metadata.vocabulary) != (tokenizer.fingerprint, tokenizer.vocabulary()):
            raise UserError(
                f"{self.folder / METADATA_FILE}: names another tokenizer, or other tokens, than the folder "
                f"{TOKENIZER_FOLDER} beside it holds; build the corpus again"
            )
        return tokenizer

    def split(self, name: str) -> ExampleSource:
        """Random access to the examples of one of `SPLITS`.

        Raises:
          UserError: there is no split of this name, or it does not match `corpus.json`.
        """
        if name not in SPLITS:
            raise UserError(f"{self.folder}: {name!r} is not one of the splits {', '.join(SPLITS)}")
        source = read_split(self.folder / EXAMPLES_FOLDER, name)
        expected = self.metadata.splits.get(name, Counts()).examples
        if len(source) != expected:
            raise UserError(
                f"{self.folder}: split {name!r} holds {len(source)} examples and {METADATA_FILE} says {expected}; "
                "build the corpus again"
            )
        return _Within(source, self.metadata.limits, f"{self.folder}: split {name!r}")


class _Within(ExampleSource):
    """Examples that keep to the limits of `corpus.json`, by which models and batches were sized."""

    def __init__(self, source: ExampleSource, limits: Limits, where: str) -> None:
        self._source, self._limits, self._name = source, limits, where

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: SupportsIndex) -> Example:
        example, limits = self._source[index], self._limits
        turns, longest = len(example.turn_lengths), int(example.turn_lengths.max(initial=0))
        longest = max(longest, len(example.response_tokens))
        elements = example.user_tree.shape[-1]
        found = Limits(max(turns, 1), max(longest, 1), elements)
        if turns > limits.max_turns or longest > limits.max_turn_tokens or elements != limits.tree_elements:
            raise UserError(
                f"{self._name}: an example needs {_shown(found)}, and {METADATA_FILE} says {_shown(limits)}; build the "
                "corpus again"
            )
        return example


def _shown(limits: Limits) -> str:
    return f"{limits.max_turns} turns of {limits.max_turn_tokens} tokens and {limits.tree_elements} tree elements"


def open_prepared(folder: Path | str) -> Prepared:
    """Opens a folder that `prepare` wrote; a folder in a bucket is copied to this machine first.

    Raises:
      UserError: the folder is missing, incomplete, or of another format.
    """
    folder = local_copy(str(folder), METADATA_FILE) if is_remote(folder) else Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; a prepared corpus is made by `space-jax data build`")
    if not (folder / METADATA_FILE).is_file():
        raise UserError(f"{folder}: not a prepared corpus, it has no {METADATA_FILE}; `space-jax data build` makes one")
    metadata = _read_metadata(folder / METADATA_FILE)
    parts = [name for name in (TOKENIZER_FOLDER, EXAMPLES_FOLDER) if not (folder / name).is_dir()]
    missing = parts or missing_files(folder / EXAMPLES_FOLDER)
    if missing:
        raise UserError(f"{folder}: the prepared corpus is not whole, {missing[0]} is missing; build it again")
    return Prepared(folder, metadata)


def _read_metadata(file: Path) -> Metadata:
    try:
        raw = read_json(file)
    except UserError as error:
        raise UserError(f"{error}; build it again") from None
    try:
        version = raw["format"]
        if version != FORMAT:
            raise UserError(
                f"{file}: format {version} is not {FORMAT}, the one this release reads; build it again: "
                f"{_rebuilding(raw, file.parent)}"
            )
        return _metadata_from(raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file}: not the description of a prepared corpus ({error}); build it again") from error


def _rebuilding(raw: dict[str, Any], folder: Path) -> str:
    """The command that rebuilds a corpus of another format in place, with its own tokenizer."""
    defaults = Limits()
    settings = {"labelled-share": (raw["labelled_share"], 1.0), "seed": (raw["seed"], 0)}
    settings |= {name.replace("_", "-"): (raw["limits"][name], getattr(defaults, name)) for name in _LIMIT_OPTIONS}
    options = [f"--{name} {value}" for name, (value, default) in settings.items() if value != default]
    paths = f"--tokenizer {shlex.quote(str(folder / TOKENIZER_FOLDER))} --out {shlex.quote(str(folder))} --overwrite"
    # Formats before 3 record neither the source folder nor whether it was one corpus or a mixture.
    command = raw.get("command") or f"{shlex.quote(raw['name'])} --source DIR (of a mixture --data-root DIR)"
    return " ".join(["space-jax data build", command, *options, paths])


def _metadata_from(raw: dict[str, Any]) -> Metadata:
    try:
        return _checked_metadata(raw)
    except UserError as error:
        raise ValueError(str(error)) from error


def _checked_metadata(raw: dict[str, Any]) -> Metadata:
    vocabulary: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in raw["vocabulary"].items()}
    for split, counts in raw["splits"].items():
        if split not in SPLITS or any(type(count) is not int or count < 0 for count in counts.values()):
            raise ValueError(f"splits.{split}: expected a split of {', '.join(SPLITS)} with counts")
    return Metadata(
        **{
            **raw,
            "vocabulary": Vocabulary(**vocabulary),
            "limits": Limits(**raw["limits"]),
            "splits": {name: Counts(**counts) for name, counts in raw["splits"].items()},
        }
    )
