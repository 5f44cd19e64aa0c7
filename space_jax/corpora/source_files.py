"""The files of a corpus: their checksums and addresses.

`source_files.json` lists them for each corpus. The checksums are those of the files behind every figure of this
project; other releases of a corpus may also load, but were not counted. A file has a URL if the public original is one
file, byte for byte, at a fixed commit. Other corpora are whole folders of a repository packed into one archive, or
parts of releases: they have no URL, and users put them in place by hand.
"""

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.errors import UserError
from space_jax.reading.json_text import shipped_json
from space_jax.reading.text import sha256

SAME, OTHER, MISSING = "same", "other bytes", "missing"


@dataclasses.dataclass(frozen=True)
class SourceFile:
    """A file of a corpus.

    Attributes:
      path: within the corpus's folder.
      sha256: of its bytes, in hex.
      size: in bytes.
      url: address of the same bytes; None where nobody publishes them.
    """

    path: str
    sha256: str
    size: int
    url: str | None = None


def source_files(corpus: str) -> tuple[SourceFile, ...]:
    """The files of a corpus; none for a generated corpus or a user's own."""
    files = _facts().get(corpus, {}).get("files", {})
    return tuple(SourceFile(path, **facts) for path, facts in files.items())


def folder_of(corpus: str) -> str:
    """The folder of a corpus under a data root, as `docs/corpora.md` lays it out."""
    return _facts().get(corpus, {}).get("folder", corpus)


def check_files(corpus: str, source: Path) -> Iterator[tuple[SourceFile, str]]:
    """Compares the files of a folder with those of the registry, one after the other.

    Args:
      corpus: its name.
      source: the folder.

    Yields:
      Each file with `SAME`, `OTHER` or `MISSING`.
    """
    for file in source_files(corpus):
        path = source / file.path
        if not path.is_file():
            yield file, MISSING
        else:
            yield file, SAME if sha256(path) == file.sha256 else OTHER


def require_files(corpus: str) -> tuple[SourceFile, ...]:
    """`source_files` of a corpus that has some.

    Raises:
      UserError: it has none.
    """
    files = source_files(corpus)
    if not files:
        raise UserError(f"corpus {corpus}: has no files of a public source to check or to fetch")
    return files


@functools.cache
def _facts() -> dict[str, Any]:
    return shipped_json(__package__, "source_files.json")
