"""Runs of two processes: pre-training as the command does it equals one process; a signal to one stops both."""

import importlib.metadata
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from space_jax.corpora.simulated.simulate import simulate
from space_jax.features.corpus_builder import prepare
from space_jax.features.sentencepiece_tokenizer import train_sentencepiece
from space_jax.training.metrics import read_records
from space_jax.training.pretrain import pretrain
from tests.training.run_of_pretraining import LIMITS, STEPS, real_config

ROOT = Path(__file__).parents[2]
DEVICES = 8
# There, two processes on CPUs wait for each other forever in one run of three, in the middle of a step (Gloo).
pytestmark = pytest.mark.skipif(
    importlib.metadata.version("jaxlib").startswith("0.7."), reason="processes on CPUs deadlock with jaxlib 0.7"
)


def start(module, arguments, processes):
    """Starts the processes of one run, which share eight devices."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    flags = re.sub(r"(device_count=)\d+", rf"\g<1>{DEVICES // processes}", os.environ["XLA_FLAGS"])
    started = []
    for index in range(processes):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": flags}
        if processes > 1:
            environment |= {
                "JAX_COORDINATOR_ADDRESS": f"localhost:{port}",
                "JAX_NUM_PROCESSES": str(processes),
                "JAX_PROCESS_ID": str(index),
            }
        command = [sys.executable, "-m", f"tests.training.{module}", *map(str, arguments)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True))
    return started


def finish(started, seconds=300):
    """Waits for the processes; returns the last line that each printed."""
    outputs = [process.communicate(timeout=seconds) for process in started]
    for process, (_, errors) in zip(started, outputs, strict=True):
        assert process.returncode == 0, errors
    return [output.strip().splitlines()[-1] for output, _ in outputs]


def prepare_corpus(folder, limits=LIMITS):
    """A prepared corpus of simulated dialogues with hidden labels, and its tokenizer of 400 ids."""
    texts = (turn.text for dialogue in simulate(0, 60) for turn in dialogue.turns)
    tokenizer = train_sentencepiece(texts, 400, folder / "tokenizer")
    splits = {"train": simulate(0, 20), "validation": simulate(1, 6)}
    prepare(splits, tokenizer, folder / "prepared", limits, labelled_share=0.5, name="simulated")
    return folder / "prepared"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return prepare_corpus(tmp_path_factory.mktemp("corpus"))


def measured(workdir, kind):
    """What a run measured at each step, but for what depends on the machine."""
    records = [record for record in read_records(workdir / "metrics.jsonl") if record["kind"] == kind]
    machine = {"kind", "tokens_per_second", "seconds_per_step", "padding", "programs", "evaluation_seconds"}
    return [{name: value for name, value in record.items() if name not in machine} for record in records]


@pytest.mark.parametrize(
    ("recipe", "its_own"),
    [
        pytest.param("space2", {"term/contrast/labelled"}, marks=pytest.mark.slow),  # `.ci/run` runs it by its name
        # It takes several times as long to compile.
        pytest.param("space3", {"term/contrast_user/labelled", "perplexity"}, marks=pytest.mark.slow),
    ],
    ids=["space2", "space3"],
)
def test_pretraining_by_two_processes_equals_one(tmp_path, corpus, recipe, its_own):
    started = start("run_of_pretraining", [recipe, corpus, tmp_path / "two"], processes=2)
    try:
        pretrain(real_config(recipe, corpus), tmp_path / "one")
        assert finish(started) == [f"step {STEPS} stopped False"] * 2
    finally:
        for process in started:
            process.kill()
    for kind, steps in (("train", [1, 2, 3]), ("eval", [0, 3])):
        one, two = measured(tmp_path / "one", kind), measured(tmp_path / "two", kind)
        assert [record["step"] for record in two] == steps
        for ours, theirs in zip(two, one, strict=True):
            assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)
    assert {"loss", "retrieval_intent", "act_f1", *its_own} <= set(one[0])


def losses(workdir):
    """The losses of training, and what an evaluation measures: a loss too, or the task's error."""
    found = []
    for record in read_records(workdir / "metrics.jsonl"):
        value = record.get("loss", record.get("error"))
        if value is not None:
            found.append((record["kind"], record["step"], value))
    return found


KINDS = pytest.mark.parametrize("kind", ["pretraining", "finetuning"])


@pytest.mark.slow
@KINDS
def test_a_signal_to_one_process_stops_both_and_they_resume(tmp_path, kind):
    def run(name, stop_at, processes):
        return finish(start("run_of_processes", [kind, tmp_path / name, stop_at], processes))

    assert run("two", 3, processes=2) == ["step 3 stopped True"] * 2
    assert run("two", -1, processes=2) == ["step 6 stopped False"] * 2
    assert run("one", -1, processes=1)[0].startswith("step 6")
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert [entry[:2] for entry in one] == [entry[:2] for entry in two]
    assert [entry[2] for entry in two] == pytest.approx([entry[2] for entry in one], rel=1e-5)


def first_step(workdir, started):
    """Waits until a step of the run is written down."""
    path = workdir / "metrics.jsonl"
    while not (path.exists() and '"train"' in path.read_text()):
        assert all(process.poll() is None for process in started), [process.communicate() for process in started]
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "victim", "processes_after"), [("pretraining", 1, 2), ("finetuning", 0, 1)])
def test_when_a_process_is_killed_the_other_ends_within_a_minute_and_the_run_continues(
    tmp_path, kind, victim, processes_after
):
    started = start("run_of_processes", [kind, tmp_path / "run", -1], processes=2)
    try:
        first_step(tmp_path / "run", started)
        started[victim].kill()
        killed = time.monotonic()
        _, errors = started[1 - victim].communicate(timeout=60)
        print(f"ended after {time.monotonic() - killed:.1f} s")
    finally:
        for process in started:
            process.kill()
            process.communicate()
    assert started[1 - victim].returncode != 0
    # Of the two that notice, JAX's own watch may be first; it speaks of "another task".
    assert "the same command continues from the last checkpoint" in errors or "another task died" in errors
    after = finish(start("run_of_processes", [kind, tmp_path / "run", -1], processes=processes_after))
    assert after == ["step 6 stopped False"] * processes_after
    finish(start("run_of_processes", [kind, tmp_path / "whole", -1], processes=1))
    one, other = losses(tmp_path / "whole"), losses(tmp_path / "run")
    assert [entry[:2] for entry in other] == [entry[:2] for entry in one]
    assert [entry[2] for entry in other] == pytest.approx([entry[2] for entry in one], rel=1e-5)
