"""`space-jax bench`: what a report says, and what makes two of them hard to compare."""

import json

import pytest

from space_jax.cli import main
from space_jax.errors import UserError
from space_jax.scale.compare import SHOWN, differences, read_report, table_of

REPORT = {
    "config": "configs/a.py",
    "device": "cpu x 1",
    "machine": "x86_64, 2 cores",
    "batch_size": 32,
    "peak_from": "measured",
    "mfu": 0.5,
    "seconds_per_step": 2.0,
    "examples_per_second": 16.0,
    "flops_needed_per_step": 2e12,
}


def test_equal_conditions_are_not_remarked_on():
    assert differences(REPORT, dict(REPORT, seconds_per_step=1.0)) == []


def test_another_configuration_or_device_is_said():
    other = {**REPORT, "config": "configs/b.py", "device": "TPU v4 x 8"}
    assert differences(REPORT, other) == [
        "config was 'configs/b.py' there and is 'configs/a.py' here",
        "device was 'TPU v4 x 8' there and is 'cpu x 1' here",
    ]


def test_a_table_has_every_measure_and_the_ratio():
    other = {**REPORT, "seconds_per_step": 4.0, "mfu": None}
    table = table_of(REPORT, other, "before")
    columns = [list(column.cells) for column in table.columns]
    assert [len(cells) for cells in columns] == [len(SHOWN)] * 4
    row = SHOWN.index("seconds_per_step")
    assert [cells[row] for cells in columns] == ["seconds per step", "2.000", "4.000", "0.50"]
    assert columns[3][SHOWN.index("mfu")] == "-"


def test_what_is_no_report_is_refused(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"device": "cpu"}))
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "c.json").write_text(json.dumps(REPORT))
    with pytest.raises(UserError, match=r"a\.json: not a report of space-jax bench: it lacks seconds_per_step"):
        read_report(tmp_path / "a.json")
    with pytest.raises(UserError, match=r"b\.json: cannot be read"):
        read_report(tmp_path / "b.json")
    assert read_report(tmp_path / "c.json") == REPORT


@pytest.mark.slow
def test_the_command_measures_a_real_stream(tmp_path, capsys):
    train = ["tokenizer", "train", "simulated", "--dialogues", "40", "--vocab-size", "600"]
    assert main([*train, "--out", str(tmp_path / "tokenizer")]) == 0
    build = ["data", "build", "simulated", "--dialogues", "40", "--labelled-share", "0.5", "--max-turns", "4"]
    build += ["--max-turn-tokens", "20"]
    assert main([*build, "--tokenizer", str(tmp_path / "tokenizer"), "--out", str(tmp_path / "corpus")]) == 0
    made = f"real_config('space3', {str(tmp_path / 'corpus')!r})"
    program = f"from tests.training.run_of_pretraining import real_config\nget_config = lambda: {made}\n"
    (tmp_path / "c.py").write_text(program)
    bench = ["bench", "--config", str(tmp_path / "c.py"), "--steps", "2", "--json"]
    capsys.readouterr()
    assert main([*bench, "--out", str(tmp_path / "before.json")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == read_report(tmp_path / "before.json")
    assert report["examples_per_second"] == pytest.approx(16 / report["seconds_per_step"])
    assert 0 < report["padding_share"] < 1
    assert 0 < report["mfu"] < 1
    assert 0 <= report["input_wait_share"] <= 1
    assert report["workers"] == 0  # a CPU
    assert report["peak_memory_gib"] >= report["peak_memory_before_steps_gib"] > 0
