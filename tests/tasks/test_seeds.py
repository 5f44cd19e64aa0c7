"""Mean and spread over seeds, by hand."""

import json

import pytest

from space_jax.tasks.seeds import summarise


def test_mean_and_sample_deviation(tmp_path):
    runs = {
        0: {"accuracy": 0.8, "step": 3, "measure": "accuracy"},
        1: {"accuracy": 0.9, "step": 4},
        2: {"accuracy": 0.7},
    }
    summary = summarise(tmp_path / "new", runs)
    assert summary["seeds"] == [0, 1, 2]
    assert summary["accuracy"]["mean"] == pytest.approx(0.8)
    assert summary["accuracy"]["deviation"] == pytest.approx(0.1)
    assert set(summary) == {"seeds", "accuracy"}
    assert json.loads((tmp_path / "new" / "summary.json").read_text())["accuracy"] == summary["accuracy"]
    assert summarise(tmp_path, {5: {"accuracy": 0.5}})["accuracy"]["deviation"] == 0.0
