"""The folder of a saved tokenizer: a file with the model and a small JSON file that describes it.

    tokenizer.space_jax.json   {"format": 1, "kind": ..., "file": ..., "fingerprint": ...}
    <file>                     the model, `tokenizer.model` (SentencePiece) or `tokenizer.json` (WordPiece)

The JSON file is written last. After an interrupted save it is missing, or its fingerprint does not match the
model, and the folder is rejected.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from space_jax.errors import UserError
from space_jax.features.special_tokens import CONTROL_TOKENS, SPECIAL_TOKENS
from space_jax.reading.json_text import read_json
from space_jax.reading.text import read_bytes

DESCRIPTION_FILE = "tokenizer.space_jax.json"
FORMAT = 1


def fingerprint(content: bytes) -> str:
    """16 hexadecimal digits (SHA-256) of a model's content and the ordered special tokens."""
    digest = hashlib.sha256("\n".join((*CONTROL_TOKENS, *SPECIAL_TOKENS)).encode())
    digest.update(b"\0" + content)
    return digest.hexdigest()[:16]


def write_folder(folder: Path, kind: str, file_name: str, content: bytes) -> None:
    """Saves a tokenizer's model and its description, each file atomically.

    Args:
      folder: created if missing.
      kind: "sentencepiece" or "wordpiece".
      file_name: name of the model's file.
      content: the model.

    Raises:
      UserError: the folder cannot be written.
    """
    description = {"format": FORMAT, "kind": kind, "file": file_name, "fingerprint": fingerprint(content)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_atomically(folder / file_name, content)
        _write_atomically(folder / DESCRIPTION_FILE, (json.dumps(description, indent=2) + "\n").encode())
    except OSError as error:
        raise UserError(f"{folder}: the tokenizer cannot be saved here ({error})") from error


def _write_atomically(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)  # mkstemp makes it private, but other users may train with the same tokenizer
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_folder(folder: Path) -> tuple[str, Path, bytes]:
    """Reads what `write_folder` wrote.

    Returns:
      The kind, the path of the model's file, and its content.

    Raises:
      UserError: the tokenizer is missing, damaged, or has other special tokens.
    """
    path = folder / DESCRIPTION_FILE
    if not path.is_file():
        raise UserError(f"{folder}: not a saved tokenizer, because it has no {DESCRIPTION_FILE}")
    try:
        description = read_json(path)
        written, kind, name, expected = (description[key] for key in ("format", "kind", "file", "fingerprint"))
    except (UserError, KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged; save the tokenizer again") from error
    if written != FORMAT:
        raise UserError(f"{path}: format {written!r} is not {FORMAT}, the one that this version reads")
    if not isinstance(name, str) or Path(name).name != name:
        raise UserError(f"{path}: field 'file' is {name!r}, but must be the name of a file in the same folder")
    content = read_bytes(folder / name)
    if fingerprint(content) != expected:
        raise UserError(
            f"{folder / name}: does not fit the fingerprint in {DESCRIPTION_FILE}; save the tokenizer again"
        )
    return kind, folder / name, content
