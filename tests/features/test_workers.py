"""How many processes assemble batches: as asked for, else by what is there, and never where that would harm."""

import os
import sys
from types import SimpleNamespace

import jax
import pytest

from space_jax.features.workers import worker_count, worker_sentence


@pytest.fixture
def machine(monkeypatch):
    """A machine with an accelerator, where the command line runs."""

    def make(backend="gpu", cores=8, main=None):
        monkeypatch.setattr(jax, "default_backend", lambda: backend)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
        monkeypatch.setitem(sys.modules, "__main__", main or module("/venv/bin/space-jax"))

    return make


def module(file, name=None):
    found = SimpleNamespace(__spec__=None if name is None else SimpleNamespace(name=name))
    if file is not None:
        found.__file__ = file
    return found


@pytest.mark.parametrize(("backend", "cores", "count"), [("cpu", 8, 0), ("gpu", 8, 4), ("tpu", 3, 2), ("gpu", 1, 0)])
def test_by_what_is_there(machine, backend, cores, count):
    machine(backend, cores)
    assert worker_count(-1) == count
    assert worker_count(0) == 0
    assert worker_count(7) == 7  # as asked for


@pytest.mark.parametrize(
    ("main", "count"),
    [
        (module("/venv/bin/space-jax"), 4),
        (module("/venv/lib/space_jax/__main__.py", "space_jax.__main__"), 4),
        (module(None), 4),  # a notebook
        (module("/project/train.py"), 0),
        (module("/project/train.py", "mine.train"), 0),
    ],
)
def test_a_script_is_not_imported_again_unasked(machine, main, count):
    machine(main=main)
    assert worker_count(-1) == count
    assert ("__main__" in worker_sentence(-1)) == (count == 0)


def test_a_run_says_what_it_does(machine):
    machine()
    assert worker_sentence(-1) == "batches are assembled by 4 further processes (data.workers=-1)"
    assert worker_sentence(1) == "batches are assembled by 1 further process (data.workers=1)"
    assert worker_sentence(0) == "batches are assembled by a thread of this process (data.workers=0)"
    machine(cores=1)
    assert worker_sentence(-1).endswith("(data.workers=-1); there is one core")
    machine("cpu")
    assert worker_sentence(-1) == "batches are assembled by a thread of this process (data.workers=-1)"
