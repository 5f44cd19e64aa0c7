"""How the processes of a run join: variables with a slip, and peers that do not come."""

import os
import subprocess
import sys
import threading

import jax
import pytest

from space_jax.errors import UserError
from space_jax.training import joining
from space_jax.training.joining import Membership, initialise_distributed, membership

NAMES = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")


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
