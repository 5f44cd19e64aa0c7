"""Builds a prepared corpus of simulated dialogues and records the memory of the build over time.

  python benchmarks/build_memory.py --dialogues 1000000 --workers 2 --out /data/million

The same command continues an interrupted run; its curve then has a part for each run. It writes
`build_memory.json` and `build_memory.png` into `--results`: resident memory of the build with its processes, dialogues
done, and turns a second and worker.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from space_jax.features.build_units import DIALOGUES as UNIT

SAMPLES = 600  # points of the curve that are kept

SUSPENDED = 20  # so many times the usual distance between two samples


def main() -> None:
    """Runs the build and watches it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialogues", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tokenizer", default="minilm")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    given = parser.parse_args()
    log = given.out.with_name(given.out.name + ".samples.jsonl")
    command = [sys.executable, "-m", "space_jax", "data", "build", "simulated", "--tokenizer", given.tokenizer]
    command += ["--dialogues", str(given.dialogues), "--workers", str(given.workers), "--out", str(given.out)]
    status = _watch(command, given.out, log)
    if status:
        raise SystemExit(status)
    _write(log, given, json.loads((given.out / "corpus.json").read_text()))


def _watch(command: list[str], out: Path, log: Path) -> int:
    """Runs the command; a line of `log` every two seconds: seconds, resident bytes, units that are done."""
    log.parent.mkdir(parents=True, exist_ok=True)
    units = out.with_name(f".{out.name}.building") / "units"
    run, started = time.time(), time.monotonic()
    build = subprocess.Popen(command)
    sample: dict[str, Any] = {}
    with log.open("a") as lines:
        while build.poll() is None:
            sample = {
                "run": run,
                "seconds": round(time.monotonic() - started, 1),
                "resident": _resident(build.pid),
                "units": sum(1 for _ in units.glob("*.json")),
            }
            lines.write(json.dumps(sample) + "\n")
            lines.flush()
            time.sleep(2)
        # The end, with the memory that was seen last: a build may take less than two seconds.
        lines.write(json.dumps({**sample, "seconds": round(time.monotonic() - started, 1)}) + "\n")
    return build.returncode


def _resident(root: int) -> int:
    """Resident bytes of a process and all that it started; shared pages count once for each."""
    parents, resident = {}, {}
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended in the meantime
        pid = int(path.parent.name)
        parents[pid] = int(fields["PPid"])
        resident[pid] = int(fields.get("VmRSS", "0 kB").split()[0]) * 1024

    def belongs(pid: int) -> bool:
        while pid not in (root, 0):
            pid = parents.get(pid, 0)
        return pid == root

    return sum(size for pid, size in resident.items() if belongs(pid))


def _write(log: Path, given: argparse.Namespace, corpus: dict[str, Any]) -> None:
    samples = [json.loads(line) for line in log.read_text().splitlines()]
    times, starts, before = [], [0.0], 0.0  # runs that were interrupted follow one another
    for index, sample in enumerate(samples):
        if index and sample["run"] != samples[index - 1]["run"]:
            before = times[-1]
            starts.append(before)
        times.append(before + sample["seconds"])
    resident = [sample["resident"] / 2**20 for sample in samples]
    examples = sum(split["examples"] for split in corpus["splits"].values())
    step = max(1, len(samples) // SAMPLES)
    half = len(resident) // 2
    summary = {
        "dialogues": sum(split["dialogues"] for split in corpus["splits"].values()),
        "examples": examples,
        "turns": 2 * examples,  # a simulated dialogue is user, system, user, system
        "tokens": sum(split["tokens"] for split in corpus["splits"].values()),
        "workers": given.workers,
        "cores_of_machine": os.cpu_count(),
        "runs": len(starts),
        "run_starts": starts,
        "seconds": round(times[-1], 1),
        "turns_per_second_per_worker": round(2 * examples / times[-1] / given.workers, 1),
        "peak_mebibytes": round(max(resident), 1),
        "mean_mebibytes_second_quarter": round(_mean(resident[half // 2 : half]), 1),
        "mean_mebibytes_last_quarter": round(_mean(resident[half + half // 2 :]), 1),
        "samples": [[times[n], round(resident[n], 1), samples[n]["units"]] for n in range(0, len(samples), step)],
    }
    given.results.mkdir(parents=True, exist_ok=True)
    (given.results / "build_memory.json").write_text(json.dumps(summary, indent=1) + "\n")
    draw(summary, given.results / "build_memory.png")
    print(json.dumps({name: value for name, value in summary.items() if name != "samples"}, indent=1))


def _mean(values: list[float]) -> float:
    return sum(values) / max(1, len(values))


def draw(summary: dict[str, Any], path: Path) -> None:
    """Two panels over the same minutes: memory, and dialogues done.

    Args:
      summary: content of `build_memory.json`.
      path: of the picture.
    """
    times, resident, units = (np.array(column, float) for column in zip(*summary["samples"], strict=True))
    # The folder that units are counted in is emptied at the end.
    done = np.minimum(np.maximum.accumulate(units) * UNIT, summary["dialogues"])
    figure = Figure(figsize=(8, 5.4), dpi=100, layout="constrained")
    memory, progress = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    memory.set_title(f"Building a corpus of {summary['dialogues']:,} simulated dialogues with {_workers(summary)}")
    memory.plot(times / 60, resident, color="#0072B2", linewidth=1.2)
    memory.set(ylabel="resident memory of all\nprocesses together, MiB", ylim=(0, max(resident) * 1.25))
    progress.plot(times / 60, done / 1000, color="#D55E00", linewidth=1.5)
    progress.set(ylabel="dialogues done,\nthousands", ylim=(0, None))
    progress.set(xlabel="minutes of the build; the time between a kill and the next start is left out", xlim=(0, None))
    for axes in (memory, progress):
        axes.grid(alpha=0.3)
        _mark(axes, times / 60, np.array(summary["run_starts"][1:]) / 60)
    if memory.get_legend_handles_labels()[0]:
        memory.legend(loc="lower right", fontsize=9)
    figure.savefig(path)


def _mark(axes: Axes, minutes: np.ndarray, starts: np.ndarray) -> None:
    """Where the build was killed and continued, and where nothing was measured because it was suspended."""
    for number, start in enumerate(starts):
        axes.axvline(start, color="black", linestyle="--", linewidth=1, label="" if number else "killed; continued")
    gaps = np.diff(minutes)
    for number, index in enumerate(np.flatnonzero(gaps > SUSPENDED * np.median(gaps))):
        label = "" if number else "suspended"
        axes.axvspan(minutes[index], minutes[index + 1], color="#BBBBBB", alpha=0.5, label=label)


def _workers(summary: dict[str, Any]) -> str:
    return "1 worker" if summary["workers"] == 1 else f"{summary['workers']} workers"


if __name__ == "__main__":
    main()
