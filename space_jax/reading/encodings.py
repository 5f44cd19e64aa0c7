"""Text whose encoding nobody states, as spreadsheets and chat programs write it."""

import codecs

from space_jax.errors import UserError
from space_jax.printable import shown

_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_LOOKED_AT = 2000  # bytes, for the NUL bytes that UTF-16 puts beside every Latin letter
UTF8 = "UTF-8"
WINDOWS = "Windows-1252"


def guessed_text(content: bytes, where: str, encoding: str = "") -> tuple[str, str]:
    """The text of a file, and the name of its encoding.

    Without `encoding` it is that of the byte order mark, else UTF-16 where every other byte is NUL, else UTF-8 if the
    bytes are that, else Windows-1252, in which almost any bytes are some text.

    Args:
      content: of the file.
      where: begins the messages.
      encoding: a name that Python knows, such as "cp1251"; "" to guess.

    Raises:
      UserError: no such encoding, or bytes that are no text in it; with the line.
    """
    for mark, name, known in _MARKS:
        if content.startswith(mark) and not encoding:
            return _decoded(content[len(mark) :], name, known, where), known
    if encoding:
        return _decoded(content, encoding, encoding, where).removeprefix("\ufeff"), encoding
    wide = _wide(content[:_LOOKED_AT])
    if wide:
        return _decoded(content, wide, "UTF-16", where), "UTF-16"
    try:
        return content.decode("utf-8"), UTF8
    except UnicodeDecodeError:
        return _decoded(content, "cp1252", f"{UTF8}, UTF-16 or {WINDOWS}", where), WINDOWS


def _wide(beginning: bytes) -> str:
    """UTF-16 without a mark, by the places of its NUL bytes; "" for another encoding."""
    first, second = beginning[0::2], beginning[1::2]
    if len(second) < 4:
        return ""
    for name, letters, nuls in (("utf-16-le", first, second), ("utf-16-be", second, first)):
        if nuls.count(0) > 0.6 * len(nuls) and letters.count(0) < 0.1 * len(letters):
            return name
    return ""


def _decoded(content: bytes, encoding: str, expected: str, where: str) -> str:
    try:
        text = content.decode(encoding)
        text.encode()  # some encodings have halves of surrogate pairs, which no file of ours can hold
        return text
    except LookupError:
        raise UserError(f"--encoding: {shown(encoding)} is no encoding that Python knows") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02x}" if error.start < len(content) else "its end"
        raise UserError(f"{where}:{line}: expected {expected}, found {found}; --encoding names another") from None
    except ValueError:
        raise UserError(f"{where}: expected {expected}, found something else; --encoding names another") from None
