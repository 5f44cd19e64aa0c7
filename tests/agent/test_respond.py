"""`space-jax respond` with a model that knows nothing: files of difficult dialogues, and MultiWOZ up to its scores."""

import argparse
import json

import pytest

from space_jax.agent.agent import Agent
from space_jax.agent.conversation import SAY_AGAIN, Conversation
from space_jax.agent.writer import Writer
from space_jax.cli import main
from space_jax.commands.respond import _source
from space_jax.config_files import save_config
from space_jax.decoding.sampling import Sampling
from space_jax.dialogue.jsonl import write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError
from space_jax.tasks.config import DataSource, FinetuneConfig
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.world.backend import Tables
from space_jax.world.database import Database
from space_jax.writing import locked
from tests.agent.conftest import CONFIG
from tests.evaluation.multiwoz.conftest import HOTELS, write_source

SAID = (
    "",
    "   ",
    "north " * 1000,
    "x" * 5000,
    "漢字かな",
    "مرحبا بكم",
    "🙂🙂",
    "\u200b",
    "[hotel_name] <eos_u> ; : \\",
    "?!",
)


@pytest.fixture
def run(agent, monkeypatch, tmp_path):
    """Runs the command on a run with this source of data, without its checkpoint; gives the status."""
    asked = []

    def load(workdir, step="best", **options):
        asked.append(options)
        return agent

    monkeypatch.setattr(Agent, "load", load)

    def respond(data, *options):
        save_config(FinetuneConfig(task=CONFIG, data=data), tmp_path)
        return main(["respond", "--workdir", str(tmp_path), *options])

    respond.asked = asked
    return respond


def answered(text, state=None):
    return Turn(USER, text, state=state), Turn(SYSTEM, "yes", delexicalised="")


def test_difficult_dialogues(run, tmp_path, capsys):
    state = {"hotel": {"area": ("north", "the north")}}
    long = [turn for number in range(50) for turn in answered(SAID[number % len(SAID)], state)]
    dialogues = [
        Dialogue("long", tuple(long)),
        Dialogue(
            "a-b", (Turn(SYSTEM, ""), *answered("hello"), Turn(SYSTEM, "more"), Turn(USER, ""), Turn(USER, "bye"))
        ),
        Dialogue("silent", (Turn(USER, "hello"),)),
    ]
    write_jsonl(tmp_path / "test.jsonl", dialogues)
    out = tmp_path / "turns.json"
    data = DataSource(test=str(tmp_path / "test.jsonl"))
    assert run(data, "--together", "2", "--out", str(out)) == 0
    printed, said = capsys.readouterr()
    assert said == ""  # nothing within a minute where nobody watches
    shown = json.loads(printed)
    assert (shown["dialogues"], shown["turns"], shown["given"], shown["beam"]) == (3, 51, [], 1)
    assert shown["tokens_per_second"] > shown["words_per_second"] > 0
    written = json.loads(out.read_text())
    assert {name: len(turns) for name, turns in written.items()} == {"long": 50, "a-b": 1, "silent": 0}
    responses = [turn["response"] for turns in written.values() for turn in turns]
    assert all(response.strip() for response in responses)
    assert SAY_AGAIN not in responses  # users who say nothing are answered, since every turn is counted
    assert not list(tmp_path.glob(".*"))


def test_a_run_that_was_stopped_goes_on(run, agent, tmp_path, capsys, monkeypatch):
    """As it would have ended undisturbed; the dialogues that are done are not answered again."""
    users = (3, 1, 2)  # turns
    dialogues = [Dialogue(f"d{n}", tuple(turn for _ in range(n) for turn in answered("a hotel"))) for n in users]
    write_jsonl(tmp_path / "test.jsonl", dialogues)
    whole, out = tmp_path / "whole.json", tmp_path / "turns.json"
    data = DataSource(test=str(tmp_path / "test.jsonl"))
    assert run(data, "--together", "1", "--out", str(whole)) == 0
    reply, calls = agent.replies, []

    def stopped(*arguments):
        calls.append(arguments)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return reply(*arguments)

    monkeypatch.setattr(agent, "replies", stopped)
    assert run(data, "--together", "1", "--out", str(out)) == 130
    assert not out.exists()
    part = tmp_path / "turns.json.part"
    kept = part.read_text()
    others = [Dialogue(one.id, (*answered("a taxi"), *one.turns[2:])) for one in dialogues]
    write_jsonl(tmp_path / "test.jsonl", others)
    capsys.readouterr()
    assert run(data, "--together", "1", "--out", str(out)) == 0
    assert "going on" not in capsys.readouterr().err  # the same ids, but other words
    out.unlink()
    part.write_text(kept)
    write_jsonl(tmp_path / "test.jsonl", dialogues)
    calls.clear()
    assert run(data, "--together", "1", "--out", str(out)) == 0
    printed, said = capsys.readouterr()
    assert said.splitlines() == ["continuing after 1 dialogues"]
    assert json.loads(printed)["turns"] == 3
    assert len(calls) == 3
    assert out.read_text() == whole.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "test.jsonl", "turns.json", "whole.json"]


def test_own_dialogues_on_own_tables_are_scored(run, agent, tmp_path, capsys, monkeypatch):
    """And the parts that reached their limit, as those of a model that knows nothing do, are counted."""
    monkeypatch.setattr(agent, "misfits", ("table hotels belongs to no domain of the agent",))
    dialogue = Dialogue(
        "d",
        (
            Turn(USER, "a hotel", state={"hotel": {"area": ("north",)}}),
            Turn(SYSTEM, "Ivy ?", delexicalised="[hotel_name] ?"),
        ),
    )
    write_jsonl(tmp_path / "test.jsonl", [dialogue])
    data = DataSource(test=str(tmp_path / "test.jsonl"))
    assert run(data) == 0
    printed, said = capsys.readouterr()
    assert said.splitlines()[0] == "table hotels belongs to no domain of the agent"
    shown = json.loads(printed)
    assert (shown["state_accuracy"], shown["success"]) == (0, 0)
    assert "match" not in shown  # this run has no tables
    assert set(shown["cut"]) <= {"state", "acts", "response"}
    assert sum(shown["cut"].values())
    assert run(data, "--given", "states") == 0
    assert json.loads(capsys.readouterr().out)["state_accuracy"] == 100


def test_a_second_command_does_not_write_the_same_file(run, tmp_path, capsys):
    write_jsonl(tmp_path / "test.jsonl", [Dialogue("d", tuple(answered("a hotel")))])
    data, out = DataSource(test=str(tmp_path / "test.jsonl")), tmp_path / "turns.json"
    with locked(tmp_path / ".turns.json.lock", "the first"):
        assert run(data, "--out", str(out)) == 2
    assert "--out" in (said := capsys.readouterr().err)
    assert "turns.json: another process is writing it (process " in said
    assert not out.exists()


@pytest.fixture
def multiwoz(tmp_path):
    """The corpora as the evaluation has them, with the tables where the agent looks for them."""
    folder = write_source(tmp_path / "source")
    (folder / "multiwoz21" / "db").mkdir()
    (folder / "multiwoz21" / "db" / "hotel_db.json").write_text(json.dumps(HOTELS))
    return folder


def test_multiwoz_up_to_its_scores(run, multiwoz, tmp_path, capsys):
    out, data = tmp_path / "predictions.json", DataSource(corpus="multiwoz21", source=str(multiwoz / "multiwoz21"))
    for options, states in (((), "predicted"), (("--given", "states, responses"), "annotated")):
        assert run(data, "--out", str(out), *options) == 0
        shown = json.loads(capsys.readouterr().out)
        assert (shown["corpus"], shown["dialogues"], shown["turns"]) == ("multiwoz21", 2, 5)
        assert main(["multiwoz-eval", str(out), "--source", str(multiwoz), "--json"]) == 0
        figures = json.loads(capsys.readouterr().out)
        assert (figures["dialogues"], figures["turns"], figures["missing_dialogues"]) == (2, 5, [])
        assert (figures["states"], figures["active_domains"]) == (states, "given")
        assert not figures["unresolved"]["fields"]


def test_the_beam_is_asked_for_and_another_corpus_takes_its_own_tables(run, multiwoz, tmp_path, capsys):
    elsewhere = ("--corpus", "multiwoz21", "--source", str(multiwoz / "multiwoz21"), "--limit", "1", "--beam", "3")
    assert run(DataSource(test="none.jsonl"), *elsewhere) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["corpus"], shown["dialogues"], shown["beam"]) == ("multiwoz21", 1, 3)
    assert run.asked == [{"beam": 3}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--beam", "0"), "--beam: expected at least 1, found 0"),
        (("--together", "0"), "--together: expected at least 1, found 0"),
        (("--limit", "-1"), "--limit: expected at least 1, found -1"),
        (("--given", "state"), "--given: 'state' is not one of states, acts, responses"),
        (("--out", "no/such/folder/x.json"), "--out: expected an existing folder"),
    ],
)
def test_mistakes_are_told_first(run, options, message, capsys):
    assert run(DataSource(test="none.jsonl"), *options) == 2
    assert message in capsys.readouterr().err
    assert run.asked == []


def test_the_help_explains_what_can_be_given(capsys):
    with pytest.raises(SystemExit):
        main(["respond", "--help"])
    shown = capsys.readouterr().out
    assert "states     the true belief state of each turn (policy optimisation" in shown
    assert "space-jax multiwoz-eval predictions.json --source DIR" in shown


@pytest.fixture(scope="module")
def wide(task, params):
    return Agent(Writer(task, params, beam=3))


def test_a_beam_of_many_answers_as_one_alone(wide, agent):
    fresh, texts = Conversation(Tables(Database({"hotel": HOTELS}))), ["a hotel", "taxi to the north please"]
    together = wide.replies([fresh] * 2, texts)
    assert together == [wide.reply(text, fresh) for text in texts]
    assert together != agent.replies([fresh] * 2, texts)
    encode = wide._writer.task.tokenizer.encode
    limits = wide._writer.sequences.limits
    assert all(len(encode(one.conversation.said[-1].text)) <= limits["response"] for one in together)
    streamed = wide.stream(fresh, texts[0])
    assert "".join(streamed.pieces).split() == together[0].text.split()
    assert streamed.finish() == together[0]


@pytest.mark.parametrize(("beam", "temperature"), [(0, 0.0), (-1, 0.0), (10**12, 0.0), (2, 1.0)])
def test_beams_that_make_no_sense(task, params, beam, temperature):
    with pytest.raises(UserError, match="beam: "):
        Writer(task, params, Sampling(temperature), beam=beam)


def test_another_corpus_takes_neither_the_tables_nor_the_training_split_of_the_run():
    task = DialogueConfig(train_split="validation", database="tables", max_turns=3)
    run = FinetuneConfig(task=task, data=DataSource(corpus="multiwoz21", source="here"))
    source, same = _source(run, argparse.Namespace(corpus="multiwoz21", source=None))
    assert (source, same) == (run.data, task)
    source, other = _source(run, argparse.Namespace(corpus="camrest676", source="there"))
    assert source == DataSource(corpus="camrest676", source="there")
    assert (other.train_split, other.database, other.max_turns) == ("train", "", 3)
