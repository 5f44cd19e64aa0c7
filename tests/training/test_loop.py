"""The loop: resumption bit for bit, stopping, divergence, and what a run leaves behind."""

import os
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
from space_jax.config_files import read_config
from space_jax.models.weights import Weights
from space_jax.training.checkpoint import Checkpoints, read_arrays
from space_jax.training.facts import run_facts
from space_jax.training.loop import TrainingDiverged, train
from space_jax.training.mesh import make_mesh
from space_jax.training.metrics import read_records
from space_jax.training.optimiser import make_optimiser
from space_jax.training.state import abstract_state
from tests.training.toy import ToyIterator, ToyRecipe, micro, toy_batch, toy_config

MACHINE = {"tokens_per_second", "seconds_per_step", "padding", "programs"}  # what may differ between equal runs
HELD_OUT = [toy_batch(100), toy_batch(101)]
BANK = [toy_batch(200)]


def run(workdir, config=None, iterator=None, **options):
    config = config or toy_config()
    iterator = iterator or ToyIterator(accumulate=config.optimiser.accumulate)
    console = Console(file=(workdir.parent / "output.txt").open("a", encoding="utf-8"), force_terminal=False)
    with console.file:
        return train(ToyRecipe(), config, workdir, iterator, HELD_OUT, BANK, console=console, **options)


def numbers(workdir):
    """The records of a run without what depends on the machine."""
    records = [record for record in read_records(workdir / "metrics.jsonl") if record["kind"] != "compile"]
    return [{k: v for k, v in record.items() if k not in MACHINE} for record in records]


def final_state(workdir, config):
    mesh = make_mesh(config.mesh)
    optimiser = make_optimiser(config.optimiser, config.train.steps)
    abstract = abstract_state(ToyRecipe(), optimiser, micro(HELD_OUT[0]), config.mesh.rules, mesh)
    with Checkpoints(workdir / "checkpoints", config.train.keep_last) as checkpoints:
        restored = checkpoints.restore(config.train.steps, abstract, run_facts(config))
    return jax.device_get(restored.state), restored.position


def send(number, at):
    """Sends a signal to this process while batch `at` (1, 2, ...) is drawn, which is during step `at`."""
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


def test_sigterm_saves_and_resuming_equals_the_undisturbed_run(tmp_path, whole):
    workdir, config = tmp_path / "run", toy_config()
    stopped = run(workdir, iterator=ToyIterator(before_batch=send(signal.SIGTERM, 3)))
    assert (stopped.step, stopped.stopped) == (3, True)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    resumed = run(workdir)
    assert (resumed.step, resumed.stopped) == (6, False)
    assert numbers(workdir) == numbers(whole[0])
    state, position = final_state(workdir, config)
    expected, expected_position = final_state(whole[0], config)
    jax.tree.map(np.testing.assert_array_equal, state, expected)
    assert position == expected_position == {"n": 6}


def test_resuming_a_finished_run_does_nothing_again(whole):
    workdir, result = whole
    before = numbers(workdir)
    again = run(workdir)
    assert numbers(workdir) == before
    assert (again.step, again.metrics) == (6, result.metrics)


def test_a_killed_process_goes_on_with_the_same_losses(tmp_path, whole, cache):
    workdir = tmp_path / "run"
    killed_at = int(np.random.default_rng().integers(2, 6))
    script = (
        "import signal\nfrom pathlib import Path\nimport tests.training.test_loop as t\n"
        f"t.run(Path({str(workdir)!r}), iterator=t.ToyIterator(before_batch=t.send(signal.SIGKILL, {killed_at})))\n"
    )
    environment = {**os.environ, **cache, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert len([r for r in numbers(workdir) if r["kind"] == "train"]) == killed_at - 1
    assert run(workdir).step == 6
    assert numbers(workdir) == numbers(whole[0])


def test_a_run_goes_on_after_its_mesh_changed(tmp_path, whole):
    workdir = tmp_path / "run"
    run(workdir, iterator=ToyIterator(before_batch=send(signal.SIGINT, 2)))
    run(workdir, config=toy_config(mesh=MeshConfig(fsdp=2, tensor=2)))
    for ours, theirs in zip(numbers(workdir), numbers(whole[0]), strict=True):
        assert ours.pop("kind") == theirs.pop("kind")
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)


def test_divergence_stops_and_keeps_the_good_checkpoint(tmp_path, whole):
    def spoil(n, batch):
        return batch.replace(acts=np.full_like(batch.acts, np.nan)) if n == 4 else batch

    workdir, config = tmp_path / "run", toy_config(checkpoint_every=1)
    with pytest.raises(TrainingDiverged, match=r"training step 5: the loss terms acts are .* step 4;"):
        run(workdir, config=config, iterator=ToyIterator(change=spoil))
    assert run(workdir, config=config).step == 6
    assert numbers(workdir) == numbers(whole[0])


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
    first = next(record for record in numbers(workdir) if record["kind"] == "eval")
    last = [record for record in numbers(whole[0]) if record["kind"] == "eval"][-1]  # the only one with a checkpoint
    assert first == {**last, "step": 0}
