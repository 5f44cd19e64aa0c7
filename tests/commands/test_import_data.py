"""`space-jax data import` and `data split`: what they show, write and refuse; what the package reads of it."""

import json

import pytest

from space_jax.cli import main
from space_jax.corpora import corpus
from space_jax.corpora.statistics import collect
from space_jax.tasks.config import DataSource
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.task import IntentTask
from space_jax.tasks.slots.config import SlotsConfig
from space_jax.tasks.slots.task import SlotsTask

LOGS = "".join(f"Customer: my bike {n} is broken\nAgent: bring it in\nCustomer: thanks\n\n" for n in range(20))
QUESTIONS = "question;intent\n" + "".join(f"what about bike number {n}?;{'ab'[n % 2]}\n" for n in range(20))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with logs and labelled questions."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "monday.txt").write_text(LOGS)
    (tmp_path / "questions.csv").write_text(QUESTIONS)
    return tmp_path


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_from_logs_to_a_corpus(here, capsys):
    assert main(["data", "import", "logs", "--out", "shop", "--show", "1"]) == 0
    said = capsys.readouterr().out
    assert "logs: transcripts with speakers before colons, one file (guessed" in said
    assert "speakers: Customer is the user, Agent is the system (guessed" in said
    assert "20 dialogues with 60 turns" in said
    assert said.count("my bike 0 is broken") == 1
    assert "my bike 1 is broken" not in said
    assert said.endswith("shop/dialogues.jsonl: 20 dialogues\nnext: space-jax data split shop/dialogues.jsonl\n")
    assert main(["data", "stats", "jsonl", "--source", "shop/dialogues.jsonl"]) == 0
    assert main(["data", "split", "shop/dialogues.jsonl"]) == 0
    assert files(here / "shop") == ["dialogues.jsonl", "test.jsonl", "train.jsonl", "validation.jsonl"]
    loaded = corpus("jsonl")
    counts = [collect(loaded.load(here / "shop", split)).dialogues for split in ("train", "validation", "test")]
    assert counts == [16, 2, 2]


def test_from_a_table_to_records_of_a_task(here, capsys):
    assert main(["data", "import", "questions.csv", "--out", "shop"]) == 0
    said = capsys.readouterr().out
    assert "cells parted by semicolons\n" in said
    assert "columns: text = question, label = intent (guessed; --column names them)" in said
    assert "  a                    what about bike number 0?" in said
    assert main(["data", "split", "shop/sentences.csv", "--shares", "0.8,0.2", "--out", "parts"]) == 0
    said = capsys.readouterr().out
    assert "parts/*.csv" in said
    assert files(here / "parts") == ["train.csv", "validation.csv"]
    source = DataSource(train="parts/train.csv", validation="parts/validation.csv")
    records = [IntentTask.read_split(IntentConfig(), source, split) for split in ("train", "validation")]
    assert [len(several) for several in records] == [16, 4]
    assert {record.label for record in records[1]} == {"a", "b"}
    assert records[0][0].id == "questions-2"


def test_sentences_with_values_serve_intents_and_slots(here):
    (here / "nlu.yml").write_text("nlu:\n- intent: go\n  examples: |\n    - to [Rome](city)\n    - to [Oslo](city)\n")
    assert main(["data", "import", "nlu.yml", "--out", "shop"]) == 0
    source = DataSource(train="shop/sentences.jsonl")
    assert [one.label for one in IntentTask.read_split(IntentConfig(), source, "train")] == ["go", "go"]
    assert SlotsTask.read_split(SlotsConfig(), source, "train")[0].spans == (("city", 3, 7),)
    assert main(["data", "import", "nlu.yml", "--out", "other", "--as-dialogues"]) == 0
    (first, _) = corpus("jsonl").load(here / "other" / "dialogues.jsonl", "train")
    assert first.turns[0].frames[0].slots[0].values[0].text == "Rome"


def test_splits_of_the_source_become_files(here):
    turns = [{"speaker": "user", "utterance": "hi"}]
    records = [{"dialogue_id": split, "data_split": split, "turns": turns} for split in ("train", "validation", "new")]
    (here / "dialogues.json").write_text(json.dumps(records))
    assert main(["data", "import", "dialogues.json", "--out", "shop"]) == 0
    assert files(here / "shop") == ["new.jsonl", "train.jsonl", "validation.jsonl"]
    records[0]["data_split"] = "../x"
    (here / "dialogues.json").write_text(json.dumps(records))
    assert main(["data", "import", "dialogues.json", "--out", "other"]) == 2
    assert not (here / "other").exists()


def test_a_dry_run_writes_nothing(here, capsys):
    before = files(here)
    assert main(["data", "import", "logs", "--dry-run"]) == 0
    assert "nothing is written" in capsys.readouterr().out
    assert files(here) == before


def test_two_imports_share_a_folder_and_none_replaces_a_file(here, capsys):
    for source in ("logs", "questions.csv"):
        assert main(["data", "import", source, "--out", "shop"]) == 0
    assert files(here / "shop") == ["dialogues.jsonl", "sentences.csv"]
    before = (here / "shop" / "sentences.csv").read_text()
    capsys.readouterr()
    assert main(["data", "import", "questions.csv", "--out", "shop", "--show", "0"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "space-jax: shop/sentences.csv: exists already; name another folder, or delete it\n")
    assert (here / "shop" / "sentences.csv").read_text() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "logs"], "--out: expected a folder to write to, or --dry-run"),
        (["import", "none", "--dry-run"], "none: no such file or folder"),
        (["import", "logs", "--dry-run", "--show", "-1"], "--show: -1 is not at least 0"),
        (["import", "logs", "--dry-run", "--column", "text"], "--column text: expected ROLE=NAME"),
        (["import", "logs", "--dry-run", "--user", "Boss"], "--user: nobody is called 'Boss'"),
        (["import", "logs", "--out", "questions.csv"], "questions.csv: expected a folder to write to, found a file"),
        (["import", "logs", "--dry-run", "--format", "csv"], "--format: expected one of table"),
        (["split", "questions.csv", "--shares", "0.8,0.3"], "--shares: expected two or three numbers"),
        (["split", "questions.csv", "--shares", "1"], "--shares: expected two or three numbers"),
        (["split", "questions.csv", "--shares", "1e9,1"], "--shares: expected two or three numbers"),
        (["split", "none.csv"], "none.csv: expected a file of dialogues or sentences"),
        (["split", "questions.csv", "--column", "text=x"], "no column 'x' for text"),
    ],
)
def test_mistakes_are_one_sentence(words, message, here, capsys):
    before = files(here)
    try:
        status = main(["data", *words])
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert message in capsys.readouterr().err
    assert files(here) == before


def test_what_a_split_says(here, capsys):
    rows = [*(f"text {n},often" for n in range(10)), "once,rare", "Text 0!,often", "bare,"]
    (here / "a.csv").write_text("text,label\n" + "".join(f"{row}\n" for row in rows))
    assert main(["data", "split", "a.csv", "--shares", "0.6,0.2,0.2", "--seed", "3"]) == 0
    said = capsys.readouterr().out
    assert "sentences with the words of another one, on its side: 1" in said
    assert "labels with too few examples for every split: 1 of 2 (rare: 1 in train)" in said
    assert main(["data", "split", "a.csv"]) == 2
    assert "a.csv: exists" not in capsys.readouterr().err


def test_too_few_rows_for_every_split(here, capsys):
    (here / "a.csv").write_text("text,label\nhi there,a\nbye,b\n")
    assert main(["data", "split", "a.csv"]) == 2
    assert "nothing is left for validation" in capsys.readouterr().err
    assert files(here) == ["a.csv", "logs/monday.txt", "questions.csv"]
