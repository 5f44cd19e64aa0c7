"""`show` of an agent: dialogues with its answers beneath the true ones."""

import pytest

from space_jax.agent.agent import Agent
from space_jax.cli import main
from space_jax.config_files import save_config
from space_jax.dialogue.jsonl import write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.tasks.config import DataSource, FinetuneConfig
from tests.agent.conftest import CONFIG


@pytest.fixture
def run(agent, monkeypatch, tmp_path):
    """The workdir of a run that was evaluated once, without its checkpoint."""
    monkeypatch.setattr(Agent, "load", lambda workdir: agent)
    monkeypatch.setenv("COLUMNS", "200")
    state = {"hotel": {"area": ("north",)}}
    said = Turn(USER, "a hotel in the north", state=state), Turn(SYSTEM, "Ivy", delexicalised="[hotel_name]")
    write_jsonl(tmp_path / "validation.jsonl", [Dialogue(f"d{n}", said) for n in range(4)])
    save_config(FinetuneConfig(task=CONFIG, data=DataSource(validation=str(tmp_path / "validation.jsonl"))), tmp_path)
    (tmp_path / "metrics.jsonl").write_text('{"kind": "eval", "step": 0, "token_likelihood": 0.25}\n')
    return tmp_path


def test_dialogues(run, capsys):
    assert main(["show", "--workdir", str(run), "--n", "2"]) == 0
    lines = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
    named = [(words[0], words[1].strip()) for words in lines if len(words) == 2]
    assert ("dialogue", "d0") in named
    assert ("dialogue", "d1") in named
    assert ("dialogue", "d2") not in named
    at = named.index(("dialogue", "d0"))
    assert named[at + 1] == ("user", "a hotel in the north")
    assert named[at + 2] == ("true", "[hotel area: north] [hotel_name]")
    assert named[at + 3][0] == "predicted"
    assert named[at + 3][1].startswith("[")


def test_the_table_alone_writes_nothing(run, capsys, agent, monkeypatch):
    monkeypatch.setattr(Agent, "load", None)
    assert main(["show", "--workdir", str(run), "--n", "0"]) == 0
    assert "token likelihood" in capsys.readouterr().out
