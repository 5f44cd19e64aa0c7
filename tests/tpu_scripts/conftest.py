"""Stand-ins for `gcloud`, `ssh`, `scp` and `tar`, first on the PATH: they record calls and answer as a test says."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "tpu_scripts"

# In shell, because a loop calls it dozens of times. Answers lie in folders, one file each, in their order.
STAND_IN = """#!/bin/sh
{{ printf '%s' {program}; for word; do printf '\\t%s' "$word"; done; echo; }} >> {folder}/calls
case "$*" in
  *"queued-resources create"*) name=create ;;
  *"queued-resources describe"*) name=describe ;;
  *"queued-resources delete"*) name=delete ;;
  *worker/status.sh*) name=status ;;
  *worker/setup.sh*) name=setup ;;
  *worker/launch.sh*) name=launch ;;
  *"tpu-vm describe"*) name=node ;;
  *"tail -n"*) name=tail ;;
  *) name={program} ;;
esac
code=0
if [ -d {folder}/$name ]; then
  set -- {folder}/$name/*
  . "$1"
  if [ $# -gt 1 ]; then rm "$1"; fi
fi
exit $code
"""

SETTINGS = {
    "PROJECT": "p",
    "ZONE": "us-west4-a",
    "NAME": "mine",
    "TYPE": "v5litepod-16",
    "RUNTIME": "v2-alpha-tpuv5-lite",
    "SPOT": "yes",
    "BUCKET": "b",
    "CONFIG": "configs/space3.py:base",
    "WORKDIR": "/mnt/bucket/runs/one",
    "OVERRIDES": "(--config.data.prepared=/mnt/bucket/corpus)",
    "POLL_SECONDS": "0.02",
    "WAIT_SECONDS": "60",
    "MAX_TRIES": "3",
    "BACKOFF_SECONDS": "0",
}
PLACE = ["--zone=us-west4-a", "--project=p"]


class Cloud:
    """The stand-in, and the scripts that meet it."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "bin").mkdir()
        for program in ("gcloud", "ssh", "scp", "tar"):
            path = folder / "bin" / program
            path.write_text(STAND_IN.format(folder=shlex.quote(str(folder)), program=program))
            path.chmod(0o755)
        self.settings()

    def settings(self, **changes: str | None) -> None:
        """Writes the settings; None leaves one out."""
        lines = [f"{name}={value}" for name, value in (SETTINGS | changes).items() if value is not None]
        (self.folder / "settings.sh").write_text("\n".join(lines) + "\n")

    def answer(self, name: str, *answers) -> None:
        """What the calls named `name` are answered, one after the other: text, or (status, error). The last stays."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / name).mkdir()
        for number, entry in enumerate(answers):
            status, text, to = (0, entry, "") if isinstance(entry, str) else (*entry, " >&2")
            lines = f"printf %s {shlex.quote(text)}{to}\ncode={status}\n"
            (self.folder / name / f"{number:03}").write_text(lines)

    def start(self, script: str, *arguments: str) -> subprocess.Popen:
        """Starts a script as from a terminal: in a process group of its own that Ctrl-C reaches."""
        pipe = subprocess.PIPE
        # A shell cannot take back that a signal is ignored, as it is for who starts the tests in the background.
        bash = ["env", "--default-signal=INT", "bash", str(SCRIPTS / script)]
        return subprocess.Popen(
            [*bash, "--settings", str(self.folder / "settings.sh"), *arguments],
            env={**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess:
        """Runs a script to its end."""
        process = self.start(script, *arguments)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def calls(self) -> list[list[str]]:
        """Every call so far: the program's name and its arguments."""
        path = self.folder / "calls"
        return [line.split("\t") for line in path.read_text().splitlines()] if path.exists() else []

    def verbs(self) -> list[str]:
        """The calls that change something, by one word."""
        words = []
        for call in self.calls():
            text = " ".join(call)
            for part, word in (
                ("queued-resources create", "create"),
                ("queued-resources delete", "delete"),
                ("worker/setup.sh", "setup"),
                ("worker/launch.sh", "launch"),
            ):
                if part in text:
                    words.append(word)
        return words


@pytest.fixture
def cloud(tmp_path):
    return Cloud(tmp_path)
