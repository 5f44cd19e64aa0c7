"""A prepared corpus: a folder that holds

  corpus.json   how it was made, and the counts of each split; written last
  tokenizer/    a copy of the tokenizer
  examples/     a TensorFlow Datasets data set in ArrayRecord files, see `features.storage`

Splits: "labelled" and "unlabelled" (the train dialogues), "validation", "test"; one without examples has no files.
"""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from space_jax.config import Vocabulary
from space_jax.errors import UserError
from space_jax.features.example import Limits
from space_jax.features.storage import ExampleSource, missing_files, read_split
from space_jax.remote import is_remote, local_copy

FORMAT = 2  # of the folder; raised whenever older readers or writers would go wrong
READABLE = (1, FORMAT)  # 1 knows no example without a response; readers of 1 would take such a one for labelled
METADATA_FILE = "corpus.json"
TOKENIZER_FOLDER = "tokenizer"
EXAMPLES_FOLDER = "examples"
SPLITS = ("labelled", "unlabelled", "validation", "test")


@dataclasses.dataclass(frozen=True)
class Counts:
    """The size of a split. `tokens` are those of contexts and responses as the examples hold them."""

    dialogues: int = 0
    examples: int = 0
    tokens: int = 0


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What `corpus.json` says: how the corpus was made, and the counts of each split."""

    name: str
    tokenizer: str  # fingerprint
    vocabulary: Vocabulary
    limits: Limits
    labelled_share: float
    seed: int
    splits: dict[str, Counts]
    format: int = FORMAT

    @property
    def fingerprint(self) -> str:
        """Tells this corpus from another of the same name: a hash of everything that is said here."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """The text of `corpus.json`."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"


@dataclasses.dataclass(frozen=True)
class Prepared:
    """An open prepared corpus."""

    folder: Path
    metadata: Metadata

    @property
    def tokenizer_folder(self) -> Path:
        """Where `load_tokenizer` finds the tokenizer."""
        return self.folder / TOKENIZER_FOLDER

    def split(self, name: str) -> ExampleSource:
        """Random access to the examples of "labelled", "unlabelled", "validation" or "test".

        Raises:
          UserError: there is no split of this name, or it does not hold what `corpus.json` says.
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
        return source


def open_prepared(folder: Path | str) -> Prepared:
    """Opens a folder that `prepare` wrote; one in a bucket is copied to this machine first.

    Raises:
      UserError: the folder is missing, not whole, or of another format.
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
        raw = json.loads(file.read_text(encoding="utf-8"))
        version = raw["format"]
        if version not in READABLE:
            raise UserError(f"{file}: format {version} is not {FORMAT}, the one this release reads; build it again")
        return _metadata_from(raw)
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file}: not the description of a prepared corpus ({error}); build it again") from error


def _metadata_from(raw: dict[str, Any]) -> Metadata:
    vocabulary: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in raw["vocabulary"].items()}
    return Metadata(
        **{
            **raw,
            "vocabulary": Vocabulary(**vocabulary),
            "limits": Limits(**raw["limits"]),
            "splits": {name: Counts(**counts) for name, counts in raw["splits"].items()},
        }
    )
