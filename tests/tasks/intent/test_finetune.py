"""Fine-tuning from end to end on a small world: results, resumption, refusals."""

import dataclasses
import json

import numpy as np
import pytest
import scipy.special

from space_jax.cli import main
from space_jax.config_files import read_config
from space_jax.errors import UserError
from space_jax.tasks import batches
from space_jax.tasks.config import FinetuneConfig, is_finetuned
from space_jax.tasks.finetune import finetune
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.logistic_regression import logistic_regression, one_hot
from space_jax.tasks.predictor import Predictor
from space_jax.training.checkpoint import find_checkpoints, read_arrays
from space_jax.training.metrics import read_records
from tests.tasks.intent.conftest import NOUNS, config_of, rows, write_jsonl


class KilledError(Exception):
    """What a test's kill looks like."""


def test_the_run_learns_and_writes_down_what_came_out(finished):
    workdir, results = finished
    assert results["accuracy"] > 0.9
    assert results["training_records"] == 27
    assert results["chosen_by"] == "highest accuracy on validation"
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
    real = batches.indices_of

    def killed_at_eleven(examples, batch_size, seed, step):
        if step == 11:  # drawn before the step on batch 10 is started
            raise KilledError
        return real(examples, batch_size, seed, step)

    workdir = tmp_path / "run"
    monkeypatch.setattr(batches, "indices_of", killed_at_eleven)
    with pytest.raises(KilledError):
        finetune(config_of(world), workdir, str(world / "bert"))
    monkeypatch.setattr(batches, "indices_of", real)
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


def test_a_run_in_a_bucket(world, finished, programs, checkpoints_of_bucket, bucket, tmp_path, monkeypatch):
    """From the first step to predictions, named by text; nothing is written into a local folder `gs:`."""
    for place, kept in programs.items():
        monkeypatch.setattr(*place, kept)
    monkeypatch.chdir(tmp_path)
    results = finetune(config_of(world), "gs://bucket/run", str(world / "bert"))
    assert not (tmp_path / "gs:").exists()
    assert (checkpoints_of_bucket / "bucket" / "run" / "checkpoints").is_dir()
    assert {k: v for k, v in results.items() if "seconds" not in k} == {
        k: v for k, v in finished[1].items() if "seconds" not in k
    }
    assert json.loads((bucket / "run" / "results.json").read_text()) == results
    expected = {"config.json", "curves.png", "errors.html", "labels.json", "metrics.jsonl", "results.json"}
    assert expected < {path.name for path in (bucket / "run").iterdir()}
    monkeypatch.setenv("SPACE_JAX_CACHE", str(tmp_path / "another machine"))
    again = finetune(config_of(world), "gs://bucket/run")  # nothing left to do
    assert again["step"] == results["step"]
    written = (bucket / "run" / "metrics.jsonl").read_text().splitlines()
    assert len(written) == len(read_records(finished[0] / "metrics.jsonl"))
    assert is_finetuned("gs://bucket/run")
    assert Predictor("gs://bucket/run").calibration == {"temperature": 1.0}
    assert main(["predict", "--workdir", "gs://bucket/run", "--input", str(world / "validation.jsonl")]) == 0


def test_a_refitted_head_is_the_regression_on_the_trained_vectors(world, tmp_path):
    config = config_of(world, epochs=1, eval_every=1)
    config = dataclasses.replace(config, task=dataclasses.replace(config.task, refit=True, r_drop_weight=0.0))
    finetune(config, tmp_path / "run", str(world / "bert"))
    trained = Predictor(tmp_path / "run", step="latest")
    examples = [trained.task.example(r) for r in trained.task.read_split(config.task, config.data, "train")]
    vectors, labels = trained.outputs(examples)["vector"], np.array([example.label for example in examples])
    head = logistic_regression(vectors, one_hot(labels, 3), np.ones(27), config.task.strength)
    logits = (vectors @ head["kernel"] + head["bias"]) / trained.calibration["temperature"]
    expected = scipy.special.softmax(logits, axis=1).max(axis=1)
    found = [prediction["score"] for prediction in trained.predict_examples(examples)]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.abs(trained.outputs(examples)["scores"].max(axis=1) - expected).max() > 1e-3  # of the head as trained


def test_what_is_out_of_scope_is_found_by_distance(world, tmp_path, capsys):
    outside = [{"id": f"o{n}", "text": f"{noun} {noun} ?", "label": "oos"} for n, noun in enumerate(NOUNS)]
    train = write_jsonl(tmp_path / "train.jsonl", [*rows(0, 27), *outside[:2]])
    held_out = write_jsonl(tmp_path / "validation.jsonl", [*rows(27, 9), *outside[2:]])
    config = config_of(world)
    config = dataclasses.replace(
        config,
        task=dataclasses.replace(config.task, head="frozen", head_start="regression"),
        data=dataclasses.replace(config.data, train=train, validation=held_out),
    )
    workdir = tmp_path / "run"
    results = finetune(config, workdir, str(world / "bert"))
    trained = Predictor(workdir)
    assert set(trained.calibration) == {"temperature", "threshold"}
    assert trained.support["vectors"].shape == (27, 8)
    assert results["out_of_scope_recall"] == results["out_of_scope_recall_at_cost"]  # of the split that chose
    assert results["temperature"] == trained.calibration["temperature"] != 1.0
    assert main(["evaluate", "--workdir", str(workdir), "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert {name: results[name] for name in measured if name in results} == {
        name: value for name, value in measured.items() if name in results
    }
    assert {"calibration_error", "calibration_error_before", "accuracy_at_coverage_90"} < set(measured)
    assert main(["predict", "--workdir", str(workdir), "--input", held_out]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    threshold = trained.calibration["threshold"]
    assert [one["label"] == "oos" for one in said] == [one["outside"] > threshold for one in said]
    assert sum(one["label"] == "oos" for one in said[9:]) == 2 * results["out_of_scope_recall"]
    (workdir / "support.npz").unlink()
    with pytest.raises(UserError, match=r"support\.npz: expected what this run keeps of its training"):
        Predictor(workdir)


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
    assert main(["finetune", "--config", "x.py", "--workdir", "w"]) == 2
    assert "configuration 'x.py': neither a file nor" in capsys.readouterr().err
