"""The tokenizer interface: text to ids and back, with separate ids for the special tokens.

Text never becomes a special token: a user who types `<sos_u>` or `[MASK]` gets the ids of those characters. Special
tokens are inserted by id, from `id_of` or `vocabulary`.
"""

from pathlib import Path
from typing import Protocol

from space_jax.config import Vocabulary
from space_jax.errors import UserError
from space_jax.features import sentencepiece_tokenizer, wordpiece_tokenizer
from space_jax.features.sentencepiece_tokenizer import SentencePieceTokenizer
from space_jax.features.tokenizer_folder import DESCRIPTION_FILE, read_folder
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer
from space_jax.reading.json_text import read_json
from space_jax.reading.text import lines, read_bytes
from space_jax.remote import as_path

_INNER = f"tokenizer/{DESCRIPTION_FILE}"  # in a run or in converted weights
HUGGING_FACE = ("tokenizer.json", "vocab.txt")  # in this order: the first holds more settings


class Tokenizer(Protocol):
    """Text to ids and back."""

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify the model and its special tokens; unchanged by `save` and load."""

    def vocabulary(self) -> Vocabulary:
        """The ids that models and features need to know."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text; `[]` for the empty text."""

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The ids of a text and, for each, the characters `[start, end)` of `text` that it stands for.

        Spans are in order and never overlap, except that all parts of one character have its span.
        """

    def decode(self, ids: list[int]) -> str:
        """The text of ids; special tokens are omitted."""

    def token(self, token_id: int) -> str:
        """A printable name of an id."""

    def id_of(self, special_name: str) -> int:
        """The id of a name in `CONTROL_TOKENS` or `SPECIAL_TOKENS`; KeyError for any other."""

    def save(self, folder: Path) -> None:
        """Writes the tokenizer to a folder, for `load_tokenizer`."""


def load_tokenizer(path: Path | str, lower_case: bool = True) -> Tokenizer:
    """Loads a tokenizer.

    Args:
      path: a folder written by `Tokenizer.save`, one that contains such a folder as `tokenizer` (a run, converted
        weights), one in the layout of Hugging Face with `tokenizer.json` or `vocab.txt`; or a file: `*.model`
        (SentencePiece, made by `train_sentencepiece`), `*.json` (a WordPiece `tokenizer.json`) or `*.txt` (a BERT
        `vocab.txt`).
      lower_case: whether a `vocab.txt` is of a lower-cased BERT; the other kinds, and a `tokenizer_config.json` in its
        folder, record this themselves.

    Raises:
      UserError: the path is missing, of another kind, or damaged.
    """
    path = as_path(path)
    if path.is_dir():
        return _from_folder(path, lower_case)
    if not path.is_file():
        raise UserError(f"{path}: no such tokenizer folder or file")
    if path.suffix == ".model":
        return SentencePieceTokenizer.from_file(path)
    if path.suffix == ".json":
        return WordPieceTokenizer.from_json(path)
    if path.suffix == ".txt":
        return WordPieceTokenizer.from_vocabulary(path, lower_case)
    raise UserError(
        f"{path}: not a tokenizer file, whose name ends in .model, .json (tokenizer.json) or .txt (vocab.txt)"
    )


def has_tokenizer(folder: Path) -> bool:
    """Whether `load_tokenizer` finds something in a folder."""
    return any((folder / name).is_file() for name in (DESCRIPTION_FILE, _INNER, *HUGGING_FACE))


def _from_folder(folder: Path, lower_case: bool) -> Tokenizer:
    if not (folder / DESCRIPTION_FILE).is_file():
        if (folder / _INNER).is_file():
            return _from_folder((folder / _INNER).parent, lower_case)
        for name in HUGGING_FACE:
            if (folder / name).is_file():
                return load_tokenizer(folder / name, _recorded_lower_case(folder / "tokenizer_config.json", lower_case))
    kind, path, content = read_folder(folder)
    if kind == sentencepiece_tokenizer.KIND:
        return SentencePieceTokenizer(content, str(path))
    if kind == wordpiece_tokenizer.KIND:
        return WordPieceTokenizer.from_json(path)
    raise UserError(f"{folder}: tokenizer kind {kind!r} is not one of 'sentencepiece', 'wordpiece'")


def _recorded_lower_case(path: Path, default: bool) -> bool:
    """`do_lower_case` of a Hugging Face tokenizer's description; without one, False for a vocabulary with capitals."""
    if not path.is_file():
        return default and not _has_capitals(path.with_name("vocab.txt"))
    said = read_json(path)
    if not isinstance(said, dict):
        raise UserError(f"{path}: not the description of a tokenizer (it is no object)")
    return bool(said.get("do_lower_case", default))


def _has_capitals(path: Path) -> bool:
    """Whether a `vocab.txt` has a piece with a capital letter, other than the bracketed control tokens."""
    pieces = lines(read_bytes(path), str(path)) if path.is_file() else []
    return any(piece != piece.lower() for piece in pieces if not piece.startswith("["))
