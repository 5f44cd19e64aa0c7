"""What loaders of raw files have in common: members of folders and archives, and fields that must be there."""

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.errors import UserError


def files(source: Path, name: str, pattern: re.Pattern[str], shown: str) -> Iterator[tuple[str, bytes]]:
    """The files of one part of a corpus, which lies in a folder or, packed, in a zip archive.

    Args:
      source: holds the folder `name` or the archive `name.zip`; the folder goes before.
      name: of the part.
      pattern: searched in the name of a file, in an archive with its path.
      shown: the names that are meant, for messages.

    Yields:
      Where a file lies and its content, in the order of the names; one is in memory at a time.

    Raises:
      UserError: no such file, or a damaged archive.
    """
    folder, archive = source / name, source / f"{name}.zip"
    found = False
    if folder.is_dir():
        for path in sorted(path for path in folder.iterdir() if pattern.search(path.name)):
            found = True
            yield str(path), path.read_bytes()
    elif archive.is_file():
        for where, content in members(archive, pattern):
            found = True
            yield where, content
    if not found:
        raise UserError(f"{source}: expected {shown} in {folder.name}/ or {archive.name}, found none")


def members(archive: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """The members of a zip archive whose path has the pattern, in the order of their names.

    Raises:
      UserError: a damaged archive.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            for name in sorted(filter(pattern.search, opened.namelist())):
                yield f"{archive}/{name}", opened.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:  # RuntimeError: encrypted
        raise UserError(f"{archive}: expected a zip archive, found a damaged one ({error})") from None


def one_file(source: Path, name: str, archive: str) -> tuple[str, bytes]:
    """A file that lies in a folder as it is or packed in an archive; as it is goes before.

    Args:
      source: the folder.
      name: of the file.
      archive: the name of the zip archive in `source` that else has a member `name`, in whatever folder.

    Returns:
      Where the file lies and its content.

    Raises:
      UserError: no such file, or a damaged archive.
    """
    if (source / name).is_file():
        return str(source / name), (source / name).read_bytes()
    if (source / archive).is_file():
        for found in members(source / archive, re.compile(rf"(^|/){re.escape(name)}$")):
            return found
    raise UserError(f"{source}: expected {name}, or {archive} with {name} in it, found neither")


def json_list(content: bytes, where: str) -> list[Any]:
    """A JSON list of dialogues."""
    records = json_value(content, where)
    if not isinstance(records, list):
        raise UserError(f"{where}: expected a JSON list of dialogues, found something else")
    return records


def json_value(content: bytes, where: str) -> Any:
    """Any JSON."""
    try:
        return json.loads(content)
    except ValueError as error:  # also covers bytes that are not UTF-8
        raise UserError(f"{where}: expected JSON, found it damaged ({error})") from None


def field(record: Any, key: str, kind: type, where: str) -> Any:
    """`record[key]`, which must be of that kind."""
    if not isinstance(record, dict) or key not in record:
        raise UserError(f"{where}: field {key}: expected {kind.__name__}, found nothing")
    if not isinstance(record[key], kind):
        raise UserError(f"{where}: field {key}: expected {kind.__name__}, found {type(record[key]).__name__}")
    return record[key]


def strings(values: Any, where: str) -> list[str]:
    """A list of strings."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise UserError(f"{where}: expected a list of strings, found {values!r}")
    return values


def decoded(content: bytes, where: str) -> str:
    """UTF-8 text.

    Raises:
      UserError: another encoding, with the line.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{where}:{line}: expected UTF-8, found the byte 0x{content[error.start]:02x}") from None


def collapsed(text: str) -> str:
    """A text without offsets into it: every run of white space is one blank, and none is at its ends."""
    return " ".join(text.split())
