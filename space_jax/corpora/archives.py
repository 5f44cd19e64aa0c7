"""Files of a corpus in a folder or a zip archive, one at a time in the order of their names."""

import re
from collections.abc import Iterator
from pathlib import Path

from space_jax.errors import UserError
from space_jax.reading.archives import zip_has, zip_members
from space_jax.reading.text import read_bytes


def files(source: Path, name: str, pattern: re.Pattern[str], shown: str) -> Iterator[tuple[str, bytes]]:
    """The files of one part of a corpus, in a folder or a zip archive.

    Args:
      source: holds the folder `name` or the archive `name.zip`; the folder takes precedence.
      name: of the part.
      pattern: searched in the name of a file, in an archive with its path.
      shown: the expected names, for messages.

    Yields:
      The place of each file and its content, in the order of the names; one is in memory at a time.

    Raises:
      UserError: no such file, or a damaged archive.
    """
    folder, archive = source / name, source / f"{name}.zip"
    found = False
    if folder.is_dir():
        for path in sorted(path for path in folder.iterdir() if pattern.search(path.name)):
            found = True
            yield str(path), read_bytes(path)
    elif archive.is_file():
        for where, content in zip_members(archive, pattern):
            found = True
            yield where, content
    if not found:
        raise UserError(f"{source}: expected {shown} in {folder.name}/ or {archive.name}, found none")


def one_file(source: Path, name: str, archive: str) -> tuple[str, bytes]:
    """A file in a folder, or in an archive there; the unpacked file takes precedence.

    Args:
      source: the folder.
      name: of the file.
      archive: the zip archive in `source` that otherwise has a member `name`, in any folder.

    Returns:
      The place of the file and its content.

    Raises:
      UserError: no such file, or a damaged archive.
    """
    if (source / name).is_file():
        return str(source / name), read_bytes(source / name)
    if (source / archive).is_file():
        for found in zip_members(source / archive, re.compile(rf"(^|/){re.escape(name)}$")):
            return found
    raise UserError(f"{source}: expected {name}, or {archive} with {name} in it, found neither")


def corpus_files(source: Path, archive: str, pattern: re.Pattern[str], shown: str) -> Iterator[tuple[str, bytes]]:
    """The files of a corpus, in one archive or unpacked in a folder, whose path matches the pattern.

    Args:
      source: the folder that holds the archive, or its unpacked files at any depth; the archive takes precedence.
      archive: its file name.
      pattern: searched in the path of a file, with "/" between folders.
      shown: the expected names, for messages.

    Yields:
      The place of each file and its content, in the order of the names; one is in memory at a time.

    Raises:
      UserError: no such file, or a damaged archive.
    """
    found = False
    if (source / archive).is_file():
        for where, content in zip_members(source / archive, pattern):
            found = True
            yield where, content
    else:
        for path in sorted(path for path in source.rglob("*") if path.is_file() and pattern.search(path.as_posix())):
            found = True
            yield str(path), read_bytes(path)
    if not found:
        raise UserError(f"{source}: expected {shown}, packed in {archive} or unpacked, found none")


def has_corpus_files(source: Path, archive: str, pattern: re.Pattern[str]) -> bool:
    """Whether `corpus_files` would find a file; a damaged archive holds none."""
    if (source / archive).is_file():
        return zip_has(source / archive, pattern)
    return any(path.is_file() and pattern.search(path.as_posix()) for path in source.rglob("*"))
