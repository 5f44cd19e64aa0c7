"""What runs on a worker: a detached run with its place among the others, its status, and how far it is."""

import importlib.util
import os
import re
import subprocess
import sys
import time

import jax.numpy as jnp
import pytest

from space_jax.config import PretrainConfig, Space3Config, TrainConfig, model_config
from space_jax.config_files import save_config
from space_jax.training.checkpoint import Checkpoints
from tests.tpu_scripts.conftest import SCRIPTS

PYTHON = """#!/bin/sh
case "$*" in *progress.py*) echo "300 of 1000"; exit 0 ;; esac
trap 'echo asked to stop; exit 0' TERM
echo "arguments: $*"
env | grep '^JAX_[CNP]' | sort
while [ -e "$HOME/go_on" ]; do sleep 0.05; done
exit 7
"""

CURL = """#!/bin/sh
case "$*" in
  *agent-worker-number*) printf '%s' "$WORKER_NUMBER" ;;
  *worker-network-endpoints*) printf '%s' "$ENDPOINTS" ;;
esac
[ -n "$ENDPOINTS" ]
"""


class Worker:
    """A home folder laid out as on a worker, with stand-ins for Python and the metadata server."""

    def __init__(self, home):
        self.home = home
        self.run_folder = home / "space_jax_run"
        for path, text in ((self.run_folder / "venv/bin/python", PYTHON), (home / "bin/curl", CURL)):
            path.parent.mkdir(parents=True)
            path.write_text(text)
            path.chmod(0o755)
        (self.run_folder / "code").mkdir()
        (home / "go_on").touch()

    def run(self, script, *arguments, **variables):
        plain = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
        path = f"{self.home / 'bin'}:{os.environ['PATH']}"
        variables = {**plain, "HOME": str(self.home), "PATH": path, "WORKER_NUMBER": "", "ENDPOINTS": "", **variables}
        command = ["bash", str(SCRIPTS / "worker" / script), *arguments]
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=True).stdout

    def status(self):
        return re.sub(r"quiet \d+ s", "quiet N s", self.run("status.sh", "/mnt/bucket/run").strip())

    def log(self):
        path = self.run_folder / "log"
        return path.read_text() if path.exists() else ""

    def wait_for(self, done):
        deadline = time.monotonic() + 30
        while not done():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)


@pytest.fixture
def worker(tmp_path):
    made = Worker(tmp_path)
    yield made
    (tmp_path / "go_on").unlink(missing_ok=True)


def test_a_run_outlives_the_connection_and_tells_how_it_ended(worker):
    assert worker.status() == "space_jax worker 0: none, quiet N s, checkpoint 300 of 1000"
    worker.run("launch.sh", "--config", "a file.py")
    worker.wait_for(lambda: "arguments: -m space_jax pretrain --config a file.py" in worker.log())
    assert worker.status() == "space_jax worker 0: running, quiet N s, checkpoint 300 of 1000"
    (worker.home / "go_on").unlink()
    worker.wait_for(lambda: (worker.run_folder / "exit").exists())
    worker.wait_for(lambda: "running" not in worker.status())
    assert worker.status() == "space_jax worker 0: ended 7, quiet N s, checkpoint 300 of 1000"
    assert "JAX_" not in worker.log()


def test_launching_again_stops_what_is_there_first(worker):
    worker.run("launch.sh", "first")
    worker.wait_for(lambda: "pretrain first" in worker.log())
    first = (worker.run_folder / "pid").read_text()
    worker.run("launch.sh", "second")
    worker.wait_for(lambda: "pretrain second" in worker.log())
    log = worker.log()
    assert log.index("asked to stop") < log.index("exit status 0") < log.index("pretrain second")
    assert (worker.run_folder / "pid").read_text() != first
    assert "running" in worker.status()


def test_a_run_that_was_killed_is_lost(worker):
    worker.run("launch.sh", "first")
    worker.wait_for(lambda: "pretrain first" in worker.log())
    os.killpg(int((worker.run_folder / "pid").read_text()), 9)
    worker.wait_for(lambda: "running" not in worker.status())
    assert "lost" in worker.status()


@pytest.mark.parametrize(
    "endpoints", ["10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8", "a:0:10.0.0.5,b:1:10.0.0.6,c:2:10.0.0.7,d:3:10.0.0.8"]
)
def test_a_worker_of_a_pod_finds_its_place(worker, endpoints):
    worker.run("launch.sh", WORKER_NUMBER="2", ENDPOINTS=endpoints)
    worker.wait_for(lambda: "JAX_PROCESS_ID" in worker.log())
    expected = "JAX_COORDINATOR_ADDRESS=10.0.0.5:8482\nJAX_NUM_PROCESSES=4\nJAX_PROCESS_ID=2\n"
    assert expected in worker.log()
    assert worker.status() == "space_jax worker 2: running, quiet N s, checkpoint - of -"


def test_variables_that_are_set_stay(worker):
    given = {"JAX_COORDINATOR_ADDRESS": "gpu-a:8482", "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "1"}
    worker.run("launch.sh", WORKER_NUMBER="3", ENDPOINTS="10.0.0.5,10.0.0.6", **given)
    worker.wait_for(lambda: "JAX_PROCESS_ID" in worker.log())
    assert "".join(f"{name}={value}\n" for name, value in given.items()) in worker.log()


def test_a_single_host_needs_no_variables(worker):
    worker.run("launch.sh", WORKER_NUMBER="0", ENDPOINTS="10.0.0.5")
    worker.wait_for(lambda: "arguments" in worker.log())
    assert "JAX_" not in worker.log()


def test_progress_reads_what_a_run_wrote(tmp_path):
    script = SCRIPTS / "worker" / "progress.py"
    spec = importlib.util.spec_from_file_location("progress", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.progress(tmp_path) == "- of -"
    config = PretrainConfig(recipe=Space3Config(), model=model_config("tiny"), train=TrainConfig(steps=20))
    save_config(config, tmp_path)
    assert module.progress(tmp_path) == "- of 20"
    with Checkpoints(tmp_path / "checkpoints", 2) as checkpoints:
        checkpoints.save(10, {"w": jnp.zeros(2)}, {}, {}, None)
    (tmp_path / "checkpoints" / "20.orbax-checkpoint-tmp").mkdir()  # half-written by a run that was killed
    assert module.progress(tmp_path) == "10 of 20"
    command = [sys.executable, str(script), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS.parent)}
    assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout == b"10 of 20\n"
