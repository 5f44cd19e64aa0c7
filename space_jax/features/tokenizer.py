"""What a tokenizer is to the rest of the code: text to ids and back, with ids of its own for the special tokens.

Text never becomes a special token: a user who types `<sos_u>` or `[MASK]` gets the ids of those characters. Special
tokens are put in by id, from `id_of` or `vocabulary`.
"""

from pathlib import Path
from typing import Protocol

from space_jax.config import Vocabulary


class Tokenizer(Protocol):
    """Text to ids and back."""

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name the model and its special tokens; equal after `save` and load."""

    def vocabulary(self) -> Vocabulary:
        """The ids that models and features need to know."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text; `[]` for the empty text."""

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The ids of a text and, for each, the characters `[start, end)` of `text` that it stands for."""

    def decode(self, ids: list[int]) -> str:
        """The text of ids; special tokens are left out."""

    def token(self, token_id: int) -> str:
        """A printable name of an id."""

    def id_of(self, special_name: str) -> int:
        """The id of a name in `CONTROL_TOKENS` or `SPECIAL_TOKENS`; KeyError for any other."""

    def save(self, folder: Path) -> None:
        """Writes the tokenizer into a folder that `load_tokenizer` reads."""
