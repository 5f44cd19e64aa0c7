"""A stand-in for a bucket: Google's storage in this process's memory, as far as epath and Orbax use it here."""

import importlib.machinery
import sys
import types

import fsspec
import pytest
from etils.epath import backend
from fsspec.implementations.memory import MemoryFileSystem

from space_jax.remote import as_path
from space_jax.training import checkpoint


class Bucket(MemoryFileSystem):
    """Google's storage as far as epath uses it."""

    protocol = ("gs", "gcs")
    store = {}
    pseudo_dirs = [""]

    @classmethod
    def _strip_protocol(cls, path):
        return MemoryFileSystem._strip_protocol(str(path).removeprefix("gs:/").replace("//", "/"))


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    """An empty bucket with its client, and an empty cache on this machine."""
    client = types.ModuleType("gcsfs")
    client.__spec__ = importlib.machinery.ModuleSpec("gcsfs", None)
    monkeypatch.setitem(sys.modules, "gcsfs", client)
    fsspec.register_implementation("gcs", Bucket, clobber=True)
    Bucket.store.clear()
    Bucket.pseudo_dirs[:] = [""]
    backend.fsspec_backend._get_filesystem.cache_clear()
    monkeypatch.setenv("SPACE_JAX_CACHE", str(tmp_path / "cache"))
    yield as_path("gs://bucket")
    backend.fsspec_backend._get_filesystem.cache_clear()


@pytest.fixture
def checkpoints_of_bucket(bucket, monkeypatch, tmp_path):
    """Where Orbax finds the bucket's folders instead: its own storage layer speaks to the real service only."""
    absolute = checkpoint._absolute

    def elsewhere(directory):
        bucket_path = str(directory)
        if not bucket_path.startswith("gs://"):
            return absolute(directory)
        return tmp_path / "in the bucket" / bucket_path.removeprefix("gs://")

    monkeypatch.setattr(checkpoint, "_absolute", elsewhere)
    return tmp_path / "in the bucket"
