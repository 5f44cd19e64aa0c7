"""The loop: resumption bit for bit, stopping, divergence, and what a run leaves behind."""

import dataclasses
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache
from rich.console import Console

from space_jax.config import MeshConfig
from space_jax.config_files import read_config, save_config
from space_jax.errors import UserError
from space_jax.models.weights import Weights
from space_jax.tasks.text_packing import TaskBatch
from space_jax.training import metrics
from space_jax.training.beginning import Start, read_start
from space_jax.training.checkpoint import Checkpoints, find_checkpoints, read_arrays, read_notes
from space_jax.training.loop import LAST, Measure, Pace, TrainingDiverged, train
from space_jax.training.metrics import read_records
from space_jax.training.state import abstract_state
from space_jax.training.workdir import Workdir
from tests.training.toy import ToyIterator, toy_batch, toy_config, toy_job
from tests.training.toy_task import task_job

# What may differ between equal runs.
MACHINE = {"tokens_per_second", "seconds_per_step", "padding", "programs", "evaluation_seconds"}
HELD_OUT = [toy_batch(100), toy_batch(101)]
BANK = [toy_batch(200)]


def run(workdir, config=None, iterator=None, **options):
    """Pre-trains the toy."""
    config = config or toy_config()
    iterator = iterator or ToyIterator(accumulate=config.optimiser.accumulate)
    return started(workdir, toy_job(config, iterator, HELD_OUT, BANK, **options), config)


def started(workdir, job, config=None):
    """Starts a job, or continues it; what it says is added to `output.txt` beside the workdir."""
    place = Workdir(workdir)
    console = Console(file=(workdir.parent / "output.txt").open("a", encoding="utf-8"), force_terminal=False)
    with console.file:
        return train(job, place, lambda: config and save_config(config, place.local), console)


def pretraining(mesh=None, **source):
    """A short pre-training that saves after every step."""
    return toy_job(toy_config(checkpoint_every=1, mesh=mesh), ToyIterator(**source), HELD_OUT, BANK)


def finetuning(mesh=None, **source):
    """A short fine-tuning that saves after every step."""
    return task_job({"checkpoint_every": 1}, mesh, **source)


KINDS = pytest.mark.parametrize("job", [pretraining, finetuning])


def numbers(workdir):
    """The records of a run without what depends on the machine."""
    records = [record for record in read_records(workdir / "metrics.jsonl") if record["kind"] != "compile"]
    return [{k: v for k, v in record.items() if k not in MACHINE} for record in records]


def final_state(workdir, job):
    abstract = abstract_state(job.objective, job.optimiser, job.shape, job.rules, job.mesh)
    with Checkpoints(workdir / "checkpoints", 1) as checkpoints:
        return jax.device_get(checkpoints.restore(job.pace.steps, abstract, job.facts).state)


def assert_same_end(workdir, other, job):
    """Two runs of a job have written the same numbers and have the same state after their last step, bit by bit."""
    assert numbers(workdir) == numbers(other)
    jax.tree.map(np.testing.assert_array_equal, final_state(workdir, job), final_state(other, job))


def send(number, at):
    """Sends a signal to this process while batch `at` (0, 1, ...) is drawn, which is just before step `at` starts."""
    return lambda n: os.kill(os.getpid(), number) if n == at else None


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """Keeps compiled programs for this file, whose runs, also those of other processes, are all alike."""
    variables = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("cache")),
        "jax_persistent_cache_min_compile_time_secs": 0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    before = {name: getattr(jax.config, name) for name in variables}
    _configure(variables)
    yield {name.upper(): str(value) for name, value in variables.items()}
    _configure(before)


def _configure(variables):
    for name, value in variables.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


@pytest.fixture(scope="module")
def whole(tmp_path_factory, cache):
    """An undisturbed run of six steps."""
    workdir = tmp_path_factory.mktemp("whole") / "run"
    return workdir, run(workdir)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, cache):
    """The workdirs of undisturbed runs that save after every step, by what starts them."""
    workdirs = {job: tmp_path_factory.mktemp(job.__name__) / "run" for job in (pretraining, finetuning)}
    for job, workdir in workdirs.items():
        started(workdir, job())
    return workdirs


def test_a_run_leaves_its_metrics_and_curves(whole):
    workdir, result = whole
    records = read_records(workdir / "metrics.jsonl")
    assert [r["step"] for r in records if r["kind"] == "train"] == [1, 2, 3, 4, 5, 6]
    assert [r["step"] for r in records if r["kind"] == "eval"] == [0, 3, 6]
    assert [r["step"] for r in records if r["kind"] == "compile"] == [1]
    assert result.step == 6
    assert not result.stopped
    assert result.compile_seconds > 0
    assert result.metrics["loss"] < records[0]["loss"]
    assert result.metrics["perplexity"] == pytest.approx(np.exp(result.metrics["term/response"]), rel=1e-5)
    assert (workdir / "curves.png").is_file()
    assert any((workdir / "tensorboard").iterdir())
    output = (workdir.parent / "output.txt").read_text(encoding="utf-8")
    assert "step 6/6  loss " in output


@pytest.mark.parametrize(("job", "number"), [(pretraining, signal.SIGTERM), (finetuning, signal.SIGHUP)])
def test_a_signal_saves_and_resuming_equals_the_undisturbed_run(tmp_path, undisturbed, job, number):
    workdir = tmp_path / "run"
    before = signal.signal(number, signal.SIG_DFL)  # under `nohup` a hang-up is ignored, and the run respects that
    try:
        stopped = started(workdir, job(before_batch=send(number, 4)))
        assert (stopped.step, stopped.stopped) == (4, True)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)
    resumed = started(workdir, job())
    assert (resumed.step, resumed.stopped) == (6, False)
    assert_same_end(workdir, undisturbed[job], job())


@KINDS
def test_an_interrupt_says_what_it_does_and_saves(tmp_path, undisturbed, job):
    workdir = tmp_path / "run"
    stopped = started(workdir, job(before_batch=send(signal.SIGINT, 4)))
    assert (stopped.step, stopped.stopped) == (4, True)
    said = (tmp_path / "output.txt").read_text(encoding="utf-8")
    assert "interrupted: finishes the step, then saves; a second interrupt ends the run at once" in said
    assert said.endswith("stopped after step 4; the same command continues from here\n")
    assert started(workdir, job()).step == 6
    assert_same_end(workdir, undisturbed[job], job())


@KINDS
def test_a_second_interrupt_ends_at_once_and_the_last_checkpoint_stands(tmp_path, undisturbed, job):
    workdir = tmp_path / "run"
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)

    def twice(n):
        send(signal.SIGINT, 4)(n)
        send(signal.SIGINT, 4)(n)

    try:
        with pytest.raises(KeyboardInterrupt):
            started(workdir, job(before_batch=twice))
    finally:
        signal.signal(signal.SIGINT, handler)
    assert find_checkpoints(workdir / "checkpoints").steps[-1] <= 4
    assert "stopped after" not in (tmp_path / "output.txt").read_text(encoding="utf-8")
    assert started(workdir, job()).step == 6
    assert_same_end(workdir, undisturbed[job], job())


def test_resuming_a_finished_run_does_nothing_again(whole):
    workdir, result = whole
    before = numbers(workdir)
    again = run(workdir)
    assert numbers(workdir) == before
    assert (again.step, again.metrics) == (6, result.metrics)


@KINDS
def test_a_killed_process_continues_with_the_same_losses(tmp_path, undisturbed, cache, job):
    workdir = tmp_path / "run"
    killed_at = int(np.random.default_rng().integers(2, 6))
    script = (
        "import signal\nfrom pathlib import Path\nimport tests.training.test_loop as t\n"
        f"job = t.{job.__name__}(before_batch=t.send(signal.SIGKILL, {killed_at}))\n"
        f"t.started(Path({str(workdir)!r}), job)\n"
    )
    environment = {**os.environ, **cache, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert len([r for r in numbers(workdir) if r["kind"] == "train"]) == killed_at - 1
    assert started(workdir, job()).step == 6
    assert_same_end(workdir, undisturbed[job], job())


def test_another_number_of_threads_is_said_and_what_did_not_change_is_not(tmp_path, undisturbed, monkeypatch):
    """XLA divides sums among its threads, as many as NPROC says, else as the process may use processors."""
    workdir = shutil.copytree(undisturbed[finetuning], tmp_path / "run")
    started(workdir, finetuning())
    before = max(int(os.environ.get("NPROC") or len(os.sched_getaffinity(0))), jax.local_device_count())
    monkeypatch.setenv("NPROC", "48")
    started(workdir, finetuning())
    said = [line for line in (tmp_path / "output.txt").read_text().splitlines() if line.startswith("resuming")]
    remark = f" (the last bits may differ from those of a run that never stopped: threads {before} before, 48 now)"
    assert said == ["resuming at step 6", f"resuming at step 6{remark}"]


@KINDS
def test_a_run_whose_disk_is_full_at_a_metric_says_what_is_whole_and_continues(tmp_path, undisturbed, monkeypatch, job):
    workdir, append = tmp_path / "run", metrics.append

    def full(path, text):
        if json.loads(text)["step"] == 4:
            append(path, text[:7])  # there is room for a part of it
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(path, text)

    monkeypatch.setattr(metrics, "append", full)
    expected = (
        r"metrics.jsonl: cannot be written \(No space left on device\); the checkpoints are whole; make room, and"
    )
    with pytest.raises(UserError, match=expected):
        started(workdir, job())
    monkeypatch.setattr(metrics, "append", append)
    assert started(workdir, job()).step == 6
    said = (tmp_path / "output.txt").read_text().splitlines()
    assert f"{workdir / 'metrics.jsonl'}: the last line was half-written and is left out" in said
    assert_same_end(workdir, undisturbed[job], job())


def test_a_batch_that_memory_does_not_suffice_for_is_one_sentence(tmp_path):
    with pytest.raises(
        UserError, match=r"the memory does not suffice \(Unable to allocate .*\); a smaller batch \(config"
    ):
        started(tmp_path / "run", finetuning(before_batch=lambda n: np.empty(2**48)))


@KINDS
def test_a_run_continues_after_its_mesh_changed(tmp_path, undisturbed, job):
    workdir = tmp_path / "run"
    started(workdir, job(before_batch=send(signal.SIGINT, 2)))
    started(workdir, job(mesh=MeshConfig(fsdp=2, tensor=2)))
    for ours, theirs in zip(numbers(workdir), numbers(undisturbed[job]), strict=True):
        assert ours.pop("kind") == theirs.pop("kind")
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)


def spoiled(batch):
    """A batch of either kind with a truth that is not a number."""
    if isinstance(batch, TaskBatch):
        return batch.replace(examples={"number": np.full_like(batch.examples["number"], np.nan)})
    return batch.replace(acts=np.full_like(batch.acts, np.nan))


@KINDS
@pytest.mark.parametrize("step", [2, 5])  # followed by another one at once; followed by an evaluation
def test_divergence_stops_and_keeps_the_good_checkpoint(tmp_path, undisturbed, job, step):
    workdir, term = tmp_path / "run", {pretraining: "acts", finetuning: "number"}[job]
    expected = (
        rf"training step {step}: the loss terms {term} are not finite; the last good checkpoint is of step {step - 1};"
    )
    with pytest.raises(TrainingDiverged, match=expected):
        started(workdir, job(change=lambda n, batch: spoiled(batch) if n == step - 1 else batch))
    assert max(find_checkpoints(workdir / "checkpoints").steps) == step - 1
    assert started(workdir, job()).step == 6
    assert_same_end(workdir, undisturbed[job], job())


def test_a_step_after_one_that_diverged_is_neither_written_down_nor_kept(tmp_path):
    """Step 3 is started before the numbers of step 2 are read."""
    config = toy_config(checkpoint_every=6, eval_every=6)
    source = ToyIterator(change=lambda n, batch: spoiled(batch) if n == 1 else batch)
    with pytest.raises(TrainingDiverged, match=r"training step 2: .* the last good checkpoint is of step 0;"):
        run(tmp_path / "run", config, source)
    assert source.n == 4
    assert [r["step"] for r in numbers(tmp_path / "run") if r["kind"] == "train"] == [1]


def test_accumulated_steps_of_two_grids_compile_twice(tmp_path):
    def larger_third(n, batch):
        return toy_batch(n, accumulate=2, rows=8) if n == 2 else batch

    config = toy_config(accumulate=2, steps=3, eval_every=3, mesh=MeshConfig(data=1, fsdp=4, tensor=2))
    run(tmp_path / "run", config=config, iterator=ToyIterator(accumulate=2, change=larger_third))
    records = read_records(tmp_path / "run" / "metrics.jsonl")
    assert [(r["step"], r["rows"]) for r in records if r["kind"] == "compile"] == [(1, 4), (3, 8)]
    assert [r["programs"] for r in records if r["kind"] == "train"] == [1, 1, 2]


def test_masked_tokens_that_leave_the_loss_are_counted_and_told_of_once(tmp_path):
    def mask_everything(n, batch):
        return batch.replace(masked_ids=np.where(batch.context.segments > 0, 0, batch.masked_ids)) if n else batch

    run(tmp_path / "run", config=toy_config(log_every=2), iterator=ToyIterator(change=mask_everything))
    lost = {r["step"]: r["lost_targets"] for r in numbers(tmp_path / "run") if r["kind"] == "train"}
    tokens = [int((toy_batch(n).context.segments > 0).sum()) for n in range(6)]
    # Of each of the eight rows one masked token is in the loss; the first batch masks only that one.
    assert lost == {2: tokens[1] - 8, 4: sum(tokens[2:4]) - 16, 6: sum(tokens[4:]) - 16}
    said = [line for line in (tmp_path / "output.txt").read_text().splitlines() if "data.masked_per_row" in line]
    assert len(said) == 1
    assert said[0].startswith(f"{lost[2] / (lost[2] + 16):.1%} of the masked tokens are not in the loss")


def test_what_may_change_in_a_run_that_goes_on_is_written_down(tmp_path):
    run(tmp_path / "run", config=toy_config(steps=2))
    run(tmp_path / "run", config=toy_config(steps=2, log_every=7))
    assert read_config(tmp_path / "run").train.log_every == 7


def test_a_run_starts_from_given_weights(tmp_path, whole):
    workdir, config = tmp_path / "run", toy_config(steps=1)
    arrays = read_arrays(whole[0] / "checkpoints")
    run(workdir, config=config, initial=Weights(arrays, config.model, None, None, "there"))
    assert "parameters from there\n" in (workdir.parent / "output.txt").read_text()
    assert read_start(workdir) == Start("there", ())
    begun = read_start(whole[0])
    assert begun is not None
    assert (begun.initial, set(begun.new)) == (None, set(arrays))  # nothing was given
    first = next(record for record in numbers(workdir) if record["kind"] == "eval")
    last = [record for record in numbers(whole[0]) if record["kind"] == "eval"][-1]  # the only one with a checkpoint
    assert first == {**last, "step": 0}


def scripted(scores, patience=0, steps=15, **train):
    """Fine-tuning with an evaluation at the start and after every third step that says what is in `scores`."""
    job = task_job({"steps": steps, "checkpoint_every": 100, "keep_last": 100, **train}, patience=patience)
    told = iter(scores)
    return dataclasses.replace(job, evaluate=lambda params, best: {"accuracy": next(told)}, measure=Measure("accuracy"))


def test_it_stops_after_evaluations_without_a_better_score(tmp_path):
    result = started(tmp_path / "run", scripted([0.1, 0.5, 0.4, 0.6, 0.6, 0.5, 0.9], patience=2, steps=30))
    assert (result.step, result.stopped, result.metrics) == (15, False, {"accuracy": 0.5})
    found = find_checkpoints(tmp_path / "run" / "checkpoints")
    assert found == ((0, 3, 6, 9, 12, 15), 9)  # the earlier of the two best
    assert read_notes(tmp_path / "run" / "checkpoints", 15).results == {"accuracy": 0.5, "best": 0.6, "since_best": 2}
    again = started(tmp_path / "run", scripted([], patience=2, steps=30))
    assert (again.step, again.stopped) == (15, False)


def test_without_patience_it_goes_to_the_end(tmp_path):
    assert started(tmp_path / "run", scripted([0.5] * 6, checkpoint_every=4)).step == 15
    assert find_checkpoints(tmp_path / "run" / "checkpoints") == ((0, 3, 4, 6, 8, 9, 12, 15), 0)
    said = " ".join((tmp_path / "output.txt").read_text().split())
    assert "no evaluation was better than the one before training (highest accuracy)" in said


def test_a_run_without_steps_is_an_evaluation(tmp_path):
    job = dataclasses.replace(scripted([0.5]), pace=Pace(0, 1, 3, 100))
    result = started(tmp_path / "run", job)
    assert (result.step, result.stopped) == (0, False)
    assert find_checkpoints(tmp_path / "run" / "checkpoints") == ((0,), 0)


def test_where_nothing_chooses_the_last_checkpoint_counts(tmp_path):
    job = dataclasses.replace(scripted([0.9, 0.5, 0.4], steps=6, patience=1), measure=LAST)
    result = started(tmp_path / "run", job)
    assert result.step == 6
    assert find_checkpoints(tmp_path / "run" / "checkpoints").best == 6
    assert "(best so far: last)" in (tmp_path / "output.txt").read_text()


def test_less_of_a_loss_is_better_and_more_of_a_score():
    assert Measure("loss", falling=True).score(3, {"loss": 2.0}) == -2.0
    assert Measure("accuracy").score(3, {"accuracy": 0.5}) == 0.5
    assert LAST.score(3, {}) == 3.0
    assert [str(one) for one in (Measure("loss", falling=True), Measure("accuracy"), LAST)] == [
        *("lowest loss", "highest accuracy", "last")
    ]


def test_a_measure_that_is_not_finite_is_never_the_best(tmp_path):
    result = started(tmp_path / "run", scripted([float("nan"), 0.2, float("nan")], steps=6))
    assert find_checkpoints(tmp_path / "run" / "checkpoints").best == 3
    assert result.step == 6
