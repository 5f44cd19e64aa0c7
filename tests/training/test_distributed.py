"""How the processes of a run join, and that errors of a single process pass."""

import pytest

from space_jax.errors import UserError
from space_jax.training.distributed import ending_together, initialise_distributed


def test_process_variables_come_together(monkeypatch):
    for name in ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"):
        monkeypatch.delenv(name, raising=False)
    initialise_distributed()  # nothing set: one process, nothing to do
    monkeypatch.setenv("JAX_NUM_PROCESSES", "2")
    with pytest.raises(UserError, match="JAX_COORDINATOR_ADDRESS, JAX_PROCESS_ID must be set"):
        initialise_distributed()
    monkeypatch.setenv("JAX_COORDINATOR_ADDRESS", "localhost:1")
    monkeypatch.setenv("JAX_PROCESS_ID", "one")
    with pytest.raises(UserError, match="whole numbers"):
        initialise_distributed()


def test_with_one_process_errors_pass():
    with pytest.raises(ValueError, match="mine"), ending_together():
        raise ValueError("mine")
