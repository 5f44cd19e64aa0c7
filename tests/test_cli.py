"""The command line: every verb explains itself, and a user's mistake is one sentence and status 2."""

import argparse
import json
import os
import shlex
import subprocess
import sys

import pytest

import space_jax
from space_jax.cli import main, make_parser
from space_jax.config_files import load_config
from space_jax.features.example import stable_hash
from space_jax.features.prepared_corpus import open_prepared
from space_jax.features.tokenizer import load_tokenizer
from space_jax.printable import shown
from space_jax.tasks.config import DataSource
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.task import IntentTask
from space_jax.tasks.shots import choose, write_ids

CONFIG_FILE = """
from space_jax.config import DataConfig, PretrainConfig, Space3Config, model_config

def get_config():
    return PretrainConfig(Space3Config(), model_config("tiny"), DataConfig(prepared=("no/corpus",)))
"""


def every_command(parser, path=()):
    """The words of every command and subcommand."""
    yield path
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from every_command(child, (*path, name))


COMMANDS = list(every_command(make_parser()))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mistake(here, capfd):
    """Runs a command that must end with one sentence on standard error, and must leave the folder as it was."""

    def run(*arguments):
        before = sorted(here.rglob("*"))
        assert main(arguments) == 2
        out, err = capfd.readouterr()
        assert out == ""
        assert err.startswith("space-jax: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert sorted(here.rglob("*")) == before
        return err.removeprefix("space-jax: ").rstrip("\n")

    return run


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """A small tokenizer made by the command itself."""
    folder = tmp_path_factory.mktemp("tokenizer") / "made"
    assert (
        main(["tokenizer", "train", "simulated", "--dialogues", "20", "--vocab-size", "600", "--out", str(folder)]) == 0
    )
    return str(folder)


def test_a_tokenizer_learns_what_an_agent_writes(tokenizer):
    """Acts, slots and placeholders, none of which anybody says."""
    made = load_tokenizer(tokenizer)
    pieces = {made.token(token_id) for token_id in range(made.vocabulary().size)}
    assert {"[hotel_name]", "[taxi_destination]"} <= pieces
    written = "hotel area: dontcare, name: offered; general direct"
    assert len(made.encode(written)) < len(written) / 2


def test_the_walk_finds_the_verbs():
    assert {path[0] for path in COMMANDS if path} == {
        "data",
        "tokenizer",
        "pretrain",
        "finetune",
        "evaluate",
        "predict",
        "embed",
        "respond",
        "play",
        "chat",
        "serve",
        "configs",
        "show",
        "compare",
        "convert",
        "export",
        "map",
        "multiwoz-eval",
        "info",
        "compile",
        "bench",
    }
    assert ("data", "build") in COMMANDS


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "none")
def test_help(path, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*path, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {' '.join(['space-jax', *path])} ")


def test_the_module_runs_and_knows_its_version():
    done = subprocess.run([sys.executable, "-m", "space_jax", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{space_jax.__version__}\n"
    assert done.stderr == ""


def test_help_does_not_wait_for_the_large_libraries():
    script = (
        "import sys, space_jax.cli; print([m for m in ('jax', 'tensorflow_datasets', 'grain') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: VERB"),
        (["trian"], "invalid choice: 'trian'"),
        (["data"], "the following arguments are required: ACTION"),
        (["info", "--wrokdir", "a"], "unrecognized arguments: --wrokdir a"),
        (["pretrain", "--workdir", "a"], "the following arguments are required: --config"),
        (["pretrain", "--config", "a.py", "--workdir", "a", "--steps=3"], "unrecognized arguments: --steps=3"),
        (["info", "--config.train.steps=3"], "unrecognized arguments: --config.train.steps=3"),
        (["data", "stats", "simulated", "--config.x=1"], "unrecognized arguments: --config.x=1"),
        (["data", "show", "simulated", "--n", "many"], "argument --n: invalid int value: 'many'"),
        (["data", "stats", "simulated", "--split", "dev"], "argument --split: invalid choice: 'dev'"),
    ],
)
def test_a_wrong_argument_ends_with_status_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("action", [["stats"], ["show"], ["build", "--tokenizer", "t", "--out", "o"]])
def test_unknown_corpus(mistake, action):
    verb, *rest = action
    assert mistake("data", verb, "simulatd", *rest) == "corpus 'simulatd' is not known; expected one of simulated"


def test_sources(mistake, here):
    assert mistake("data", "stats", "sgd") == "corpus sgd: expected a source, the folder or file that holds it"
    assert mistake("data", "stats", "sgd", "--source", "no") == "corpus sgd: source no does not exist"
    assert "expected no source" in mistake("data", "stats", "simulated", "--source", "no")
    assert (
        mistake("tokenizer", "train", "sgd", "--source", "no", "--out", "o") == "corpus sgd: source no does not exist"
    )
    (here / "empty").mkdir()
    assert "neither" in mistake("data", "stats", "jsonl", "--source", "empty")


def test_options_of_other_corpora(mistake):
    assert "--on-error: the corpus simulated does not" in mistake("data", "stats", "simulated", "--on-error", "skip")
    assert "--dialogues: the corpus jsonl does not" in mistake("data", "stats", "jsonl", "--dialogues", "3")


def test_options_by_name(mistake, here, capfd):
    for text in ("subset", "subsets=full", "report=x"):
        said = mistake("data", "stats", "banking77", "--source", str(here), "--option", text)
        assert said == f"--option {text}: must be NAME=VALUE with an option of the corpus banking77: subset"
    assert "must be a whole number" in mistake("data", "stats", "simulated", "--option", "dialogues=many")
    assert "must be true or false" in mistake("data", "stats", "clinc150", "--option", "out_of_scope=no")
    assert main(["data", "stats", "simulated", "--option", "dialogues=3", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["dialogues"] == 3


def test_numbers_out_of_range(mistake, tokenizer):
    assert mistake("data", "show", "simulated", "--n", "0") == "--n: 0 is not at least 1"
    assert mistake("show", "--workdir", "w", "--n", "-1") == "--n: -1 is negative"
    assert "dialogues is 0; expected at least 1" in mistake("data", "stats", "simulated", "--dialogues", "0")
    small = mistake("tokenizer", "train", "simulated", "--dialogues", "2", "--vocab-size", "10", "--out", "o")
    assert small.startswith("vocabulary size 10 is too small")
    build = ["data", "build", "simulated", "--dialogues", "2", "--tokenizer", tokenizer, "--out", "o"]
    assert mistake(*build, "--labelled-share", "2") == "labelled share 2.0 is not between 0 and 1"
    assert mistake(*build, "--max-turns", "0") == "limits.max_turns: 0 is not a positive whole number"


SEEDS = [
    ("chat", "--workdir", "w", "--seed"),
    ("play", "--workdir", "w", "--seed"),
    ("data", "stats", "simulated", "--seed"),
    ("data", "stats", "simulated", "--few-seed"),
    ("finetune", "--config", "finetune/banking77", "--workdir", "w", "--seeds"),
]


@pytest.mark.parametrize("command", SEEDS, ids=lambda command: f"{command[0]} {command[-1]}")
@pytest.mark.parametrize("text", ["99999999999999999999", str(2**32), "-1", "1.5", "many", 5000 * "9"])
def test_a_seed_that_is_none(mistake, command, text):
    assert mistake(*command[:-1], f"{command[-1]}={text}") == (
        f"{command[-1]}: {shown(text)} is not a seed, a whole number from 0 to 4294967295"
    )


def test_seeds_of_runs(mistake):
    command = ("finetune", "--config", "finetune/banking77", "--workdir", "w", "--seeds")
    assert mistake(*command, "0,1,0") == "--seeds: '0,1,0' names a seed twice"
    assert mistake(*command, "0,4294967296").startswith("--seeds: '4294967296' is not a seed")


FLOATS = [
    ("chat", "--workdir", "w", "--temperature"),
    ("chat", "--workdir", "w", "--top-p"),
    ("data", "build", "simulated", "--tokenizer", "t", "--out", "o", "--labelled-share"),
    ("compile", "--config", "space3:base", "--rows"),
    ("convert", "check", *["--official", "x", "--inputs", "i", "--outputs", "o", "--spec", "s"], "--tolerance"),
]


@pytest.mark.parametrize("command", FLOATS, ids=lambda command: f"{command[0]} {command[-1]}")
@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "warm"])
def test_a_number_that_is_not_finite(mistake, command, text):
    assert mistake(*command[:-1], f"{command[-1]}={text}") == f"{command[-1]}: {text!r} is not a finite number"


def test_a_bucket_without_its_client(mistake, monkeypatch):
    monkeypatch.setattr("space_jax.remote.importlib.util.find_spec", lambda name: None)
    said = "gs://bucket/run: needs gcsfs; install it with pip install 'space-jax[gcs]'"
    for verb in ("info", "evaluate", "predict", "show", "chat", "serve", "play", "respond"):
        assert mistake(verb, "--workdir", "gs://bucket/run") == said
    for verb, config in (("pretrain", "space3:tiny"), ("finetune", "finetune/banking77")):
        assert mistake(verb, "--config", config, "--workdir", "gs://bucket/run") == said
    prepared = "--config.data.prepared=gs://bucket/run"
    assert mistake("pretrain", "--config", "space3:tiny", "--workdir", "w", prepared) == said


def test_a_configuration_that_leaves_the_program(mistake, here):
    (here / "exits.py").write_text("import sys\n\nsys.exit(0)\n")
    assert mistake("pretrain", "--config", "exits.py", "--workdir", "w") == "exits.py:3: SystemExit: 0"


def test_missing_tokenizer(mistake):
    message = mistake("data", "build", "simulated", "--tokenizer", "no", "--out", "o")
    assert message == "no: no such tokenizer folder or file"


def record(name, **turn):
    turns = [{"role": "user", "text": "hello"}, {"role": "system", "text": "good morning", **turn}]
    return json.dumps({"id": name, "turns": turns}) + "\n"


def test_a_bad_record_is_named_and_no_corpus_is_left(mistake, here, tokenizer):
    (here / "mine.jsonl").write_text(record("a") + record("b", acts=["shout"]), encoding="utf-8")
    expected = "mine.jsonl:2: field turns[1].acts[0]: "
    assert mistake("data", "stats", "jsonl", "--source", "mine.jsonl").startswith(expected)
    build = ["data", "build", "jsonl", "--source", "mine.jsonl", "--tokenizer", tokenizer, "--out", "o"]
    assert mistake(*build).startswith(expected)
    assert mistake("tokenizer", "train", "jsonl", "--source", "mine.jsonl", "--out", "o").startswith(expected)


def test_bad_records_can_be_skipped_and_are_listed(here, capsys):
    (here / "mine.jsonl").write_text(record("a") + record("b", acts=["shout"]), encoding="utf-8")
    assert main(["data", "stats", "jsonl", "--source", "mine.jsonl", "--on-error", "skip", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)
    assert err.startswith("skipped: mine.jsonl:2: field turns[1].acts[0]: ")
    assert err.endswith("1 records were skipped\n")


def test_a_folder_that_is_there_is_not_replaced_unasked(mistake, here, tokenizer, capfd):
    build = ["data", "build", "simulated", "--dialogues", "2", "--tokenizer", tokenizer, "--out", "o"]
    (here / "o").mkdir()
    (here / "o" / "letter.txt").write_text("mine")
    assert mistake(*build) == "o: holds something that is not a prepared corpus; name an empty or a new folder"
    (here / "o" / "letter.txt").unlink()
    assert main(build) == 0
    out, err = capfd.readouterr()
    assert out.startswith("o: 600 tokens in the vocabulary\n")
    assert err == ""  # no bar where there is no terminal
    assert mistake(*build) == "o: already holds a prepared corpus; name another folder or ask for overwriting"
    assert main([*build, "--overwrite"]) == 0


MIXTURE = """
name = "target"
description = "one corpus"
held_out = 0.0
[[sources]]
corpus = "hwu64"
"""


def test_a_few_shot_subset_of_a_mixture(mistake, here, tokenizer, capfd):
    """The build keeps the labels of the records that fine-tuning takes, and writes the file that it writes."""
    folder = here / "data" / "hwu64" / "train"
    folder.mkdir(parents=True)
    labels = [f"alarm_{kind}" for kind in ("set", "query", "remove") for _ in range(8)]
    (folder / "label").write_text("".join(f"{label}\n" for label in labels))
    (folder / "seq.in").write_text("".join(f"{label} number {n} please\n" for n, label in enumerate(labels)))
    (here / "target.toml").write_text(MIXTURE)
    build = ["data", "build", "target.toml", "--data-root", "data", "--tokenizer", tokenizer, "--out", "o"]
    assert main([*build, "--few", "hwu64=2", "--few-seed", "5"]) == 0
    assert "few: 2, seed 5: 6 of the 6 dialogues drawn keep their labels" in capfd.readouterr().err
    corpus = open_prepared(here / "o")
    assert {name: counts.examples for name, counts in corpus.metadata.splits.items()} == {
        "train_nothing": 18,
        "train_user_tree": 6,
    }
    records = IntentTask.read_split(IntentConfig(), DataSource("hwu64", "data/hwu64"), "train")
    chosen = choose(records, IntentTask.strata, "2", 5)
    write_ids(here / "shots.json", chosen, "2", 5)
    assert (here / "o" / "shots-hwu64.json").read_text() == (here / "shots.json").read_text()
    known = {corpus.split("train_user_tree")[n].dialogue for n in range(6)}
    assert known == {stable_hash(f"hwu64/{record.id}", 31) for record in chosen}
    again = shlex.split(corpus.metadata.command)
    assert again == [f"{here}/target.toml", "--data-root", f"{here}/data", "--few", "hwu64=2", "--few-seed", "5"]
    refused = mistake(*build, "--few", "hwu64=2", "--labelled-share", "0.5")
    assert refused == "--labelled-share: would hide labels of a few-shot subset; leave it out beside --few"
    assert mistake(*build, "--few", "hwu64") == "--few hwu64: must be SOURCE=10, SOURCE=10% or SOURCE=FILE with ids"
    assert mistake("data", "stats", "simulated", "--few", "a=1").startswith("--few: simulated is a corpus, not a")


def test_a_tokenizer_of_a_mixture(here, capfd):
    folder = here / "data" / "hwu64" / "train"
    folder.mkdir(parents=True)
    (folder / "label").write_text("alarm_set\nalarm_query\n")
    (folder / "seq.in").write_text("wake me at seven\nwhen do you wake me\n")
    (here / "target.toml").write_text(MIXTURE)
    train = ["tokenizer", "train", "target.toml", "--data-root", "data", "--vocab-size", "320", "--out", "t"]
    assert main(train) == 0
    assert "hwu64/train: 2 read" in capfd.readouterr().err
    assert load_tokenizer(here / "t").encode("wake me") != []


def test_look_at_a_corpus(capsys):
    assert main(["data", "show", "simulated", "--n", "1", "--split", "test"]) == 0
    assert "test-" in capsys.readouterr().out
    assert main(["data", "stats", "simulated", "--dialogues", "3"]) == 0
    assert "simulated, train" in capsys.readouterr().out


def test_training_without_what_it_needs(mistake, here):
    assert mistake("pretrain", "--config", "no.py", "--workdir", "w") == (
        "configuration 'no.py': neither a file nor a configuration that comes with the package; "
        "`space-jax configs` lists them"
    )
    (here / "c.py").write_text(CONFIG_FILE)
    pretrain = ["pretrain", "--config", "c.py", "--workdir", "w"]
    assert mistake(*pretrain, "--config.train.stps=3") == (
        "config field train.stps does not exist; nearest: train.steps"
    )
    assert mistake(*pretrain, "--config.data.prepared=") == (
        "config field data.prepared: names no prepared corpus; `space-jax data build` makes one"
    )
    assert mistake(*pretrain) == "no/corpus: no such folder; a prepared corpus is made by `space-jax data build`"


@pytest.mark.parametrize("verb", ["evaluate", "show", "info"])
def test_a_folder_that_is_no_workdir(mistake, verb):
    assert mistake(verb, "--workdir", "w") == "w: no config.json; is it the workdir of a run?"


def test_configurations_by_name(mistake, here, capfd):
    assert main(["configs"]) == 0
    listed = dict(line.split(maxsplit=1) for line in capfd.readouterr().out.splitlines())
    assert listed["space1"] == "SPACE-1 (GALAXY) with the published settings: dialog-act policy knowledge."
    assert listed["finetune/camrest676"] == "End-to-end dialogue on CamRest676 from MiniLM."
    assert main(["configs", "show", "space3:base"]) == 0
    (here / "mine.py").write_text(capfd.readouterr().out)
    assert load_config("mine.py:tiny") == load_config("space3:tiny")
    assert "nearest: space3, " in mistake("configs", "show", "spac3")
    assert "no/such/corpus: no such folder" in mistake(
        "pretrain", "--config", "quickstart", "--workdir", "w", "--config.data.prepared=no/such/corpus"
    )
    assert mistake("pretrain", "--config", "finetune/banking77:few", "--workdir", "w").endswith(
        "banking77.py: get_config() must return a PretrainConfig, but it returned FinetuneConfig"
    )


def test_info(capsys):
    assert main(["info"]) == 0
    assert space_jax.__version__ in capsys.readouterr().out


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_behind_standard_output(monkeypatch, capsys):
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert main(["configs"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("space-jax: the output cannot be written (No space left on device); make room, then give")


def test_a_memory_that_does_not_suffice(monkeypatch, capsys):
    def too_much(name):
        raise MemoryError("Unable to allocate 7 TiB")

    monkeypatch.setattr("space_jax.commands.info.importlib.metadata.version", too_much)
    assert main(["info"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("space-jax: the memory does not suffice (Unable to allocate 7 TiB); a smaller batch (config")


def test_interrupted(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("space_jax.commands.info.importlib.metadata.version", interrupt)
    assert main(["info"]) == 130
    assert capsys.readouterr().err == "space-jax: interrupted\n"
