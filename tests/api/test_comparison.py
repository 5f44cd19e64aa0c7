"""Runs side by side, from their files alone."""

import dataclasses
import json

import pytest
from rich.console import Console

from space_jax.api import comparison
from space_jax.api.comparison import compare
from space_jax.cli import main
from space_jax.config_files import load_config, save_config
from space_jax.errors import UserError
from space_jax.tasks.config import DataSource, FinetuneConfig
from space_jax.tasks.intent.config import IntentConfig
from space_jax.training.checkpoint import Found


def write(folder, measures, **overrides):
    save_config(load_config("space3:tiny", {name.replace("__", "."): one for name, one in overrides.items()}), folder)
    lines = [{"kind": "eval", "step": step, "evaluation_seconds": 1.0, **found} for step, found in measures.items()]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture
def runs(tmp_path, monkeypatch):
    best = {"one": 5, "two": None}
    monkeypatch.setattr(comparison, "find_checkpoints", lambda folder: Found((), best[folder.parent.name]))
    one = write(tmp_path / "one", {0: {"loss": 3.0}, 5: {"loss": 1.0, "act_f1": 0.5}, 9: {"loss": 2.0, "act_f1": 0.25}})
    two = write(tmp_path / "two", {0: {"loss": 3.5}, 9: {"loss": 1.5}}, train__steps=7, data__prepared=("a", "b"))
    return one, two


def test_what_differs(runs):
    compared = compare(runs)
    assert list(compared.runs) == ["one", "two"]
    assert compared.fields["train.steps"][1] == 7
    assert compared.fields["data.prepared"][1] == ("a", "b")
    assert set(compared.fields) == {"train.steps", "data.prepared"}
    assert compared.best == ((5, {"loss": 1.0, "act_f1": 0.5}), (None, {}))
    assert compared.last == ((9, {"loss": 2.0, "act_f1": 0.25}), (9, {"loss": 1.5}))


def test_the_table(runs):
    console = Console(width=120)
    with console.capture() as shown:
        console.print(compare(runs).table())
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in shown.get().splitlines() if "│" in line]
    by_name = {name: cells for name, *cells in rows}
    assert by_name["train.steps"][1] == "7"
    assert by_name["data.prepared"][1] == "a, b"
    assert by_name["step"] == ["5 (9)", "- (9)"]
    assert by_name["loss"] == ["1.0000 (2.0000)", "- (1.5000)"]
    assert by_name["act f1"] == ["0.5000 (0.2500)", "-"]


def test_from_the_command_line(runs, tmp_path, capsys):
    picture = tmp_path / "new" / "both.png"
    assert main(["compare", *map(str, runs), "--json", "--picture", str(picture)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["one"]["best"] == {"step": 5, "loss": 1.0, "act_f1": 0.5}
    assert said["two"]["fields"]["train.steps"] == 7
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_runs_of_one_name_go_by_their_paths(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "find_checkpoints", lambda folder: Found((), None))
    again = write(tmp_path / "other" / "one", {0: {"loss": 3.0}})
    assert list(compare([runs[0], f"{again}/"]).runs) == [str(runs[0]), str(again)]


def test_what_cannot_be_compared(runs, tmp_path, capsys):
    def refused(*chosen):
        with pytest.raises(UserError) as raised:
            compare(chosen)
        return str(raised.value)

    assert refused(runs[0]) == "compare: expected at least two runs"
    assert refused(*runs, runs[0]) == f"compare: {runs[0]} is named twice"
    assert "no config.json; is it the workdir of a run?" in refused(runs[0], tmp_path)
    config = FinetuneConfig(IntentConfig(), DataSource(train="a.csv"))
    save_config(config, tmp_path / "fine")
    assert refused(runs[0], tmp_path / "fine") == (
        "compare: fine is a fine-tuning run and one is none; compare runs of one kind"
    )
    save_config(dataclasses.replace(config, dropout=0.5), tmp_path / "begun")
    assert "no evaluation yet" in refused(tmp_path / "fine", tmp_path / "begun")
    assert main(["compare", *map(str, runs), "--picture", "both.pdf"]) == 2
    assert capsys.readouterr().err == "space-jax: --picture both.pdf: expected a file that ends with .png\n"
