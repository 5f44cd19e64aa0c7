"""One process at a time, and what the disk's refusals become."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from space_jax import writing
from space_jax.errors import UserError
from space_jax.writing import locked, new_files, refusal

HOLDER = """
import sys, time
from pathlib import Path
from space_jax.writing import locked
with locked(Path(sys.argv[1]), "the run"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run" / ".lock")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_told_who_writes_and_a_killed_one_locks_nothing(tmp_path, holder):
    lock = tmp_path / "run" / ".lock"
    who = rf"the run: another process is writing it \(process {holder.pid} on .*, since 20\d\d-.*\); wait until it ends"
    with pytest.raises(UserError, match=who), locked(lock, "the run"):
        pytest.fail("two at a time")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lock.is_file()
    with locked(lock, "the run"):
        assert lock.read_text().startswith(f"process {os.getpid()} on ")
    assert list((tmp_path / "run").iterdir()) == []


def test_a_folder_made_for_the_lock_alone_goes_with_it(tmp_path):
    with locked(tmp_path / "new" / "deep" / ".lock", "the run"):
        assert (tmp_path / "new" / "deep").is_dir()
    assert list(tmp_path.iterdir()) == []
    with locked(tmp_path / "new" / ".lock", "the run"):
        (tmp_path / "new" / "kept").touch()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["kept"]


def test_what_somebody_wrote_into_a_lock_cannot_reach_the_terminal(tmp_path, holder):
    (tmp_path / "run" / ".lock").write_bytes(b"\x1b[2Jx\xff" + b"y" * 5000)
    with pytest.raises(UserError) as caught, locked(tmp_path / "run" / ".lock", "the run"):
        pytest.fail("two at a time")
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_lock_that_was_removed_while_it_was_waited_for_is_not_taken_for_one(tmp_path, monkeypatch):
    """Between opening and locking, the holder may remove the file and a third process make another."""
    path, removed = tmp_path / ".lock", []
    flock = writing.fcntl.flock

    def late(file, how):
        if not removed:
            removed.append(path.unlink())
        flock(file, how)

    monkeypatch.setattr(writing.fcntl, "flock", late)
    with locked(path, "the run"), pytest.raises(UserError, match="another process"), locked(path, "the run"):
        pytest.fail("two at a time")


def test_without_locks_it_says_so_and_goes_on(tmp_path, monkeypatch, capsys):
    def none(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(writing.fcntl, "flock", none)
    with locked(tmp_path / ".lock", "the run"):
        pass
    assert "the run: cannot be locked (No locks available)" in capsys.readouterr().err


def chained(inner):
    error = ValueError("saving failed")
    error.__cause__ = inner
    return error


FULL = "No space left on device"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "x"), FULL),
        (OSError(errno.EDQUOT, "x", "a/b"), "Disk quota exceeded: a/b"),
        (OSError(errno.EROFS, "x"), "Read-only file system"),
        (chained(OSError(errno.EFBIG, "x")), "File too large"),
        (ExceptionGroup("many", [KeyError("a"), OSError(errno.ENOSPC, "x")]), FULL),
        (RuntimeError("write() failed: File too large; writing a.partial"), "File too large"),  # ArrayRecord's
        (ValueError("RESOURCE_EXHAUSTED: Failed writing: a"), FULL),  # TensorStore's
        (OSError(errno.EACCES, "x"), None),
        (OSError("without a number"), None),
        (ValueError("RESOURCE_EXHAUSTED: Out of memory"), None),
    ],
)
def test_the_reason_of_a_disk_that_refuses(error, reason):
    assert refusal(error) == reason
    if reason is None:
        with pytest.raises(type(error)), writing.writing("runs/x", "try again"):
            raise error
    else:
        with pytest.raises(UserError) as caught, writing.writing("runs/x", "try again"):
            raise error
        assert str(caught.value) == f"runs/x: cannot be written ({reason}); try again"


def test_new_files_appear_together(tmp_path):
    with new_files(tmp_path / "new" / "out", ["a", "b"]) as folder:
        (folder / "a").write_text("1")
        (folder / "b").write_text("2")
        assert not (tmp_path / "new" / "out" / "a").exists()
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == ["a", "b"]


def test_new_files_leave_nothing_behind_when_they_fail(tmp_path):
    def write(what):
        with new_files(tmp_path / "out", ["a"]) as folder:
            (folder / "a").write_text("1")
            raise what

    with pytest.raises(KeyError):
        write(KeyError("x"))
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\); nothing is left of it"):
        write(OSError(errno.ENOSPC, "x"))
    assert list(tmp_path.iterdir()) == []


def test_new_files_replace_none(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(UserError, match="a: exists already"), new_files(tmp_path, ["b", "a"]):
        pytest.fail("it is there")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with pytest.raises(UserError, match="expected a folder to write to, found a file"), new_files(tmp_path / "a", []):
        pytest.fail("it is a file")
