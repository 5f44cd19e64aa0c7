"""What is said about the time that a step takes to compile."""

import json

import jax
import pytest

from space_jax.compilation_cache import VARIABLE
from space_jax.training.compile_times import FILE, Step, expected, record

KIND = {"objective": "Space3Recipe", "layers": 2}


@pytest.fixture
def programs(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "programs"))
    return tmp_path / "programs"


def hit():
    """As JAX reports it when it reads a program from its cache."""
    jax.monitoring.record_event("/jax/compilation_cache/cache_hits")


def test_from_the_first_run_to_the_third(programs):
    step = Step.of(KIND, ["settings", (8, 128)])
    assert expected(step) == "compiling the step"
    record(step, 19.6)
    assert expected(step) == "reading the compiled step"  # how long that takes is not known yet
    hit()
    record(step, 3.4)
    assert expected(step) == "reading the compiled step, about 3 s"
    record(step, 21.0)  # the programs were deleted, the times were not
    assert expected(step) == "reading the compiled step"


def test_another_program_of_the_same_kind_takes_as_long(programs):
    record(Step.of(KIND, ["settings", (8, 128)]), 19.6)
    other = Step.of(KIND, ["settings", (16, 128)])
    assert expected(other) == "compiling the step, about 20 s"
    record(other, 300.0)
    assert expected(Step.of(KIND, "a third one")) == "compiling the step, about 5 min"
    assert expected(Step.of({**KIND, "layers": 12}, "deeper")) == "compiling the step"


def test_a_program_that_another_run_compiled_is_no_measure_of_compiling(programs):
    step = Step.of(KIND, "the same program under other settings")
    expected(step)
    hit()
    record(step, 2.0)
    assert expected(Step.of(KIND, "new")) == "compiling the step"
    assert expected(step) == "reading the compiled step, about 2 s"


@pytest.mark.parametrize("content", ["", "[1]", '{"a": "long"}', '{"a": 1.0'])
def test_a_damaged_file_says_nothing_and_is_written_anew(programs, content):
    programs.mkdir()
    (programs / FILE).write_text(content)
    step = Step.of(KIND, "x")
    assert expected(step) == "compiling the step"
    record(step, 5.0)
    assert set(json.loads((programs / FILE).read_text())) == {step.kind, step.program}


@pytest.mark.parametrize("folder", ["", "gs://bucket/programs"])
def test_without_a_local_folder_nothing_is_kept(monkeypatch, tmp_path, folder):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, folder)
    step = Step.of(KIND, "x")
    record(step, 5.0)
    assert expected(step) == "compiling the step"
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_ends_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    step = Step.of(KIND, "x")
    record(step, 5.0)
    assert expected(step) == "compiling the step"
