"""Folders in a bucket (`gs://...`): named like local ones, accessed through etils' epath, copied if they must be local.

Prepared corpora are read at random, a few hundred bytes at a time, and ArrayRecord's reader supports only local files,
so they are copied once to every host. A run writes its small files locally and copies them; Orbax writes checkpoints to
the bucket itself.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from space_jax.errors import UserError

CACHE_VARIABLE = "SPACE_JAX_CACHE"
_SCHEME = "://"
_PIECE = 2**22  # bytes read at once


def is_remote(path: Any) -> bool:
    """Whether a path is in a bucket."""
    return _SCHEME in os.fspath(path)


def as_path(path: str | os.PathLike[str]) -> Path:
    """A `pathlib.Path`, or for a bucket an epath, which has the same methods.

    Raises:
      UserError: a bucket of Google's, and neither gcsfs nor TensorFlow is installed, the clients that epath knows.
    """
    if not is_remote(path):
        return Path(path)
    if os.fspath(path).startswith("gs:") and not any(map(importlib.util.find_spec, ("gcsfs", "tensorflow"))):
        raise UserError(f"{path}: needs gcsfs; install it with pip install 'space-jax[gcs]'")
    from etils import epath

    return cast(Path, epath.Path(path))


def cache_folder(kind: str, *identity: str) -> Path:
    """The local folder for a remote one: below `SPACE_JAX_CACHE` if set, else below the user's cache folder.

    Args:
      kind: "corpora" or "runs".
      identity: strings that identify the remote folder.
    """
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "space_jax"
    name = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
    return Path(os.environ.get(CACHE_VARIABLE) or user) / kind / name


def local_copy(remote: str, description: str) -> Path:
    """Copies a remote folder to this machine, unless it was copied before.

    Of several processes of a host one copies, while the others wait. An interrupted copy resumes where it stopped: each
    file is written under a temporary name, its size is compared, and it is renamed.

    Args:
      remote: the folder.
      description: the file that identifies the content. It is copied last, so a copy that has it is complete.

    Raises:
      UserError: the folder does not exist, access is denied, or a file arrived incomplete.
    """
    source = as_path(remote)
    with reaching(remote):
        target = cache_folder("corpora", remote.rstrip("/"), (source / description).read_text())
        if not (target / description).is_file():
            with _alone(target, remote):
                _copy(source, target, description)
    return target


def _copy(source: Path, target: Path, description: str) -> None:
    if (target / description).is_file():  # another process has copied it meanwhile
        return
    names = [name for name in files_below(source) if name != description]
    for name in (*names, description):
        fetch_file(source / name, target / name)


@contextmanager
def _alone(target: Path, remote: str) -> Iterator[None]:
    """Waits until no other process copies to a folder. The system releases the lock of a process that dies."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f".{target.name}.lock").open("w") as lock:  # stays: whoever waits for it has it open
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{remote}: waits for another process, which copies it to this machine", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:  # a network's file system that has no locks: each copies, which is slower and as right
            pass
        yield


def files_below(folder: Path) -> Iterator[str]:
    """The files of a folder and its subfolders, sorted, as relative paths with `/`."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from (f"{entry.name}/{inner}" for inner in files_below(entry))
        else:
            yield entry.name


def fetch_file(source: Path, target: Path) -> None:
    """Copies one remote file, completely or not at all; skipped if a copy of the full size exists.

    Raises:
      UserError: the copy has another size.
    """
    size = source.stat().length  # type: ignore[attr-defined]  # epath's stat has names of its own
    if target.is_file() and target.stat().st_size == size:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with source.open("rb") as reading, temporary.open("wb") as writing:
            shutil.copyfileobj(reading, writing, _PIECE)
        arrived = temporary.stat().st_size
        if arrived != size:
            raise UserError(f"{source}: {arrived} of {size} bytes arrived; the same command tries again")
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def reaching(remote: str | os.PathLike[str]) -> Iterator[None]:
    """Turns the exceptions of a bucket's client into user errors.

    Raises:
      UserError: the path does not exist, access is denied, or whatever else the client says.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # each client has its own errors
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise UserError(f"{remote}: cannot be reached ({reason})") from error
