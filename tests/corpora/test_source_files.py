"""The files of a corpus: their checksums, and fetching them from a server that is sometimes wrong or not there."""

import functools
import hashlib
import http.server
import os
import threading

import pytest

from space_jax.cli import main
from space_jax.corpora import source_files as facts
from space_jax.corpora.registry import CORPORA
from space_jax.corpora.source_files import SAME, check_files, folder_of, source_files
from space_jax.reading.text import sha256

WITHOUT_FILES = {"simulated", "jsonl", "sparc", "cosql"}
TEXT = b"what one says\n"


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    """A folder and the address that serves it."""
    folder = tmp_path / "served"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def registered(monkeypatch):
    """Says what the files of WOZ 2.0 are: (path, bytes, URL) each."""

    def register(*files):
        told = {
            path: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "url": url}
            for path, content, url in files
        }
        monkeypatch.setattr(facts, "_facts", lambda: {"woz2": {"folder": "woz2", "files": told}})

    return register


def fetch(out, capsys):
    code = main(["data", "download", "woz2", "--out", str(out)])
    said = capsys.readouterr()
    return code, said.out, said.err


def everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_every_corpus_of_files_has_checksums_and_https():
    assert {name for name in CORPORA if not CORPORA[name].files} == WITHOUT_FILES
    for name in CORPORA:
        for file in CORPORA[name].files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.size > 0
            if file.url:
                # A commit is a fixed state; a branch is not.
                assert file.url.startswith("https://github.com/")
                assert len(file.url.split("/raw/")[1].split("/")[0]) == 40
    assert folder_of("sim_m") == "sim_dialogue"


def test_files_are_fetched_once_and_whole(server, registered, tmp_path, capsys):
    folder, address = server
    (folder / "a.txt").write_bytes(TEXT)
    registered(("deep/a.txt", TEXT, f"{address}/a.txt"))
    code, said, _ = fetch(tmp_path / "out", capsys)
    assert code == 0
    assert said.startswith("woz2: licence Apache-2.0")
    assert said.endswith("\n  deep/a.txt: fetched\n")
    assert everything(tmp_path / "out") == ["deep", "deep/a.txt"]
    assert (tmp_path / "out/deep/a.txt").read_bytes() == TEXT
    (folder / "a.txt").unlink()
    assert fetch(tmp_path / "out", capsys)[1].endswith("deep/a.txt: is there\n")


def test_other_bytes_are_refused_and_leave_nothing(server, registered, tmp_path, capsys):
    folder, address = server
    (folder / "a.txt").write_bytes(TEXT[:-3])
    registered(("a.txt", TEXT, f"{address}/a.txt"))
    code, _, said = fetch(tmp_path / "out", capsys)
    assert code == 2
    assert f"{address}/a.txt has other bytes than expected" in said
    assert everything(tmp_path / "out") == []


@pytest.mark.parametrize("broken", ["no file", "no server"])
def test_without_a_network_it_says_which_file_to_put_where(server, registered, tmp_path, capsys, broken):
    address = server[1] if broken == "no file" else "http://127.0.0.1:9"
    registered(("a.txt", TEXT, f"{address}/a.txt"))
    code, _, said = fetch(tmp_path / "out", capsys)
    assert code == 2
    assert said.count("\n") == 1
    assert f"{address}/a.txt cannot be fetched" in said
    assert f"put the file into {tmp_path / 'out'} as a.txt" in said
    assert everything(tmp_path / "out") == []


def test_what_nobody_publishes_is_put_there_by_hand(server, registered, tmp_path, capsys):
    folder, address = server
    (folder / "a.txt").write_bytes(TEXT)
    registered(("packed.zip", b"zip", None), ("a.txt", TEXT, f"{address}/a.txt"))
    code, _, said = fetch(tmp_path / "out", capsys)
    assert code == 2
    assert "packed.zip cannot be fetched" in said
    assert everything(tmp_path / "out") == ["a.txt"]  # the others are there
    (tmp_path / "out/packed.zip").write_bytes(b"zip")
    assert fetch(tmp_path / "out", capsys)[0] == 0


def test_verify(registered, tmp_path, capsys):
    registered(("a.txt", TEXT, None), ("b.txt", b"b", None))
    (tmp_path / "a.txt").write_bytes(TEXT)
    assert main(["data", "verify", "woz2", "--source", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == "  a.txt: same\n  b.txt: missing\n"
    assert "1 of 2 files" in said.err
    (tmp_path / "b.txt").write_bytes(b"b")
    assert main(["data", "verify", "woz2", "--source", str(tmp_path)]) == 0
    (tmp_path / "b.txt").write_bytes(b"c")
    assert main(["data", "verify", "woz2", "--source", str(tmp_path)]) == 2
    assert "b.txt: other bytes" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(WITHOUT_FILES))
def test_a_corpus_without_files(name, tmp_path, capsys):
    assert main(["data", "verify", name, "--source", str(tmp_path)]) == 2
    assert "has no files of a public source" in capsys.readouterr().err


def test_the_checksum_of_a_long_file(tmp_path):
    content = os.urandom((1 << 20) + 5)
    (tmp_path / "long").write_bytes(content)
    assert sha256(tmp_path / "long") == hashlib.sha256(content).hexdigest()


def test_the_real_files_are_those_of_the_registry(shared_data):
    sums = dict(reversed(line.split()) for line in (shared_data / "data/SHA256SUMS").read_text().splitlines())
    for name in set(CORPORA) - WITHOUT_FILES:
        for file in source_files(name):
            assert sums[f"./{folder_of(name)}/{file.path}"] == file.sha256
    assert {state for _, state in check_files("banking77", shared_data / "data/banking77")} == {SAME}
