"""Encodings that nobody states: by the mark, by NUL bytes, by what the bytes can be."""

import pytest

from space_jax.errors import UserError
from space_jax.reading.encodings import guessed_text

TEXT = "Wann öffnen Sie?\nbald"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with a byte order mark"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_the_encoding_is_guessed(encoding, name):
    assert guessed_text(TEXT.encode(encoding), "f") == (TEXT, name)
    assert guessed_text(TEXT.encode(encoding), "f", encoding) == (TEXT, encoding)


@pytest.mark.parametrize("content", [b"", b"a", b"a\0", b"ab\0\0cd", "é漢😀".encode()])
def test_short_and_odd_texts_are_utf_8(content):
    assert guessed_text(content, "f") == (content.decode(), "UTF-8")


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (
            b"a\n\x81",
            "",
            r"^f:2: expected UTF-8, UTF-16 or Windows-1252, found the byte 0x81; --encoding",
        ),
        (b"\xff\xfea\0b", "", r"^f:1: expected UTF-16, found"),
        (b"\xe9", "utf-8", r"^f:1: expected utf-8, found the byte 0xe9"),
        (b"\\ud800", "unicode_escape", r"^f: expected unicode_escape"),
        (b"a", "hex", r"^--encoding: 'hex' is no encoding"),
        (b"a", "none", r"^--encoding: 'none' is no encoding"),
    ],
)
def test_bytes_that_are_no_text_are_an_error(content, encoding, message):
    with pytest.raises(UserError, match=message):
        guessed_text(content, "f", encoding)
