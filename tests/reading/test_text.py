"""Text in UTF-8: marks, other encodings, lines."""

import hashlib

import pytest

from space_jax.errors import UserError
from space_jax.reading.text import decoded, lines, opened, read_bytes, read_text, sha256


def test_a_byte_order_mark_is_dropped_and_other_encodings_are_named(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf[PAD]\r\n")
    assert read_text(tmp_path / "a") == "[PAD]\r\n"
    for content, message in (
        (b"a\nb\xff\n", "f:2: expected UTF-8, found the byte 0xff"),
        ("é".encode("latin-1"), "f:1: expected UTF-8, found the byte 0xe9"),
        ("é".encode("utf-16"), "f:1: expected UTF-8, found UTF-16; save the file in UTF-8"),
        ("é".encode("utf-32"), "f:1: expected UTF-8, found UTF-32"),
    ):
        with pytest.raises(UserError, match=message):
            decoded(content, "f")


def test_lines():
    assert lines("a\u2028b\r\nc\x85\n".encode(), "f") == ["a\u2028b", "c\x85"]
    assert lines(b"", "f") == []
    assert lines(b"\n", "f") == [""]


def test_files_that_cannot_be_read(tmp_path):
    for path, reason in ((tmp_path, "directory"), (tmp_path / "none", "No such file")):
        with pytest.raises(UserError, match=rf"cannot be read \(.*{reason}"):
            read_bytes(path)
        with pytest.raises(UserError, match=rf"cannot be read \(.*{reason}"), opened(path):
            pass


def test_checksums(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    assert sha256(tmp_path / "a") == hashlib.sha256(b"x" * 3_000_000).hexdigest()
