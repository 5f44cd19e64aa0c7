"""From weights to a conversation: fine-tune on two dialogues, talk in the terminal, read the transcript."""

import io
import json

import numpy as np
import pytest

from space_jax.cli import main
from space_jax.dialogue.jsonl import write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.finetune import finetune
from tests.agent.conftest import CONFIG, vocabulary
from tests.convert.bert_folder import bert_state, write_bert_folder

pytestmark = pytest.mark.slow


def dialogue(number):
    propose = (Frame("hotel", "propose", (Slot("name", (Value("Ivy"),)),)),)
    return Dialogue(
        f"d{number}",
        (
            Turn(USER, "a hotel in the north", state={"hotel": {"area": ("north",)}}),
            Turn(SYSTEM, "Ivy ?", propose, ("propose",), delexicalised="[hotel_name] ?"),
            Turn(USER, "yes", state={"hotel": {"area": ("north",), "name": ("Ivy",)}}),
            Turn(SYSTEM, "good", (Frame("general", "bye"),), ("bye",)),
        ),
    )


def tame(name, array):
    """Weights as small as a model's are, so that few steps are enough to learn from."""
    if array.ndim == 2:
        return array * np.float32(0.1)
    return np.full_like(array, 1.0 if name.endswith("LayerNorm.weight") else 0.0)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agent")
    pieces = vocabulary()
    state = bert_state(pieces=pieces, positions=64, hidden=32, mlp=64)
    write_bert_folder(folder / "bert", {name: tame(name, array) for name, array in state.items()}, pieces=pieces)
    for split, numbers in (("train", range(8)), ("validation", range(8, 10))):
        write_jsonl(folder / f"{split}.jsonl", map(dialogue, numbers))
    (folder / "hotel.csv").write_text("name,area\nIvy,north\nOak,south\n")
    config = FinetuneConfig(
        task=CONFIG.__class__(**{**vars(CONFIG), "database": str(folder / "hotel.csv")}),
        data=DataSource(train=str(folder / "train.jsonl"), validation=str(folder / "validation.jsonl")),
        dropout=0.0,
        optimiser=FinetuneOptimiserConfig(learning_rate=1e-2, clip_norm=1.0),
        train=FinetuneTrainConfig(epochs=30, eval_every=15, batch_size=8),
    )
    results = finetune(config, folder / "run", str(folder / "bert"))
    assert results["state_exact"] == results["acts_exact"] == results["response_exact"] == 1.0
    return folder / "run"


def test_tables_that_do_not_meet_the_agent_are_named_and_not_spoken_of(workdir, monkeypatch, capsys, tmp_path):
    """`table_column_of_another_name` and `placeholder_as_words`, from the command on."""
    for name, header in (("hotel", "name,quarter"), ("hotels", "name,area")):
        (tmp_path / f"{name}.csv").write_text(f"{header}\nElm,north\n")
        monkeypatch.setattr("sys.stdin", io.StringIO("a hotel in the north\n"))
        assert main(["chat", "--workdir", str(workdir), "--database", str(tmp_path / f"{name}.csv")]) == 0
        out, err = capsys.readouterr()
        if name == "hotel":
            assert "table hotel has no column for area; what has no column restricts no search" in err
            assert "agent> Elm?" in out
        else:
            assert "table hotels belongs to no domain of the agent (nearest: hotel)" in err
            assert "agent> I cannot look up any hotel." in out


def test_a_conversation_in_the_terminal(workdir, monkeypatch, capsys, tmp_path):
    said = ["a hotel in the north", "yes", "", "/new", "a hotel in the north"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(said) + "\n"))
    transcript = tmp_path / "transcript.jsonl"
    assert main(["chat", "--workdir", str(workdir), "--transcript", str(transcript)]) == 0
    shown = capsys.readouterr().out
    assert "hotel: 1 match [db_1]" in shown
    lines = [json.loads(line) for line in transcript.read_text().splitlines()]
    assert [line["user"] for line in lines] == ["a hotel in the north", "yes", "", "a hotel in the north"]
    assert lines[0]["system"] == lines[3]["system"] == "Ivy?"
    assert lines[0]["acts"] == [["hotel", "propose", {"name": "Ivy"}]]
    assert lines[1]["understood"] == {"added": {"hotel": {"name": "Ivy"}}, "changed": {}, "removed": {}}
    assert lines[1]["state"] == {"hotel": {"area": "north", "name": "Ivy"}}
    assert "say it again" in lines[2]["system"]
