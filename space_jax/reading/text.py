"""Bytes of files, and text in UTF-8."""

import codecs
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from space_jax.errors import UserError

LONGEST_LINE = 2**26
"""Bytes of a line; what is longer is no file of lines."""


class Lines(Protocol):
    """A stream of bytes."""

    def readline(self, size: int = -1, /) -> bytes:
        """The next line, or as much of it."""


_PIECE = 2**20  # bytes read at once
_OTHERS = (  # the longer marks first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
      UserError: it cannot be read; with the reason.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file to be read as a stream.

    Raises:
      UserError: it cannot be read; with the reason.
    """
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, see `decoded`.

    Raises:
      UserError: it cannot be read, or has another encoding.
    """
    return decoded(read_bytes(path), str(path))


def decoded(content: bytes, where: str) -> str:
    """UTF-8 text; a byte order mark at its beginning is dropped.

    Raises:
      UserError: another encoding, with the line.
    """
    refuse_other_marks(content, f"{where}:1")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{where}:{line}: expected UTF-8, found the byte 0x{content[error.start]:02x}") from None


def refuse_other_marks(beginning: bytes, where: str) -> None:
    """Refuses a text that begins with the mark of another encoding; `where` begins the message.

    Raises:
      UserError: UTF-16 or UTF-32.
    """
    for mark, encoding in _OTHERS:
        if beginning.startswith(mark):
            raise UserError(f"{where}: expected UTF-8, found {encoding}; save the file in UTF-8")


def lines(content: bytes, where: str) -> list[str]:
    """The lines of a text; characters that only Python treats as line ends are kept.

    Raises:
      UserError: an encoding other than UTF-8.
    """
    text = decoded(content, where)
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def numbered_lines(file: Lines, where: str) -> Iterator[tuple[int, bytes]]:
    """The lines of a stream that are not blank, numbered from 1; a byte order mark at its beginning is dropped.

    Raises:
      UserError: a line above `LONGEST_LINE`.
    """
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise UserError(f"{where}:{number}: expected lines of at most {LONGEST_LINE:,} bytes, found a longer one")
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if line.strip():
            yield number, line


def sha256(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits; the file is read piece by piece."""
    digest = hashlib.sha256()
    with opened(path) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
