"""`show` and `info` of a fine-tuned run."""

import json
import shutil

import pytest

from space_jax.cli import main
from space_jax.errors import UserError
from space_jax.tasks.run_report import measures


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def rows_of(text):
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if "│" in line]


def test_show(finished, capsys, wide):
    workdir, results = finished
    assert main(["show", "--workdir", str(workdir), "--n", "3"]) == 0
    out = capsys.readouterr().out
    rows = {name: values for name, *values in rows_of(out)}
    best = f"step {results['step']} (best)"
    (header,) = [line for line in out.splitlines() if "held out" in line and best in line]
    columns = [cell.strip() for cell in header.strip("┃").split("┃")]
    assert columns[1] == "step 0"
    assert rows["accuracy"][columns.index(best) - 1] == f"{results['accuracy']:.3f}"
    texts = [line.split(None, 1)[1].strip() for line in out.splitlines() if line.strip().startswith("text ")]
    assert len(texts) == 3
    predicted = [line for line in out.splitlines() if line.strip().startswith("predicted ")]
    assert len(predicted) == 3
    assert all(line.rstrip().endswith(")") for line in predicted)
    assert f"curves: {workdir / 'curves.png'}" in out


def test_the_table_alone_needs_no_data(finished, tmp_path, capsys, wide):
    workdir = tmp_path / "moved"
    shutil.copytree(finished[0], workdir)
    config = json.loads((workdir / "config.json").read_text())
    config["data"]["validation"] = str(tmp_path / "gone.jsonl")
    (workdir / "config.json").write_text(json.dumps(config))
    assert main(["show", "--workdir", str(workdir), "--n", "0"]) == 0
    assert "accuracy" in capsys.readouterr().out


def test_a_run_of_one_evaluation_is_shown_and_one_of_none_refused(tmp_path):
    with pytest.raises(UserError, match="no evaluation yet"):
        measures(tmp_path)
    (tmp_path / "metrics.jsonl").write_text('{"kind": "eval", "step": 0, "accuracy": 0.5}\n')
    assert [column.header for column in measures(tmp_path).columns] == ["held out", "step 0"]


def test_info(finished, capsys, wide):
    workdir, results = finished
    assert main(["info", "--workdir", str(workdir)]) == 0
    rows = dict(row for row in rows_of(capsys.readouterr().out) if len(row) == 2)
    assert rows["task"] == "intent"
    assert rows["weights"].startswith("of no recipe, 2 layers x ")
    assert rows["data"].startswith("train ")
    assert "train.jsonl, validation " in rows["data"]
    assert rows["passes wanted"] == "8"
    assert str(results["step"]) in rows["checkpoints"].split(", ")
    assert rows["best"] == str(results["step"])


def test_what_wants_a_pre_training_run_says_what_it_found(finished, capsys):
    from space_jax.config_files import read_config

    with pytest.raises(UserError, match=r"config\.json: is of a fine-tuning run; expected one of a pre-training run"):
        read_config(finished[0])
