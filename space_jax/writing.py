"""Writing files that last: one process at a time, and one sentence where the disk refuses."""

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from space_jax.errors import UserError

LOCK = ".lock"
_SHOWN = 200  # characters of a lock's text, which anybody may have written
_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
_FULL = "No space left on device"  # also what some libraries mean by their own words
_FULL_IN_OTHER_WORDS = "RESOURCE_EXHAUSTED: Failed writing"  # TensorStore's


@contextlib.contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Keeps other processes out; the system releases the lock when its process dies, however it dies.

    The file at `path` says who holds the lock and is removed at the end; one that a killed process left locks nothing.

    Args:
      path: of the lock, a local file. Folders above it that are missing are created, and those that are empty at the
        end are removed again.
      what: the lock protects, for the message.

    Raises:
      UserError: another process holds it; the message says which, and since when.
    """
    new = [folder for folder in path.absolute().parents if not folder.exists()]
    file = _open_locked(path, what)
    try:
        os.ftruncate(file, 0)
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        os.write(file, f"process {os.getpid()} on {socket.gethostname()}, since {now}".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)
        with contextlib.suppress(OSError):  # a folder that is not empty
            for folder in new:
                folder.rmdir()


def _open_locked(path: Path, what: str) -> int:
    """The descriptor of a lock's file that this process has locked."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # whoever held the lock has just removed its folder
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, _SHOWN).decode(errors="replace")
            os.close(file)
            raise UserError(
                f"{what}: another process is writing it ({holder or 'it has only just begun'}); wait until it ends or "
                "name another folder or file"
            ) from None
        except OSError as error:  # a network's file system that has no locks
            print(f"{what}: cannot be locked ({error.strerror}); let no second command write it", file=sys.stderr)
            return file
        if _still_there(path, file):
            return file
        os.close(file)


def _still_there(path: Path, file: int) -> bool:
    """Whether a locked file is still the one of that name: whoever held the lock before may have removed it."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def new_files(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """A temporary folder for files that appear in `folder` together, when all are whole, or not at all.

    Args:
      folder: where they are to be; made if it is missing.
      names: of the files that will be written; none of them may be there.

    Raises:
      UserError: one of them is there, another process is writing there, or the disk is full.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: expected a folder to write to, found a file")
    try:
        with locked(folder / LOCK, str(folder)), writing(folder, "nothing is left of it; make room, then try again"):
            for name in names:
                if (folder / name).exists():
                    raise UserError(f"{folder / name}: exists already; name another folder, or delete it")
            filling = Path(tempfile.mkdtemp(dir=folder, prefix=".new."))
            try:
                yield filling
                for path in sorted(filling.iterdir()):
                    os.replace(path, folder / path.name)
            finally:
                shutil.rmtree(filling, ignore_errors=True)
    except BrokenPipeError:  # of what is printed meanwhile
        raise
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror})") from error


def append(path: Path, text: str) -> None:
    """Appends to a file, at once: whatever ends the process then, the text is in the file.

    Raises:
      OSError: the disk refuses; a part of the text may be in the file.
    """
    rest = text.encode()
    with path.open("ab", buffering=0) as file:  # a buffer would try again, and fail again, when it is closed
        while rest:
            rest = rest[file.write(rest) :]


@contextlib.contextmanager
def writing(what: str | os.PathLike[str], then: str) -> Iterator[None]:
    """Turns a disk's refusal, by whichever library it is told, into a user error.

    Args:
      what: is written.
      then: what is safe, and how to go on.

    Raises:
      UserError: no space left, a quota, a limit on the size of files, a read-only disk.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = refusal(error)
        if reason is None:
            raise
        raise UserError(f"{what}: cannot be written ({reason}); {then}") from error


def refusal(error: BaseException) -> str | None:
    """The reason for which the disk refused to write, in the system's words; None for an error of another kind."""
    if isinstance(error, OSError) and error.errno is not None:
        where = f": {error.filename}" if error.filename else ""
        return f"{os.strerror(error.errno)}{where}" if error.errno in _REFUSALS else None
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for inner in (*parts, error.__cause__, error.__context__):
        reason = None if inner is None else refusal(inner)
        if reason:
            return reason
    text = str(error)
    told = next((words for words in map(os.strerror, _REFUSALS) if words in text), None)
    return _FULL if told is None and _FULL_IN_OTHER_WORDS in text else told
