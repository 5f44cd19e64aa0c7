"""Fetches the files of a corpus that are public in this form, with TensorFlow Datasets' download manager.

A file is fetched into a hidden folder beside its place, its checksum is compared there, and then it is moved: files in
the corpus's folder are always whole.
"""

import contextlib
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import requests
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import checksums
from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError
from tensorflow_datasets.core.download.util import DownloadError
from tensorflow_datasets.core.units import Size

from space_jax.corpora.source_files import SAME, SourceFile, check_files, require_files
from space_jax.errors import UserError

TIMEOUT = 30  # seconds until a silent server counts as gone
Told = Callable[[SourceFile, str], None]


def download(corpus: str, out: Path, told: Told = lambda file, what: None) -> None:
    """Fetches the files of a corpus; existing ones with the right bytes stay.

    Args:
      corpus: its name in the registry.
      out: the corpus's folder; made if it is not there.
      told: called with each file and its outcome.

    Raises:
      UserError: files that nobody publishes as one file, no network, or other bytes than expected. Files that could be
        fetched are there, and the message says which others to put where.
    """
    require_files(corpus)
    wanted = []
    for file, state in check_files(corpus, out):
        if state == SAME:
            told(file, "is there")
        else:
            wanted.append(file)
    for file in wanted:
        if file.url:
            _fetch(corpus, file, file.url, out)
            told(file, "fetched")
    by_hand = [file for file in wanted if not file.url]
    if by_hand:
        raise UserError(
            f"corpus {corpus}: {_names(by_hand)} cannot be fetched, because the original is not one file with these "
            f"bytes; put what docs/corpora.md says into {out}"
        )


def _fetch(corpus: str, file: SourceFile, url: str, out: Path) -> None:
    target = out / file.path
    with _hidden_folder(target) as folder, _quiet():
        manager = tfds.download.DownloadManager(
            download_dir=folder,
            url_infos={url: checksums.UrlInfo(Size(file.size), file.sha256, target.name)},
            force_checksums_validation=True,
        )
        try:
            # Without a network the download manager tries for minutes; one request finds out at once.
            requests.head(url, allow_redirects=True, timeout=TIMEOUT).raise_for_status()
            fetched = Path(manager.download(url))
        except NonMatchingChecksumError as error:
            raise UserError(
                f"corpus {corpus}: {url} has other bytes than expected (SHA-256 {file.sha256}), so {file.path} was not "
                "written; try again, or check whether the file was changed there"
            ) from error
        except (OSError, requests.RequestException, DownloadError) as error:
            raise UserError(
                f"corpus {corpus}: {url} cannot be fetched ({_short(error)}); put the file into {out} as {file.path}"
            ) from error
        os.replace(fetched, target)


@contextlib.contextmanager
def _hidden_folder(target: Path) -> Iterator[Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.with_name(f".{target.name}.{os.getpid()}.fetching")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences the log lines of a library whose failures are reported here, and progress bars in a file."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    tfds.display_progress_bar(sys.stderr.isatty())
    try:
        yield
    finally:
        logging.disable(before)


def _names(files: list[SourceFile]) -> str:
    return ", ".join(file.path for file in files)


def _short(error: Exception) -> str:
    """The last cause, which says what is wrong."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return f"{type(error).__name__}: {error}"[:160]
