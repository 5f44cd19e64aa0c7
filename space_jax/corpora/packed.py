"""A corpus that lies whole in one archive, or unpacked in a folder: its files in the order of their names."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.reading import members
from space_jax.errors import UserError


def packed(source: Path, archive: str, pattern: re.Pattern[str], shown: str) -> Iterator[tuple[str, bytes]]:
    """The files of a corpus whose path has the pattern.

    Args:
      source: the folder that holds the archive, or its unpacked files at any depth; the archive goes before.
      archive: its file name.
      pattern: searched in the path of a file, with "/" between folders.
      shown: the names that are meant, for messages.

    Yields:
      Where a file lies and its content, in the order of the names; one is in memory at a time.

    Raises:
      UserError: no such file, or a damaged archive.
    """
    found = False
    if (source / archive).is_file():
        for where, content in members(source / archive, pattern):
            found = True
            yield where, content
    else:
        for path in sorted(path for path in source.rglob("*") if path.is_file() and pattern.search(path.as_posix())):
            found = True
            yield str(path), path.read_bytes()
    if not found:
        raise UserError(f"{source}: expected {shown}, packed in {archive} or unpacked, found none")


def has(source: Path, archive: str, pattern: re.Pattern[str]) -> bool:
    """Whether `packed` would find a file; a damaged archive holds none."""
    if (source / archive).is_file():
        try:
            with zipfile.ZipFile(source / archive) as opened:
                return any(pattern.search(name) for name in opened.namelist())
        except zipfile.BadZipFile:
            return False
    return any(path.is_file() and pattern.search(path.as_posix()) for path in source.rglob("*"))
