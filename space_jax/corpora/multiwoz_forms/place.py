"""Where a release lies: the files of a folder, or of a zip archive as it was downloaded."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from space_jax.errors import UserError
from space_jax.reading.archives import zip_members, zip_names
from space_jax.reading.text import read_bytes

DEEPEST = 4
"""Folders in one another in which a release is looked for; a clone of the original repository has two."""


@dataclasses.dataclass(frozen=True)
class Place:
    """The files of a folder or an archive.

    Attributes:
      path: of the folder or the archive.
      names: of its files, with "/" between folders, sorted; hidden ones and those of macOS are left out.
    """

    path: Path
    names: tuple[str, ...]

    def read(self, name: str) -> tuple[str, bytes]:
        """Where a file is, for messages, and its content.

        Raises:
          UserError: it cannot be read.
        """
        if self.path.is_dir():
            return str(self.path / name), read_bytes(self.path / name)
        for found in zip_members(self.path, re.compile(rf"\A{re.escape(name)}\Z")):
            return found
        raise UserError(f"{self.path}: expected {name} in it, found no such file")

    def first(self, *names: str) -> str | None:
        """The first of these names that is there."""
        return next((name for name in names if name in self.names), None)


def places(source: Path) -> Iterator[list[Place]]:
    """Where a release may lie in a source: in the folder, else in the archives in the folder; or in the archive itself.

    Raises:
      UserError: a damaged archive.
    """
    if source.is_dir():
        yield [Place(source, tuple(sorted(_names(source, "", DEEPEST))))]
        yield list(map(_packed, sorted(source.glob("*.zip"))))
    elif source.suffix.lower() == ".zip":
        yield [_packed(source)]


def _packed(archive: Path) -> Place:
    return Place(
        archive, tuple(name for name in zip_names(archive) if not any(map(_hidden, PurePosixPath(name).parts)))
    )


def _names(folder: Path, before: str, depth: int) -> Iterator[str]:
    for path in folder.iterdir():
        if _hidden(path.name):
            continue
        if path.is_file():
            yield f"{before}{path.name}"
        elif depth and path.is_dir():
            yield from _names(path, f"{before}{path.name}/", depth - 1)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
