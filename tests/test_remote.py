"""Folders in a bucket, with a stand-in for its client: corpora are copied once, the small files of a run go there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from space_jax.errors import UserError
from space_jax.features.prepared_corpus import open_prepared
from space_jax.remote import as_path, files_below, is_remote, local_copy
from space_jax.training import checkpoint
from space_jax.training.workdir import Workdir


def upload(folder, remote):
    for name in files_below(folder):
        (remote / name).parent.mkdir(parents=True, exist_ok=True)
        (remote / name).write_bytes((folder / name).read_bytes())


def test_paths_of_both_kinds(bucket, tmp_path):
    assert is_remote("gs://bucket/a")
    assert not is_remote(tmp_path)
    assert str(as_path("gs://bucket/a") / "b") == "gs://bucket/a/b"
    assert as_path(tmp_path) == tmp_path


def test_a_folder_is_copied_once_and_a_cut_copy_goes_on(bucket, tmp_path):
    (tmp_path / "made" / "deep").mkdir(parents=True)
    for name, content in (("corpus.json", "{}"), ("deep/a", "one"), ("deep/b", "two")):
        (tmp_path / "made" / name).write_text(content)
    upload(tmp_path / "made", bucket / "corpus")
    local = local_copy("gs://bucket/corpus", "corpus.json")
    assert list(files_below(local)) == ["corpus.json", "deep/a", "deep/b"]
    (local / "corpus.json").unlink()
    (local / "deep" / "b").write_text("t")  # what a copy that was killed might have left under its final name
    assert local_copy("gs://bucket/corpus", "corpus.json") == local
    assert (local / "deep" / "b").read_text() == "two"
    (bucket / "corpus" / "corpus.json").write_text('{"built": "again"}')
    assert local_copy("gs://bucket/corpus", "corpus.json") != local


COPYING = """
import sys, time
from etils import epath
from space_jax import remote

fetch = remote.fetch_file

def slowly(source, target):
    print(source.name, flush=True)
    time.sleep(0.2)
    fetch(source, target)

remote.as_path, remote.fetch_file = lambda path: epath.Path(sys.argv[1]), slowly
print(remote.local_copy("gs://bucket/corpus", "corpus.json") / "data", flush=True)
"""


def test_one_process_of_a_host_copies_and_the_others_wait(tmp_path):
    """The bucket is a local folder."""
    (tmp_path / "bucket").mkdir()
    for name in ("corpus.json", "data", "more"):
        (tmp_path / "bucket" / name).write_text(name)
    environment = {**os.environ, "SPACE_JAX_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(Path.cwd())}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", COPYING, str(tmp_path / "bucket")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    told = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], told
    lines = [line for out, _ in told for line in out.split()]
    copies = [line for line in lines if not line.startswith("/")]
    assert sorted(copies) == ["corpus.json", "data", "more"]  # each once
    assert {Path(line).read_text() for line in lines if line.startswith("/")} == {"data"}


def test_a_file_that_arrives_short_is_refused(bucket, monkeypatch):
    for name in ("corpus.json", "data"):
        (bucket / "corpus" / name).write_text("content")
    monkeypatch.setattr("space_jax.remote.shutil.copyfileobj", lambda reading, writing, _: writing.write(b"con"))
    with pytest.raises(UserError, match=r"gs://bucket/corpus/data: 3 of 7 bytes arrived"):
        local_copy("gs://bucket/corpus", "corpus.json")


def test_what_is_not_there_is_said_in_a_sentence(bucket):
    with pytest.raises(UserError, match=r"gs://bucket/none: cannot be reached \(FileNotFoundError"):
        open_prepared("gs://bucket/none")


def test_the_small_files_of_a_run_are_published_and_fetched(bucket, monkeypatch, tmp_path):
    place = Workdir("gs://bucket/run")
    assert str(place.checkpoints) == "gs://bucket/run/checkpoints"
    place.fetch()  # nothing there yet
    place.local.mkdir(parents=True)
    (place.local / "metrics.jsonl").write_text("1\n")
    place.publish()
    assert (bucket / "run" / "metrics.jsonl").read_text() == "1\n"
    (place.local / "metrics.jsonl").write_text("1\n22\n")
    place.publish()
    monkeypatch.setenv("SPACE_JAX_CACHE", str(tmp_path / "another machine"))
    other = Workdir("gs://bucket/run")
    other.fetch()
    assert (other.local / "metrics.jsonl").read_text() == "1\n22\n"


def test_what_another_machine_wrote_since_is_not_overwritten(bucket):
    first = Workdir("gs://bucket/run")
    first.fetch()
    first.local.mkdir(parents=True)
    (first.local / "support.npz").write_text("old")
    first.publish()
    (bucket / "run" / "support.npz").write_text("newer")
    again = Workdir("gs://bucket/run")
    again.fetch()
    again.local.mkdir(parents=True)
    (again.local / "config.json").write_text("{}")
    again.publish()
    assert (bucket / "run" / "support.npz").read_text() == "newer"


def test_orbax_gets_whole_paths_of_both_kinds(bucket, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(checkpoint._absolute("gs://bucket/run/checkpoints")) == "gs://bucket/run/checkpoints"
    assert checkpoint._absolute(Path("run")) == tmp_path / "run"


def test_a_local_workdir_is_used_as_it_is(tmp_path):
    place = Workdir(tmp_path / "run")
    place.fetch()
    place.publish()
    assert place.local == place.folder == tmp_path / "run"
    assert not place.local.exists()
