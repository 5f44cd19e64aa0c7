"""zip, tar and gzip: damage of every kind, sizes and paths."""

import gzip
import io
import re
import struct
import tarfile
import zipfile

import pytest

from space_jax.errors import UserError
from space_jax.reading import archives, text
from space_jax.reading.archives import gunzipped, gzipped, packed_lines, tar_members, zip_has, zip_members, zip_names

ANY = re.compile("")
CONTENT = b"".join(b"line %d of a member that can be packed\n" % n for n in range(400))
METHODS = {"stored": zipfile.ZIP_STORED, "deflate": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "lzma": 14}


def zip_of(path, name="a.txt", method=zipfile.ZIP_DEFLATED, content=CONTENT):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_members_of_every_method_and_damage_in_them(tmp_path, method):
    path = zip_of(tmp_path / "x.zip", method=method)
    assert list(zip_members(path, ANY)) == [(f"{path}/a.txt", CONTENT)]
    assert zip_names(path) == ["a.txt"]
    content = bytearray(path.read_bytes())
    begin = 30 + len("a.txt") + 20
    for place in range(begin, begin + 24):
        content[place] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(UserError, match=r"x\.zip/a\.txt: expected a member of a zip archive, found a damaged one"):
        list(zip_members(path, ANY))


def test_archives_that_are_none_cut_off_or_missing(tmp_path):
    path = zip_of(tmp_path / "x.zip")
    whole = path.read_bytes()
    for content in (b"", b"PK", whole[:-30], b"not a zip archive"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"x\.zip: expected a zip archive, found a damaged one"):
            list(zip_members(path, ANY))
        assert not zip_has(path, ANY)
    path.write_bytes(whole)
    assert zip_has(path, re.compile("a"))
    assert not zip_has(path, re.compile("b"))


def test_encrypted_members_and_unknown_methods(tmp_path):
    path = zip_of(tmp_path / "x.zip")
    content = path.read_bytes()
    encrypted, unknown = bytearray(content), bytearray(content)
    central = content.index(b"PK\x01\x02")
    for place in (6, central + 8):
        encrypted[place] |= 1
    for place in (8, central + 10):
        struct.pack_into("<H", unknown, place, 97)
    for changed, reason in ((encrypted, "encrypted"), (unknown, "compression")):
        path.write_bytes(bytes(changed))
        with pytest.raises(UserError, match=rf"x\.zip/a\.txt: expected a member of a zip archive, .*{reason}"):
            list(zip_members(path, ANY))


@pytest.mark.parametrize("name", ["../a.txt", "b/../../a.txt", "/etc/a.txt", "C:\\a.txt", "..\\a.txt"])
def test_paths_that_leave_the_archive(tmp_path, name):
    with pytest.raises(UserError, match="expected members inside of the archive, found the path"):
        list(zip_members(zip_of(tmp_path / "x.zip", name), ANY))
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        member = tarfile.TarInfo(name)
        archive.addfile(member, io.BytesIO())
    with pytest.raises(UserError, match="expected members inside of the archive, found the path"):
        list(tar_members(tmp_path / "x.tar", ANY))


def test_what_unpacks_to_more_than_the_stated_size(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_MEMBER", 1000)
    path = zip_of(tmp_path / "x.zip")
    with pytest.raises(UserError, match=r"x\.zip/a\.txt: expected at most 1,000 bytes once unpacked, found more"):
        list(zip_members(path, ANY))
    with pytest.raises(UserError, match="f: expected at most 1,000 bytes once unpacked"):
        gunzipped(gzipped(CONTENT), "f")
    with tarfile.open(tmp_path / "x.tar.xz", "w:xz") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = len(CONTENT)
        archive.addfile(member, io.BytesIO(CONTENT))
    with pytest.raises(UserError, match=r"x\.tar\.xz/a\.txt: expected at most 1,000 bytes"):
        list(tar_members(tmp_path / "x.tar.xz", ANY))


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
def test_tar_archives_and_damage_in_them(tmp_path, packing):
    path = tmp_path / "x.tar"
    with tarfile.open(path, f"w:{packing}") as archive:
        for name in ("b.txt", "a.txt", "c.json"):
            member = tarfile.TarInfo(name)
            member.size = len(CONTENT)
            archive.addfile(member, io.BytesIO(CONTENT))
    assert list(tar_members(path, re.compile("txt$"))) == [(f"{path}/b.txt", CONTENT), (f"{path}/a.txt", CONTENT)]
    whole = path.read_bytes()
    for content in (b"", b"no archive", whole[:5], whole[:12], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"x\.tar: expected a tar archive, found a damaged one"):
            list(tar_members(path, ANY))


def test_gzip():
    assert gunzipped(b"plain", "f") == b"plain"
    assert gunzipped(gzipped(CONTENT), "f") == CONTENT
    assert gzipped(CONTENT) == gzipped(CONTENT)
    flipped = bytearray(gzipped(CONTENT))
    flipped[len(flipped) // 2] ^= 0xFF
    for damaged in (gzipped(CONTENT)[:-9], b"\x1f\x8b\x08 damaged", b"\x1f\x8b", bytes(flipped)):
        with pytest.raises(UserError, match="f: expected a gzip file, found a damaged one"):
            gunzipped(damaged, "f")


def test_packed_lines(tmp_path, monkeypatch):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"\xef\xbb\xbfa\n\n  \nb"))
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfa\n\n  \nb")
    for name in ("a", "a.gz"):
        assert list(packed_lines(tmp_path / name)) == [(1, b"a\n"), (4, b"b")]
    (tmp_path / "a.gz").write_bytes(gzip.compress(CONTENT)[:-4])
    with pytest.raises(UserError, match=r"a\.gz: expected a complete gzip file, found a damaged one"):
        list(packed_lines(tmp_path / "a.gz"))
    monkeypatch.setattr(text, "LONGEST_LINE", 10)
    (tmp_path / "a").write_bytes(b"short\n" + b"x" * 11)
    with pytest.raises(UserError, match=r"a:2: expected lines of at most 10 bytes, found a longer one"):
        list(packed_lines(tmp_path / "a"))
    with pytest.raises(UserError, match=r"none: cannot be read \(No such file"):
        list(packed_lines(tmp_path / "none"))
