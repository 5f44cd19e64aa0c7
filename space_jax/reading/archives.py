"""zip, tar and gzip: one member at a time, never more than a stated size, and nothing is unpacked to the disk."""

import contextlib
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.text import numbered_lines, opened, read_bytes

LARGEST_MEMBER = 2**30
"""Bytes of a member once it is unpacked; a few kilobytes can be packed that unpack to more than a memory."""

_GZIP = b"\x1f\x8b"
# What the modules raise for damage: OSError of bzip2 and gzip; RuntimeError of encryption and unknown methods;
# ValueError of offsets, sizes and names; struct.error and TypeError of headers that are cut off; MemoryError of LZMA,
# which believes what its header says.
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    OverflowError,
    MemoryError,
)


def zip_members(archive: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """The members of a zip archive whose path has the pattern, in the order of their names.

    Yields:
      The place of each and its content; one is in memory at a time.

    Raises:
      UserError: a damaged or encrypted archive or member, one that unpacks to more than `LARGEST_MEMBER`, or one whose
        path leaves the archive.
    """
    with _naming(archive, "zip archive"), zipfile.ZipFile(archive) as opened:
        for name in sorted(set(filter(pattern.search, opened.namelist()))):
            where = _place(archive, name)
            with _naming(where, "member of a zip archive"), opened.open(name) as member:
                content = _bounded(member, where)
            yield where, content


def zip_names(archive: Path) -> list[str]:
    """The paths of the members of a zip archive, sorted.

    Raises:
      UserError: a damaged archive.
    """
    with _naming(archive, "zip archive"), zipfile.ZipFile(archive) as opened:
        return sorted(set(opened.namelist()))


def zip_has(archive: Path, pattern: re.Pattern[str]) -> bool:
    """Whether a zip archive has a member whose path has the pattern; a damaged one has none."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return any(pattern.search(name) for name in opened.namelist())
    except _DAMAGE:
        return False


def tar_members(archive: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """The files of a tar archive, packed in any way, whose path has the pattern; in the order of the archive.

    Raises:
      UserError: see `zip_members`.
    """
    with _naming(archive, "tar archive"), tarfile.open(archive, "r|*") as opened:
        for member in opened:
            if member.isfile() and pattern.search(member.name):
                where = _place(archive, member.name)
                file = opened.extractfile(member)
                assert file is not None, "it is a file"
                yield where, _bounded(file, where)


def gunzipped(content: bytes, where: str) -> bytes:
    """The content of a file that may be packed with gzip.

    Raises:
      UserError: damaged, or it unpacks to more than `LARGEST_MEMBER`.
    """
    if not content.startswith(_GZIP):
        return content
    with _naming(where, "gzip file"), gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        return _bounded(file, where)


def read_gunzipped(path: Path) -> bytes:
    """The content of a file that may be packed with gzip, see `gunzipped`."""
    return gunzipped(read_bytes(path), str(path))


def packed_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """`numbered_lines` of a file, unpacked if its name ends in `.gz`.

    Raises:
      UserError: it cannot be read, is damaged, or has a line above `LONGEST_LINE`.
    """
    if path.suffix == ".gz":
        with _naming(path, "complete gzip file"), gzip.open(path, "rb") as packed:
            yield from numbered_lines(packed, str(path))
    else:
        with opened(path) as file:
            yield from numbered_lines(file, str(path))


def gzip_writer(file: IO[bytes]) -> gzip.GzipFile:
    """Packs what is written to it; without name and time two writes of the same content give the same bytes."""
    return gzip.GzipFile("", "wb", fileobj=file, mtime=0)


def gzipped(content: bytes) -> bytes:
    """A content packed with gzip; the same content gives the same bytes."""
    return gzip.compress(content, mtime=0)


@contextlib.contextmanager
def _naming(where: Path | str, kind: str) -> Iterator[None]:
    """Turns what the modules raise for damage into an error with the place."""
    try:
        yield
    except _DAMAGE as error:
        raise UserError(
            f"{where}: expected a {kind}, found a damaged one ({str(error) or type(error).__name__})"
        ) from None


def _place(archive: Path, name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise UserError(f"{archive}: expected members inside of the archive, found the path {shown(name)}")
    return f"{archive}/{name}"


def _bounded(file: IO[bytes] | gzip.GzipFile, where: str) -> bytes:
    content = file.read(LARGEST_MEMBER + 1)
    if len(content) > LARGEST_MEMBER:
        raise UserError(f"{where}: expected at most {LARGEST_MEMBER:,} bytes once unpacked, found more")
    return content
