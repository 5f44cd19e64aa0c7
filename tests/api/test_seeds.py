"""`finetune` with several seeds: a run for each, with its own draw of examples, and none after one that was stopped."""

import pytest

from space_jax.api import runs
from space_jax.api.runs import finetune
from space_jax.config_files import load_config
from space_jax.tasks.finetune import Subset

CONFIG = load_config("finetune/banking77:few", {"train.seed": 4})


@pytest.fixture
def calls(monkeypatch):
    """What the runs are asked for; the run of seed 9 is stopped."""
    asked = []

    def run(config, workdir, init, subset, grafts):
        assert grafts == ()
        asked.append((config.train.seed, workdir.name, init, subset))
        return None if config.train.seed == 9 else {"step": 5, "accuracy": config.train.seed / 10}

    monkeypatch.setattr(runs.finetuning, "finetune", run)
    return asked


def test_one_run_has_the_seed_of_the_configuration(calls, tmp_path):
    assert finetune(CONFIG, str(tmp_path / "run"), "minilm", "10") == {"step": 5, "accuracy": 0.4}
    assert calls == [(4, "run", "minilm", Subset("10", 4))]


def test_a_run_for_each_seed(calls, tmp_path):
    summary = finetune(CONFIG, tmp_path, "minilm", shots="10%", seeds=(0, 2))
    assert summary["accuracy"]["mean"] == pytest.approx(0.1)
    assert calls == [(0, "seed-0", "minilm", Subset("10%", 0)), (2, "seed-2", "minilm", Subset("10%", 2))]
    assert (tmp_path / "summary.json").is_file()


def test_a_run_that_is_stopped_is_the_last(calls, tmp_path):
    assert finetune(CONFIG, tmp_path, seeds=(9, 1)) is None
    assert [seed for seed, *_ in calls] == [9]
    assert not (tmp_path / "summary.json").exists()
