"""`--sweep`: the grid, folders named by values, the table at the end, and runs that fail or are stopped."""

import argparse
import json

import pytest
from rich.console import Console

from space_jax.cli import main
from space_jax.commands.sweeping import SUMMARY, configs_of, sweep, table_of
from space_jax.config import PretrainConfig
from space_jax.errors import UserError
from space_jax.training.checkpoint import Found
from space_jax.training.loop import Result


def given(*sweeps):
    return argparse.Namespace(sweep=list(sweeps), config="space3:tiny")


def test_the_grid():
    sweeps = given("optimiser.learning_rate=1e-4, 3e-4", "train.steps=5,6")
    configs = configs_of(sweeps, {"data.batch_size": "16"}, PretrainConfig)
    assert list(configs) == [
        "optimiser.learning_rate=1e-4,train.steps=5",
        "optimiser.learning_rate=1e-4,train.steps=6",
        "optimiser.learning_rate=3e-4,train.steps=5",
        "optimiser.learning_rate=3e-4,train.steps=6",
    ]
    rates = [(one.optimiser.learning_rate, one.train.steps, one.data.batch_size) for one in configs.values()]
    assert rates == [(1e-4, 5, 16), (1e-4, 6, 16), (3e-4, 5, 16), (3e-4, 6, 16)]


def test_values_of_paths_make_one_folder_each():
    (name,) = configs_of(given("data.prepared=../runs/my corpus"), {}, PretrainConfig)
    assert name == "data.prepared=.._runs_my_corpus"
    assert "/" not in name


@pytest.mark.parametrize(
    ("sweeps", "message"),
    [
        (["optimiser.learning_rate"], "expected FIELD=V,V,..., as optimiser"),
        (["=1,2"], "expected FIELD=V,V,..., as optimiser"),
        (["train.steps=,"], "expected FIELD=V,V,..., as optimiser"),
        (["train.steps=5,5"], "--sweep train.steps=5,5: names a value twice"),
        (["train.steps=5", "train.steps=6"], "--sweep train.steps=6: train.steps is set elsewhere on the command line"),
        (["data.batch_size=8,16"], "data.batch_size is set elsewhere on the command line"),
        (["train.stpes=5,6"], "config field train.stpes does not exist; nearest: train.steps"),
        (["train.steps=5,many"], "config field train.steps: 'many' is not a whole number"),
        (["train.steps=5,-1"], "config field train.steps: -1 is not positive"),
    ],
)
def test_all_is_refused_before_anything_runs(sweeps, message):
    with pytest.raises(UserError) as refused:
        configs_of(given(*sweeps), {"data.batch_size": "16"}, PretrainConfig)
    assert message in str(refused.value)


CONFIGS = {"rate=1": 1, "rate=2": 2, "rate=3": 3}


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")


def test_one_that_fails_is_named_and_the_others_go_on(tmp_path, capsys, wide):
    folders = []

    def train(config, folder):
        folders.append(folder.name)
        if config == 2:
            raise UserError("training step 7: the gradient is not finite")
        return {"step": config, "accuracy": config / 10}

    with pytest.raises(UserError) as failed:
        sweep(CONFIGS, tmp_path, train)
    assert str(failed.value) == (
        "1 of 3 runs failed, of which the first is rate=2: training step 7: the gradient is not finite"
    )
    assert folders == list(CONFIGS)
    out, err = capsys.readouterr()
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in out.splitlines() if line[:1] == "│"]
    assert rows == [["1", "1", "0.1000", ""], ["2", "-", "-", "failed"], ["3", "3", "0.3000", "best"]]
    assert err.splitlines()[1:3] == ["run 2 of 3: rate=2", "failed: training step 7: the gradient is not finite"]
    written = json.loads((tmp_path / SUMMARY).read_text())
    assert written["rate=3"] == {"step": 3, "accuracy": 0.3}
    assert written["rate=2"] == {"failed": "training step 7: the gradient is not finite"}


def test_one_that_is_stopped_ends_the_sweep_and_the_same_call_goes_on(tmp_path, capsys):
    done = []

    def stopped(config, folder):
        if config == 2 and config not in done:
            done.append(config)
            return None
        done.append(config)
        return {"step": 1, "loss": float(config)}

    sweep(CONFIGS, tmp_path, stopped, falling=True)
    assert done == [1, 2]
    assert not (tmp_path / SUMMARY).exists()
    assert capsys.readouterr().err.endswith("stopped in rate=2; the same command continues from here\n")
    sweep(CONFIGS, tmp_path, stopped, falling=True, as_json=True)
    assert done == [1, 2, 1, 2, 3]
    assert json.loads(capsys.readouterr().out)["rate=3"] == {"step": 1, "loss": 3.0}


def marked(every, falling):
    console = Console(width=200)
    with console.capture() as shown:
        console.print(table_of(every, "runs/x", falling))
    return [line.split("│")[1].strip() for line in shown.get().splitlines() if "best" in line and line[:1] == "│"]


def test_the_best_is_the_lowest_loss_or_the_highest_measure_or_mean():
    losses = {"rate=1": {"step": 1, "loss": 2.0}, "rate=2": {"step": 1, "loss": 1.0}}
    assert marked(losses, falling=True) == ["2"]
    assert marked(losses, falling=False) == ["1"]
    means = {run: {"step": "-", "f1": {"mean": one["loss"], "deviation": 0.1}} for run, one in losses.items()}
    assert marked(means, falling=False) == ["1"]
    assert marked({"rate=1": losses["rate=1"]}, falling=True) == []  # of nothing else


def test_from_pretrain(tmp_path, monkeypatch, capsys, wide):
    """The measure that decides comes first, and terms of the loss are left out."""

    def pretrain(config, folder, init, grafts):
        folder.mkdir(parents=True)
        loss = 1000 * config.optimiser.learning_rate
        record = {"kind": "eval", "step": 9, "loss": loss, "term/masked": 1.0, "act_f1": 0.5, "evaluation_seconds": 2.0}
        (folder / "metrics.jsonl").write_text(json.dumps(record) + "\n")
        return Result(9, stopped=False, metrics={}, compile_seconds=0.0)

    monkeypatch.setattr("space_jax.training.pretrain.pretrain", pretrain)
    monkeypatch.setattr("space_jax.training.checkpoint.find_checkpoints", lambda folder: Found((9,), 9))
    command = ["pretrain", "--config", "space3:tiny", "--workdir", str(tmp_path / "runs")]
    assert main([*command, "--sweep", "optimiser.learning_rate=1e-3,3e-4"]) == 0
    out = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in out.splitlines() if line[:1] == "│"]
    assert rows == [["1e-3", "9", "1.0000", "0.5000", ""], ["3e-4", "9", "0.3000", "0.5000", "best"]]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "optimiser.learning_rate=1e-3",
        "optimiser.learning_rate=3e-4",
        SUMMARY,
    ]


def test_from_finetune(tmp_path, monkeypatch, capsys):
    asked = []

    def finetune(config, folder, init, shots, seeds, grafts):
        asked.append((config.train.batch_size, folder.name, init, shots, seeds))
        scores = {"macro_f1": 0.25, "accuracy": 0.5, "seconds_of_the_last_call": 3.0}
        return {"step": 4, "measure": "accuracy", "chosen_by": "...", **scores, "training_records": 9}

    monkeypatch.setattr("space_jax.api.runs.finetune", finetune)
    command = ["finetune", "--config", "finetune/intent_csv", "--workdir", str(tmp_path), "--init", "minilm"]
    assert main([*command, "--shots", "5", "--sweep", "train.batch_size=8,16", "--json"]) == 0
    measured = {"step": 4, "accuracy": 0.5, "macro_f1": 0.25}
    names = ["train.batch_size=8", "train.batch_size=16"]
    assert json.loads(capsys.readouterr().out) == dict.fromkeys(names, measured)
    assert asked == [(8, names[0], "minilm", "5", []), (16, names[1], "minilm", "5", [])]
