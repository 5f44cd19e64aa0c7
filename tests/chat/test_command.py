"""`space-jax chat`: mistakes on the command line."""

import json

import pytest

from space_jax.agent.agent import Agent
from space_jax.cli import main
from space_jax.decoding.sampling import Sampling
from space_jax.errors import UserError


@pytest.fixture
def mistake(capsys):
    """Runs a command that must end with one sentence."""

    def run(*arguments):
        assert main([str(argument) for argument in arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        return err.strip()

    return run


@pytest.mark.parametrize("verb", ["chat", "play", "respond"])
@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (None, "no config.json in it"),
        ({"recipe": {"name": "space3"}}, "its config.json names no task, as that of a pre-training run"),
    ],
)
def test_a_folder_that_is_no_fine_tuning_run(mistake, tmp_path, verb, config, reason):
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    assert mistake(verb, "--workdir", tmp_path) == (
        f"space-jax: {tmp_path}: not the workdir of a fine-tuning run ({reason}); "
        "expected a folder that `space-jax finetune --workdir` wrote"
    )


def test_a_folder_that_is_not_there(mistake, tmp_path):
    assert "(there is no such folder); expected" in mistake("chat", "--workdir", tmp_path / "none")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", 80), "--port: needs --web"),
        (("--host", "x"), "--host: needs --web"),
        (("--web", "--port", 70000), "--port: expected 1 to 65535, found 70000"),
        (("--web", "--transcript", "t.jsonl"), "--transcript: expected a conversation in the terminal, found --web"),
        (("--transcript", "no/such/t.jsonl"), "--transcript: expected an existing folder"),
        (("--transcript", "/"), "--transcript: expected a file to write, found the folder /"),
    ],
)
def test_options_that_do_not_go_together(mistake, tmp_path, options, said):
    assert said in mistake("chat", "--workdir", tmp_path, *options)


@pytest.mark.parametrize(
    ("options", "sampling"),
    [
        ((), Sampling(0.0)),
        (("--top-k", "5"), Sampling(1.0, 5)),
        (("--top-p", "0.9"), Sampling(1.0, 0, 0.9)),
        (("--top-k", "5", "--temperature", "0.7"), Sampling(0.7, 5)),
        (("--temperature", "0"), Sampling(0.0)),
    ],
)
def test_a_choice_among_some_tokens_is_a_draw(monkeypatch, tmp_path, options, sampling):
    asked = []

    def load(workdir, step, sampling, seed, database):
        asked.append(sampling)
        raise UserError("enough")

    monkeypatch.setattr(Agent, "load", load)
    assert main(["chat", "--workdir", str(tmp_path), *options]) == 2
    assert asked == [sampling]
