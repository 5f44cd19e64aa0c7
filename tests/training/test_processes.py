"""A run of two processes: stopped by a signal to one of them, resumed, and equal to a run of one process."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from space_jax.training.metrics import read_records

HERE = Path(__file__).parent


def launch(workdir, stop_at, processes):
    """Runs the processes to their end; returns what each printed."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    flags = f"--xla_force_host_platform_device_count={8 // processes}"
    started = []
    for index in range(processes):
        environment = {**os.environ, "PYTHONPATH": path, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
        if processes > 1:
            environment |= {
                "JAX_COORDINATOR_ADDRESS": f"localhost:{port}",
                "JAX_NUM_PROCESSES": str(processes),
                "JAX_PROCESS_ID": str(index),
            }
        command = [sys.executable, str(HERE / "run_of_processes.py"), str(workdir), str(stop_at)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True))
    outputs = [process.communicate(timeout=300) for process in started]
    for process, (_, errors) in zip(started, outputs, strict=True):
        assert process.returncode == 0, errors
    return [output.strip().splitlines()[-1] for output, _ in outputs]


def losses(workdir):
    return [(r["kind"], r["step"], r["loss"]) for r in read_records(workdir / "metrics.jsonl") if "loss" in r]


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    assert launch(tmp_path / "two", 2, processes=2) == ["step 3 stopped True"] * 2
    assert launch(tmp_path / "two", -1, processes=2) == ["step 6 stopped False"] * 2
    assert launch(tmp_path / "one", -1, processes=1)[0].startswith("step 6")
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert [entry[:2] for entry in one] == [entry[:2] for entry in two]
    assert [entry[2] for entry in two] == pytest.approx([entry[2] for entry in one], rel=1e-5)
