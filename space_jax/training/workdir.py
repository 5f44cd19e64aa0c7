"""The workdir of a run, possibly in a bucket: checkpoints go there directly, small files by way of a local folder."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import jax

from space_jax.config_files import CONFIG_FILE
from space_jax.errors import UserError
from space_jax.reading.text import read_bytes
from space_jax.remote import as_path, cache_folder, fetch_file, files_below, is_remote, reaching
from space_jax.training.processes import Exchange
from space_jax.writing import LOCK, locked, writing

CHECKPOINTS, TOKENIZER, METRICS = "checkpoints", "tokenizer", "metrics.jsonl"  # names in a workdir


class Workdir:
    """The workdir of a run.

    Attributes:
      folder: the folder as the user named it.
      local: the local folder for small files; `folder` itself unless that is remote.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.folder = as_path(path)
        self._remote = is_remote(path)
        self.local = cache_folder("runs", os.fspath(path).rstrip("/")) if self._remote else Path(path)
        self._published: dict[str, tuple[int, int]] = {}

    @property
    def checkpoints(self) -> Path:
        """The folder that Orbax writes to."""
        return self.folder / CHECKPOINTS

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other runs out of the workdir; the processes of one run hold it together, and each must call this.

        A workdir in a bucket is locked for the first process's machine and user only, by its local folder.

        Raises:
          UserError: another run holds it, or a disk that it is on is full or read-only.
        """
        refused: UserError | None = None
        then = "what is finished is kept: make room, then the same command continues"
        with writing(self.folder, then), ExitStack() as lock:
            if jax.process_index() == 0:
                beside = self.local.with_name(f".{self.local.name}{LOCK}")  # since `fetch` removes the folder itself
                try:
                    lock.enter_context(locked(beside if self._remote else self.local / LOCK, str(self.folder)))
                except UserError as error:
                    refused = error
            if Exchange([refused is not None]).read().any():
                raise refused or UserError(f"{self.folder}: another run is writing it, as process 0 says")
            yield

    def fetch(self) -> None:
        """Fetches the files that a resumed run appends to; local files left by another run are removed.

        Raises:
          UserError: the folder cannot be reached.
        """
        if not self._remote or jax.process_index():
            return
        with reaching(self.folder):
            shutil.rmtree(self.local, ignore_errors=True)  # else `publish` would put it over what is newer there
            for name in (METRICS, CONFIG_FILE):
                if (self.folder / name).exists():
                    fetch_file(self.folder / name, self.local / name)

    def publish(self) -> None:
        """Copies the small files that changed since the last call; an object in a bucket appears atomically.

        Raises:
          UserError: the folder cannot be reached.
        """
        if not self._remote or jax.process_index():
            return
        with reaching(self.folder):
            for name in files_below(self.local):
                stat = (self.local / name).stat()
                if self._published.get(name) != (stat.st_mtime_ns, stat.st_size):
                    target = self.folder / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(read_bytes(self.local / name))
                    self._published[name] = (stat.st_mtime_ns, stat.st_size)
