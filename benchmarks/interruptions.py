"""Ends a command by kill -9 at random moments, or starts it twice at the same moment, and looks at what is left.

  python benchmarks/interruptions.py kill  --times 50 -- respond --workdir AGENT --limit 40 --together 4 --out {out}
  python benchmarks/interruptions.py kill  --times 20 --processes 2 -- pretrain --config C --workdir {out}
  python benchmarks/interruptions.py twice --times 20 -- pretrain --config C --workdir {out}

`{out}` stands for the file or the workdir that the command writes. It is written once undisturbed; after that every
disturbed run is given again until it ends, and what it leaves must be the same bit for bit: a file, or of a workdir the
measured numbers and the arrays of the last checkpoint. Between kills nothing half-written may have a final name.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from space_jax.training.checkpoint import find_checkpoints, read_arrays
from space_jax.training.metrics import read_records
from space_jax.training.workdir import CHECKPOINTS, METRICS

# What may differ between equal runs.
MACHINE = {"tokens_per_second", "seconds_per_step", "padding", "programs", "evaluation_seconds"}
REFUSED = "another process is writing it"


def start(words: list[str], out: Path, processes: int) -> list[subprocess.Popen[str]]:
    """Starts the command, in several processes as one run."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "space_jax", *(word.replace("{out}", str(out)) for word in words)]
    started = []
    for index in range(processes):
        joined = {
            "JAX_COORDINATOR_ADDRESS": f"localhost:{port}",
            "JAX_NUM_PROCESSES": str(processes),
            "JAX_PROCESS_ID": str(index),
        }
        environment = os.environ | (joined if processes > 1 else {})
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=pipe, text=True))
    return started


def ends(started: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """The status and the last words of each process."""
    said = [process.communicate()[1].strip().splitlines()[-1:] for process in started]
    return [(process.returncode, " ".join(words)) for process, words in zip(started, said, strict=True)]


def content(out: Path) -> Any:
    """What a command has written, to compare; raises if something half-written is taken for whole."""
    if out.is_file():
        return out.read_bytes()
    records = [one for one in read_records(out / METRICS) if one["kind"] != "compile"]
    numbers = [{name: value for name, value in one.items() if name not in MACHINE} for one in records]
    steps = find_checkpoints(out / CHECKPOINTS).steps
    arrays = {} if not steps else read_arrays(out / CHECKPOINTS, steps[-1])
    return numbers, steps, {name: array.tobytes() for name, array in arrays.items()}


def forget(out: Path) -> None:
    """Removes what a command has written, beside `out` too."""
    for path in out.parent.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def killed(words: list[str], out: Path, whole: Any, seconds: float, given: argparse.Namespace) -> dict[str, Any]:
    """Kills a run again and again; one that ends before is compared, and the next begins anew."""
    found: Counter[str] = Counter()
    problems = []
    while found["kills"] < given.times or found["unfinished"]:
        began, anew = time.monotonic(), not found["unfinished"]
        started = start(words, out, given.processes)
        if found["kills"] < given.times:
            deadline = time.monotonic() + random.uniform(0, seconds)
            while time.monotonic() < deadline and any(process.poll() is None for process in started):
                time.sleep(0.01)
            victims = [one for one in started if one.poll() is None]
            for process in random.sample(victims, random.randint(1, len(victims)) if victims else 0):
                process.send_signal(signal.SIGKILL)
        statuses = ends(started)
        found["kills"] += any(status == -signal.SIGKILL for status, _ in statuses)
        if all(status == 0 for status, _ in statuses):
            found["finished"] += 1
            found["equal"] += content(out) == whole
            if anew:
                seconds = min(seconds, time.monotonic() - began)  # later moments would come after the end
            found["unfinished"] = 0
            forget(out)
            continue
        found["unfinished"] = 1
        if all(status != -signal.SIGKILL for status, _ in statuses):
            problems.append(statuses)
            break
        if out.exists():
            left = content(out)
            found["a whole file was left"] += out.is_file() and left == whole
            found["a half-written file was left"] += out.is_file() and left != whole
    return {**found, "problems": problems}


def twice(words: list[str], out: Path, whole: Any, _: float, given: argparse.Namespace) -> dict[str, Any]:
    """Starts the command twice at the same moment: one is refused, or comes after the other has ended."""
    found: Counter[str] = Counter()
    problems = []
    for _ in range(given.times):
        both = [start(words, out, given.processes) for _ in range(2)]
        statuses = [end for started in both for end in ends(started)]
        refused = [said for status, said in statuses if status == 2 and REFUSED in said]
        ended = [status for status, _ in statuses if status == 0]
        found["one refused"] += bool(refused)
        found["one after the other"] += len(ended) == len(statuses)
        if (len(refused) + len(ended) < len(statuses) and given.processes == 1) or not ended:
            problems.append(statuses)
        found["equal"] += content(out) == whole
        forget(out)
    return {**found, "times": given.times, "problems": problems}


def main() -> None:
    """Prints what was found as JSON; status 1 if anything was lost, half-written, unequal or not refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("kill", "twice"))
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--processes", type=int, default=1, help="of one run")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("words", nargs="+", metavar="-- WORDS", help="after space-jax")
    given = parser.parse_args()
    words = given.words
    random.seed(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        name = "out.json" if "--out" in words else "run"
        places = [Path(folder) / part / name for part in ("whole", "disturbed")]
        for place in places:
            place.parent.mkdir()
        for _ in range(2):  # the first time, programs are compiled
            forget(places[0])
            began = time.monotonic()
            undisturbed = ends(start(words, places[0], given.processes))
            seconds = time.monotonic() - began
        if any(status for status, _ in undisturbed):
            sys.exit(f"the undisturbed run failed: {undisturbed}")
        whole = content(places[0])
        report = {"kill": killed, "twice": twice}[given.what](words, places[1], whole, seconds, given)
    print(json.dumps({"seconds of a whole run": round(seconds, 1), **report}, indent=1))
    compared = report.get("finished", given.times)
    sys.exit(bool(report["problems"] or report["equal"] < compared or report.get("a half-written file was left")))


if __name__ == "__main__":
    main()
