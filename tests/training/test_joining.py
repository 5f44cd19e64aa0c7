"""How the processes of a run join: variables with a slip, and peers that do not come."""

import os
import subprocess
import sys
import threading

import jax
import pytest

from space_jax.errors import UserError
from space_jax.training import joining, launchers
from space_jax.training.joining import Membership, initialise_distributed, membership
from space_jax.training.launchers import Launched, launched

LAUNCHERS = ("SLURM_", "OMPI_", "PMI_", "MPI_", "KUBERNETES_", "JOB_", "TPU_", "MEGASCALE_")
NAMES = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")


@pytest.fixture(autouse=True)
def on_its_own(monkeypatch):
    """No launcher has started the tests."""
    for name in list(os.environ):
        if name in NAMES or name.startswith(LAUNCHERS):
            monkeypatch.delenv(name)
    monkeypatch.setattr(launchers, "_TPU_CHIPS", ())


@pytest.fixture
def variables(monkeypatch):
    """Sets the three variables; None leaves one out."""

    def give(*values):
        for name, value in zip(NAMES, values, strict=True):
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return give


def test_variables_come_together(variables):
    variables(None, None, None)
    assert membership() is None
    initialise_distributed()  # one process, nothing to do
    variables(None, "2", None)
    with pytest.raises(UserError, match="JAX_COORDINATOR_ADDRESS, JAX_PROCESS_ID must be set together"):
        initialise_distributed()


ADDRESS = "expected the host of process 0 and a port from 1 to 65535, such as localhost:8476"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (("localhost:8476", "2", "2"), "JAX_PROCESS_ID=2: expected 0 to 1, counted from 0 of 2 processes"),
        (("localhost:8476", "2", "-1"), "JAX_PROCESS_ID=-1: expected 0 to 1, counted from 0 of 2 processes"),
        (("localhost:8476", "2", "one"), "JAX_PROCESS_ID=one: expected 0 to 1, counted from 0 of 2 processes"),
        (("localhost:8476", "0", "0"), "JAX_NUM_PROCESSES=0: expected 1 or more"),
        (("localhost:8476", "2.5", "0"), "JAX_NUM_PROCESSES=2.5: expected 1 or more"),
        (("localhost:8476", 20 * "9", "0"), f"JAX_NUM_PROCESSES={20 * '9'}: expected 1 or more"),
        (("localhost", "2", "0"), f"JAX_COORDINATOR_ADDRESS=localhost: {ADDRESS}"),
        ((":8476", "2", "0"), f"JAX_COORDINATOR_ADDRESS=:8476: {ADDRESS}"),
        (("localhost:", "2", "0"), f"JAX_COORDINATOR_ADDRESS=localhost:: {ADDRESS}"),
        (("localhost:99999", "2", "0"), f"JAX_COORDINATOR_ADDRESS=localhost:99999: {ADDRESS}"),
        (("localhost:0", "2", "0"), f"JAX_COORDINATOR_ADDRESS=localhost:0: {ADDRESS}"),
        (("localhost:http", "2", "0"), f"JAX_COORDINATOR_ADDRESS=localhost:http: {ADDRESS}"),
    ],
)
def test_a_slip_is_one_sentence_with_its_variable(variables, values, message):
    variables(*values)
    with pytest.raises(UserError) as caught:
        initialise_distributed()
    assert str(caught.value) == f"environment: {message}"


def test_what_is_right(variables):
    variables("10.0.0.1:8476", "16", "15")
    assert membership() == Membership("10.0.0.1", 8476, 16, 15)
    variables("[::1]:65535", "1", "0")
    assert membership() == Membership("[::1]", 65535, 1, 0)
    assert membership().address == "[::1]:65535"


@pytest.fixture
def joined(monkeypatch, variables):
    """What JAX was asked for; nothing is started."""
    variables("localhost:1", "2", "0")
    asked = []
    monkeypatch.setattr(jax.distributed, "is_initialized", lambda: bool(asked))
    monkeypatch.setattr(jax.distributed, "initialize", lambda *given, **named: asked.append((given, named)))
    return asked


def test_processes_join_once(joined, capfd):
    """A second run of the same process, such as that of another seed, finds them joined."""
    initialise_distributed()
    initialise_distributed()
    ((address,), named) = joined[0]
    assert (address, named["num_processes"], named["process_id"], len(joined)) == ("localhost:1", 2, 0, 1)
    assert capfd.readouterr().err == ""


def test_an_address_that_cannot_be_used(joined, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("UNKNOWN: Failed to\n bind")

    monkeypatch.setattr(jax.distributed, "initialize", refuse)
    with pytest.raises(UserError, match=r"ADDRESS=localhost:1: cannot be used \(UNKNOWN: Failed to bind"):
        initialise_distributed()


@pytest.mark.parametrize(
    ("values", "others"),
    [
        (("localhost:1", "2", "0"), "process 0 of 2 waits for process 1 to join at localhost:1"),
        (("localhost:1", "4", "0"), "process 0 of 4 waits for processes 1 to 3 to join at localhost:1"),
        (("localhost:1", "2", "1"), "process 1 of 2 waits for process 0 at localhost:1"),
        (("localhost:1", "4", "2"), "process 2 of 4 waits for process 0 at localhost:1 and the other processes"),
        (
            ("nosuchhost.invalid:1", "2", "1"),
            "process 1 of 2 waits for process 0 at nosuchhost.invalid:1 (no machine is known by this name yet)",
        ),
    ],
)
def test_waiting_is_said(joined, variables, monkeypatch, capfd, values, others):
    variables(*values)
    monkeypatch.setattr(joining, "SILENT_SECONDS", 0.01)
    said = threading.Event()
    monkeypatch.setattr(joining, "say", lambda text, file, flush: (print(text, file=file, flush=flush), said.set()))
    monkeypatch.setattr(jax.distributed, "initialize", lambda *_, **__: said.wait(60))
    initialise_distributed()
    assert capfd.readouterr().err == f"space-jax: {others}, for at most 300 s\n"


WAITING = """
from space_jax.training import joining
joining.SILENT_SECONDS, joining.WAIT_SECONDS = 1, 2
joining.initialise_distributed()
"""


def test_a_peer_that_does_not_come_ends_the_process_with_a_sentence():
    """With JAX itself, which lets the waiting thread run; its own end would be a stack trace."""
    variables = dict(zip(NAMES, ("localhost:1", "2", "1"), strict=True))
    environment = {**os.environ, **variables, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", WAITING], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-2:] == [
        "space-jax: process 1 of 2 waits for process 0 at localhost:1, for at most 2 s",
        "space-jax: process 1 of 2 has waited 2 s for process 0 at localhost:1 and ends",
    ]


SRUN = {
    "SLURM_JOB_ID": "77",
    "SLURM_NTASKS": "4",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_NODELIST": "node[3-4]",
    "SLURM_PROCID": "2",
    "SLURM_LOCALID": "0",
}
MPIRUN = {"OMPI_COMM_WORLD_SIZE": "3", "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_LOCAL_RANK": "1"}
BY_SRUN = Launched("srun (SLURM)", 4, 2, 0)
BY_MPIRUN = Launched("mpirun (Open MPI)", 3, 1, 1)


@pytest.mark.parametrize(
    ("environment", "by"),
    [
        ({}, None),
        (SRUN, BY_SRUN),
        ({**SRUN, "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}, None),  # srun -n 1; an interactive step
        ({"SLURM_JOB_ID": "77", "SLURM_NTASKS": "4"}, None),  # a shell in an allocation
        (
            {"SLURM_JOB_ID": "77", "SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"},
            None,
        ),  # a batch script
        (MPIRUN, BY_MPIRUN),
        ({**SRUN, "SLURM_STEP_NUM_TASKS": "2", **MPIRUN}, BY_MPIRUN),  # mpirun starts its own daemons by srun
        ({"OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"}, None),
        ({"PMI_SIZE": "2", "PMI_RANK": "1"}, Launched("mpiexec", 2, 1)),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, None),  # a notebook
        (
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "JOB_COMPLETION_INDEX": "0"},
            Launched("an indexed job of Kubernetes"),
        ),
    ],
)
def test_what_started_a_process(monkeypatch, environment, by):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert launched() == by


@pytest.mark.parametrize(
    ("environment", "several"),
    [
        ({}, True),  # the metadata server is asked
        ({"TPU_SKIP_MDS_QUERY": "1"}, False),
        ({"TPU_WORKER_HOSTNAMES": "localhost", "TPU_SKIP_MDS_QUERY": "1"}, False),
        ({"TPU_WORKER_HOSTNAMES": "a,b"}, True),
        ({"TPU_PROCESS_ADDRESSES": "a:1,b:1", "TPU_WORKER_HOSTNAMES": "a"}, True),
        ({"TPU_WORKER_HOSTNAMES": "a", "MEGASCALE_NUM_SLICES": "2"}, True),
        ({"TPU_WORKER_HOSTNAMES": "a,b", "JAX_PLATFORMS": "cpu"}, False),  # the chips belong to another program
    ],
)
def test_a_tpu_machine(monkeypatch, tmp_path, environment, several):
    (tmp_path / "accel0").touch()
    monkeypatch.setattr(launchers, "_TPU_CHIPS", (str(tmp_path / "accel[0-9]*"),))
    monkeypatch.setattr(launchers.importlib.util, "find_spec", lambda name: name)
    monkeypatch.delenv("JAX_PLATFORMS")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert launched() == (Launched(launchers.TPU) if several else None)
    monkeypatch.setattr(launchers, "_TPU_CHIPS", (str(tmp_path / "none[0-9]*"),))
    assert launched() is None


def test_a_launchers_variable_with_a_slip(monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "many")
    with pytest.raises(UserError, match="environment: SLURM_STEP_NUM_TASKS=many: expected a number"):
        launched()


@pytest.fixture
def started_by(joined, variables, monkeypatch):
    """Says what started this process, with the three variables."""

    def start(environment, *values):
        variables(*values)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        initialise_distributed()
        return joined

    return start


def test_jax_finds_the_others_of_a_launcher(started_by):
    (((), named),) = started_by(SRUN, None, None, None)
    assert set(named) == {"initialization_timeout", "heartbeat_timeout_seconds"}


def test_the_variables_win_over_a_launcher(started_by):
    (((address,), named),) = started_by(SRUN, "host:1", "8", "7")
    assert (address, named["num_processes"], named["process_id"]) == ("host:1", 8, 7)
    assert "local_device_ids" not in named


def test_the_address_is_enough_where_a_launcher_counts(started_by):
    """Such as Open MPI 5, whose environment does not say where process 0 is."""
    (((address,), named),) = started_by(MPIRUN, "host:1", None, None)
    assert (address, named["num_processes"], named["process_id"]) == ("host:1", 3, 1)
    assert named["local_device_ids"] == [1]


@pytest.mark.parametrize("environment", [{}, SRUN, MPIRUN])
def test_each_on_its_own_if_asked_for(started_by, environment):
    assert started_by(environment, None, "1", None) == []


def refuse(*_, **__):
    raise ValueError("coordinator_address should be defined.")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            MPIRUN,
            "environment: this process was started by mpirun (Open MPI) as one of 3, and JAX could not join it to the "
            "others (coordinator_address should be defined.); set JAX_COORDINATOR_ADDRESS to HOST:PORT of process 0, "
            "or JAX_NUM_PROCESSES=1 for a run of its own",
        ),
        (
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "JOB_COMPLETION_INDEX": "0"},
            "environment: this process was started by an indexed job of Kubernetes, and JAX could not join it to the "
            "others (coordinator_address should be defined.); set JAX_COORDINATOR_ADDRESS to HOST:PORT of process 0, "
            "JAX_NUM_PROCESSES and JAX_PROCESS_ID, or JAX_NUM_PROCESSES=1 for a run of its own",
        ),
    ],
)
def test_several_that_cannot_join_are_refused(started_by, monkeypatch, environment, sentence):
    """Not run several times over one workdir."""
    monkeypatch.setattr(jax.distributed, "initialize", refuse)
    with pytest.raises(UserError) as caught:
        started_by(environment, None, None, None)
    assert str(caught.value) == sentence


def test_a_single_tpu_host_without_a_metadata_server_runs_alone(joined, variables, monkeypatch, capfd):
    variables(None, None, None)
    monkeypatch.setattr(joining, "launched", lambda: Launched(launchers.TPU))
    monkeypatch.setattr(jax.distributed, "initialize", refuse)
    initialise_distributed()
    assert "runs on this host's chips alone" in capfd.readouterr().err


UNDER_SRUN = """
import jax
from space_jax.training.joining import initialise_distributed
initialise_distributed()
print(jax.process_index(), jax.process_count())
"""


@pytest.mark.slow
def test_jax_itself_joins_the_tasks_of_a_step():
    """Two processes with what srun tells them; JAX derives the address from the number of the job."""
    step = {**SRUN, "SLURM_JOB_ID": str(os.getpid()), "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"}
    step |= {"SLURM_STEP_NODELIST": "localhost", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", UNDER_SRUN],
            env={**os.environ, **step, "SLURM_PROCID": str(index), "SLURM_LOCALID": str(index)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]
    assert [process.communicate(timeout=120)[0].split() for process in started] == [["0", "2"], ["1", "2"]]
