"""A mistyped verb, action, option, value or field is answered with the nearest."""

import os

import pytest

from space_jax.cli import main
from space_jax.compilation_cache import leave_out_banners


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("pretrian", "invalid choice: 'pretrian'; nearest: pretrain (choose from "),
        ("data stat simulated", "invalid choice: 'stat'; nearest: stats (choose from "),
        ("data stats simulated --split tets", "invalid choice: 'tets'; nearest: test (choose from "),
        ("data stats simulated --splt train", "unrecognized arguments: --splt train; nearest: --split"),
        ("info --wrokdir a", "unrecognized arguments: --wrokdir a; nearest: --workdir"),
        ("evaluate --wrokdir=a", "required: --workdir; --wrokdir is not known; nearest: --workdir"),
        ("show --wrokdir a --workdir b", "unrecognized arguments: --wrokdir a; nearest: --workdir"),
        (
            "pretrain --config c --workdir w --train.steps=5",
            "unrecognized arguments: --train.steps=5; a field of the configuration is set by --config.train.steps=5",
        ),
        (
            "pretrain --config c --workdir w --confg.train.steps=5",
            "; a field of the configuration is set by --config.train.steps=5",
        ),
    ],
)
def test_the_nearest(line, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("line", ["zzzz", "info --zzzz", "data stats simulated --split zzzz", "pretrain --workdir w"])
def test_nothing_is_guessed_where_nothing_is_near(line, capsys):
    with pytest.raises(SystemExit):
        main(line.split())
    assert "nearest" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("field", "nearest"),
    [("train.stpes", "train.steps"), ("steps", "train.steps"), ("learning_rate", "optimiser.learning_rate")],
)
def test_a_field_is_found_by_its_last_name_too(field, nearest, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["pretrain", "--config", "space3:tiny", "--workdir", "w", f"--config.{field}=3"]) == 2
    assert capsys.readouterr().err == f"space-jax: config field {field} does not exist; nearest: {nearest}\n"


def test_banners_are_left_out_unless_somebody_wants_them(monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    leave_out_banners()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    leave_out_banners()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
