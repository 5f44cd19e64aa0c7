"""Fine-tuning from end to end on a small world: results, resumption, refusals."""

import dataclasses
import json

import numpy as np
import pytest

from space_jax.cli import main
from space_jax.config_files import read_config
from space_jax.errors import UserError
from space_jax.tasks import fitting
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.finetune import finetune
from space_jax.tasks.intent.config import IntentConfig
from space_jax.training.checkpoint import find_checkpoints, read_arrays
from space_jax.training.metrics import read_records
from tests.tasks.intent.conftest import config_of


class KilledError(Exception):
    """What a test's kill looks like."""


def test_the_run_learns_and_writes_down_what_came_out(finished):
    workdir, results = finished
    assert results["accuracy"] > 0.9
    assert results["training_records"] == 27
    assert results["validation_records"] == 9
    assert json.loads((workdir / "results.json").read_text()) == results
    assert json.loads((workdir / "labels.json").read_text())["labels"] == ["book", "cancel", "greet"]
    assert f"{round(9 * results['accuracy'])} of 9 right" in (workdir / "errors.html").read_text()
    assert (workdir / "curves.png").is_file()
    config = read_config(workdir, FinetuneConfig)
    assert (config.model.layers, config.recipe, config.task.max_tokens) == (2, "", 6)


def test_the_best_checkpoint_is_that_of_the_first_highest_score(finished):
    workdir, results = finished
    scores = {r["step"]: r["accuracy"] for r in read_records(workdir / "metrics.jsonl") if r["kind"] == "eval"}
    assert list(scores) == [0, 8, 16, 24, 32]
    first = min(step for step, score in scores.items() if score == max(scores.values()))
    assert results["step"] == first == find_checkpoints(workdir / "checkpoints").best


def test_a_killed_run_goes_on_exactly(world, finished, programs, tmp_path, monkeypatch):
    for place, kept in programs.items():
        monkeypatch.setattr(*place, kept)
    real = fitting.train_batch

    def killed_at_ten(*arguments):
        if arguments[5] == 10:
            raise KilledError
        return real(*arguments)

    workdir = tmp_path / "run"
    monkeypatch.setattr(fitting, "train_batch", killed_at_ten)
    with pytest.raises(KilledError):
        finetune(config_of(world), workdir, str(world / "bert"))
    monkeypatch.setattr(fitting, "train_batch", real)
    assert max(find_checkpoints(workdir / "checkpoints").steps) == 9
    results = finetune(config_of(world), workdir)

    whole, expected = finished
    assert {k: v for k, v in results.items() if "seconds" not in k} == {
        k: v for k, v in expected.items() if "seconds" not in k
    }
    ours, theirs = read_arrays(workdir / "checkpoints", 32), read_arrays(whole / "checkpoints", 32)
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)

    def losses(folder):
        return [(r["step"], r["loss"]) for r in read_records(folder / "metrics.jsonl") if r["kind"] == "train"]

    assert losses(workdir) == losses(whole)


def test_mistakes_are_said(world, finished, tmp_path, capsys):
    with pytest.raises(UserError, match="--init: expected the weights"):
        finetune(config_of(world), tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with pytest.raises(UserError, match="belongs to another configuration"):
        finetune(config_of(world, batch_size=16), finished[0])
    assert read_config(finished[0], FinetuneConfig).train.batch_size == 8
    long = dataclasses.replace(config_of(world), task=IntentConfig())
    with pytest.raises(UserError, match=r"task\.max_tokens: 62 tokens .* 32 positions"):
        finetune(long, tmp_path / "new", str(world / "bert"))
    given = ["finetune", "--config", "x.py", "--workdir", "w", "--seeds", "0,a"]
    assert main(given) == 2
    assert "configuration 'x.py': no file" in capsys.readouterr().err
