"""Whole runs through the real commands: build a small corpus, pre-train, evaluate, show; killed, stopped and resumed.

Compiling a training step takes most of the time here. All runs share a compilation cache, and all but one go without
dropout, which halves it.
"""

import doctest
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache

import space_jax
from space_jax.cli import main
from space_jax.config_files import load_config, read_config
from space_jax.corpora.registry import corpus
from space_jax.dialogue.jsonl import write_jsonl
from space_jax.features.example import Limits, without_labels
from space_jax.features.tokenizer import load_tokenizer
from space_jax.training.checkpoint import find_checkpoints
from space_jax.training.initial_weights import read_weights
from space_jax.training.metrics import read_records
from space_jax.training.pretrain import pretrain as pretrain_here
from tests.convert.bert_folder import bert_state, write_bert_folder

# `.ci/run` makes two steps of SPACE-1 by the same commands.
RECIPES = (pytest.param("space1", marks=pytest.mark.slow), "space2", "space3")
# What a command does beside the model's arithmetic is shown by the recipe that compiles fastest.
SPACE2_FIRST = pytest.mark.parametrize(
    "finished",
    ["space2", *(pytest.param(name, marks=pytest.mark.slow) for name in ("space1", "space3"))],
    indirect=True,
)
LONG = ("space2", "--config.train.steps=90", "--config.train.checkpoint_every=5", "--config.train.eval_every=20")
LONG_DROPOUT = "--config.model.dropout=0.1"  # resumption has to find the same dropout again

CONFIG = """
from space_jax.config import *

RECIPES = {"space1": Space1Config(), "space2": Space2Config(subspace=8), "space3": Space3Config()}

def get_config(name):
    return PretrainConfig(
        recipe=RECIPES[name],
        model=ModelConfig(layers=2, hidden=16, heads=2, mlp=32, positions=64, turns=4, dropout=0.0),
        data=DataConfig(
            prepared=("corpus",), batch_size=8, context_length=64, response_length=32, masked_per_row=16,
            row_ladder=(1.0,), eval_examples=16,
        ),
        optimiser=OptimiserConfig(learning_rate=1e-3),
        train=TrainConfig(steps=2, log_every=1, eval_every=1, checkpoint_every=1),
    )
"""


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """A compilation cache of this file's runs, in this process and in those that it starts."""
    folder = str(tmp_path_factory.mktemp("compiled"))
    settings = {
        "jax_compilation_cache_dir": folder,
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_disable_most_optimizations": True,
    }
    before = {name: jax.config.values[name] for name in settings}
    for name, value in settings.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()  # JAX looks at the folder only before its first compilation
    yield {name.upper(): str(value) for name, value in settings.items()}
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a configuration and a small corpus, half of whose labels are hidden."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "tiny.py").write_text(CONFIG)
    before = os.getcwd()
    os.chdir(folder)
    simulated = ["simulated", "--dialogues", "60"]
    limits = ["--labelled-share", "0.5", "--max-turns", "3", "--max-turn-tokens", "20"]
    assert main(["tokenizer", "train", *simulated, "--vocab-size", "600", "--out", "tokenizer"]) == 0
    assert main(["data", "build", *simulated, "--tokenizer", "tokenizer", "--out", "corpus", *limits]) == 0
    yield folder
    os.chdir(before)


def pretrain(workdir, recipe, *more):
    return ["pretrain", "--config", f"tiny.py:{recipe}", "--workdir", str(workdir), *more]


@pytest.fixture(scope="module", params=RECIPES)
def finished(request, world):
    """The workdir of a run of two steps of each recipe."""
    assert main(pretrain(request.param, request.param)) == 0
    return Path(request.param)


@pytest.fixture(scope="module")
def long_run(world):
    """The workdir of a run of ninety steps that nothing disturbed."""
    assert main(pretrain("long", *LONG, LONG_DROPOUT)) == 0
    return Path("long")


def losses(workdir, kind="train"):
    return [
        (record["step"], record["loss"]) for record in read_records(workdir / "metrics.jsonl") if record["kind"] == kind
    ]


def mistake(arguments, capfd):
    """The one sentence that a command ends with."""
    capfd.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    err = capfd.readouterr().err
    assert err.startswith("space-jax: ")
    assert err.count("\n") == 1
    return err


def test_a_run_leaves_what_it_promises(finished, world):
    names = {path.name for path in finished.iterdir()}
    assert names == {
        *("checkpoints", "config.json", "curves.png", "limits.json", "metrics.jsonl", "start.json", "tensorboard"),
        "tokenizer",
    }
    assert Limits.load(finished) == Limits(max_turns=3, max_turn_tokens=20)
    assert find_checkpoints(finished / "checkpoints").steps == (1, 2)
    assert [step for step, _ in losses(finished)] == [1, 2]
    assert [step for step, _ in losses(finished, "eval")] == [0, 1, 2]
    assert (finished / "curves.png").read_bytes().startswith(b"\x89PNG")
    config = read_config(finished)
    assert config.recipe.name == finished.name
    assert config.model.vocabulary == load_tokenizer(finished / "tokenizer").vocabulary()
    assert config.model.vocabulary.size == 600


def test_evaluate_gives_the_numbers_of_the_run(finished, capfd):
    recorded = {r["step"]: r for r in read_records(finished / "metrics.jsonl") if r["kind"] == "eval"}
    best = min(recorded, key=lambda step: recorded[step]["loss"])
    for wanted, step in (("best", best), ("latest", 2), ("1", 1)):
        capfd.readouterr()
        assert main(["evaluate", "--workdir", str(finished), "--step", wanted, "--json"]) == 0
        out = json.loads(capfd.readouterr().out)
        assert (out.pop("step"), out.pop("split")) == (step, "validation")
        of_the_run = {"kind", "step", "evaluation_seconds"}
        assert out == {name: value for name, value in recorded[step].items() if name not in of_the_run}


@SPACE2_FIRST
def test_evaluate_on_the_test_split_as_a_table(finished, capfd):
    capfd.readouterr()
    assert main(["evaluate", "--workdir", str(finished), "--split", "test"]) == 0
    out = capfd.readouterr().out
    assert "test" in out
    assert "retrieval_intent" in out


@SPACE2_FIRST
def test_show(finished, capfd):
    capfd.readouterr()
    assert main(["show", "--workdir", str(finished), "--n", "2"]) == 0
    out = capfd.readouterr().out
    assert "before and after" in out
    assert "act f1" in out
    for who in (" true ", "predicted "):
        lines = [
            line for line in out.splitlines() if line.startswith(who) or line.strip().startswith(who.strip() + " ")
        ]
        assert len(lines) == 2
        assert all("[" in line for line in lines)  # validation is annotated, and acts can be predicted
    assert "user " in out
    assert main(["show", "--workdir", str(finished), "--n", "0"]) == 0
    out = capfd.readouterr().out
    assert "before and after" in out
    assert "predicted " not in out


@SPACE2_FIRST
def test_info(finished, capfd):
    capfd.readouterr()
    assert main(["info", "--workdir", str(finished)]) == 0
    out = capfd.readouterr().out
    assert f"{finished.name}, 2 layers x 16, 2 heads" in out
    assert "1, 2" in out


@SPACE2_FIRST
def test_looking_at_a_run_leaves_what_it_is_writing(finished):
    half_written = finished / "checkpoints" / "9.orbax-checkpoint-tmp"
    half_written.mkdir()
    assert main(["info", "--workdir", str(finished)]) == 0
    assert main(["evaluate", "--workdir", str(finished)]) == 0
    assert half_written.is_dir()
    half_written.rmdir()


def test_a_run_in_a_bucket_from_python(world, checkpoints_of_bucket, bucket):
    config = load_config("tiny.py:space2", {})
    assert pretrain_here(config, "gs://bucket/run").step == 2
    assert (checkpoints_of_bucket / "bucket" / "run" / "checkpoints" / "2").is_dir()
    assert not Path("gs:").exists()
    assert {"config.json", "curves.png", "metrics.jsonl", "tokenizer"} <= {p.name for p in (bucket / "run").iterdir()}
    assert pretrain_here(config, "gs://bucket/run").step == 2  # continues, and finds nothing left to do
    assert main(["evaluate", "--workdir", "gs://bucket/run"]) == 0


@SPACE2_FIRST
def test_a_step_that_is_not_there(finished, capfd):
    for wrong in ("7", "²", "last"):
        sentence = mistake(["evaluate", "--workdir", finished, "--step", wrong], capfd)
        assert sentence == f"space-jax: --step: {wrong!r} is not one of best, latest, 1, 2\n"


@SPACE2_FIRST
def test_starting_again_after_the_end_changes_nothing(finished):
    before = {name: (finished / name).read_bytes() for name in ("metrics.jsonl", "config.json")}
    assert main(pretrain(finished, finished.name)) == 0
    assert {name: (finished / name).read_bytes() for name in before} == before
    assert find_checkpoints(finished / "checkpoints").steps == (1, 2)


@SPACE2_FIRST
def test_another_configuration_is_refused(finished, capfd):
    saved = (finished / "config.json").read_bytes()
    sentence = mistake(pretrain(finished, finished.name, "--config.optimiser.learning_rate=0.1"), capfd)
    assert "belongs to another configuration (optimiser.learning_rate was 0.001 and is 0.1)" in sentence
    assert (finished / "config.json").read_bytes() == saved
    assert find_checkpoints(finished / "checkpoints").steps == (1, 2)


@SPACE2_FIRST
def test_parameters_from_another_run(finished, capfd):
    """A run that starts from another one's best checkpoint begins with that one's held-out loss."""
    new = Path(f"{finished.name}_from")
    assert main(pretrain(new, finished.name, "--init", str(finished))) == 0
    assert f"parameters from {finished}" in capfd.readouterr().err
    assert losses(new, "eval")[0][1] == min(loss for _, loss in losses(finished, "eval"))


@SPACE2_FIRST
def test_a_corpus_with_another_tokenizer_is_refused(finished, world, capfd):
    simulated = ["simulated", "--dialogues", "60"]
    if not Path("other").exists():
        train = ["tokenizer", "train", *simulated, "--vocab-size", "600", "--kind", "bpe", "--out", "other_tokenizer"]
        build = ["data", "build", *simulated, "--tokenizer", "other_tokenizer", "--out", "other"]
        assert main(train) == 0
        assert main([*build, "--labelled-share", "0.5", "--max-turns", "3", "--max-turn-tokens", "20"]) == 0
    expected = f"space-jax: other: was built with another tokenizer than the run's, {finished}/tokenizer\n"
    assert mistake(["evaluate", "--workdir", finished, "--config.data.prepared=other"], capfd) == expected
    assert mistake(pretrain(finished, finished.name, "--config.data.prepared=other"), capfd) == expected


def test_the_best_checkpoint_by_a_named_measure(world, capfd):
    assert main(pretrain("by_acts", "space2", "--config.train.best_by=act_f1")) == 0
    scores = {r["step"]: r["act_f1"] for r in read_records(Path("by_acts/metrics.jsonl")) if r["kind"] == "eval"}
    assert find_checkpoints(Path("by_acts/checkpoints")).best == max(scores, key=scores.__getitem__)
    assert "(best so far: highest act_f1)" in capfd.readouterr().err
    assert main(pretrain("by_luck", "space2", "--config.train.best_by=luck")) == 2
    sentence = capfd.readouterr().err.splitlines()[-1]
    assert "config field train.best_by: 'luck' is not measured on these corpora; measures are loss" in sentence


def test_init_from_nowhere_leaves_no_workdir(world, capfd):
    sentence = mistake(pretrain("never", "space2", "--init", "nowhere"), capfd)
    assert sentence.startswith("space-jax: nowhere: not a folder of weights")
    assert not Path("never").exists()


@pytest.fixture(scope="module")
def plain(world):
    """A corpus of which nothing is annotated."""
    Path("plain_source").mkdir()
    for split in ("train", "validation"):
        dialogues = corpus("simulated").load(None, split, dialogues=20)
        write_jsonl(Path("plain_source") / f"{split}.jsonl", map(without_labels, dialogues))
    build = ["data", "build", "jsonl", "--source", "plain_source", "--tokenizer", "tokenizer", "--out", "plain"]
    assert main([*build, "--max-turns", "3", "--max-turn-tokens", "20"]) == 0
    return "plain"


UNMEASURED = (
    "not measured, because train or validation lacks annotation: retrieval (the frames of user turns), act F1 (the "
    "acts of responses)\n"
)


@pytest.mark.slow
@SPACE2_FIRST
def test_a_corpus_without_annotation(finished, plain, capfd):
    """It trains and is timed alone, without the measures that need labels, and trains beside an annotated one."""
    alone = [f"--config.data.prepared={plain}", "--config.data.labelled_share=0"]
    workdir = Path(f"{finished.name}_plain")
    capfd.readouterr()
    assert main(pretrain(workdir, finished.name, *alone)) == 0
    assert capfd.readouterr().err.count(UNMEASURED) == 1
    measures = [record for record in read_records(workdir / "metrics.jsonl") if record["kind"] == "eval"][-1]
    assert np.isfinite(measures["loss"])
    assert not [name for name in measures if name.startswith(("retrieval", "act_f1"))]
    assert main(["show", "--workdir", str(workdir), "--n", "1"]) == 0
    assert main(["bench", "--config", f"tiny.py:{finished.name}", "--steps", "1", *alone]) == 0
    beside = Path(f"{finished.name}_beside")
    capfd.readouterr()
    prepared = f"--config.data.prepared={plain},corpus"
    assert main(pretrain(beside, finished.name, prepared)) == 0
    assert "not measured" not in capfd.readouterr().err
    assert {"retrieval_intent", "act_f1"} <= set(list(read_records(beside / "metrics.jsonl"))[-1])


@pytest.fixture(scope="module")
def bert(world):
    """A model in the layout of Hugging Face that fits the configuration, and the corpus prepared with its tokenizer."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,?!'-_:&"
    pieces = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"[unused{n}]" for n in range(60)))
    pieces += (*letters, *(f"##{letter}" for letter in letters))
    sizes = {"hidden": 16, "layers": 2, "mlp": 32, "positions": 20, "roles": 2}
    folder = write_bert_folder(Path("bert"), bert_state(pieces, **sizes), pieces, num_attention_heads=2)
    build = ["data", "build", "simulated", "--dialogues", "60", "--tokenizer", "bert", "--out", "bert_corpus"]
    assert main([*build, "--labelled-share", "0.5", "--max-turns", "3", "--max-turn-tokens", "20"]) == 0
    return folder


def test_parameters_from_a_hugging_face_folder(bert, capfd):
    arguments = ("space2", "--init", "bert", "--config.data.prepared=bert_corpus", "--config.train.steps=1")
    assert main(pretrain("from_bert", *arguments)) == 0
    said = capfd.readouterr().err.replace("\n", " ")
    assert "parameters from bert; newly initialised: masked_head/" in said
    assert "copied in part: backbone/embedding/position (20 rows, the weights have 20 and the model 64)" in said
    assert [step for step, _ in losses(Path("from_bert"))] == [1]


def test_weights_that_do_not_fit_leave_no_workdir(bert, capfd):
    prepared = "--config.data.prepared=bert_corpus"
    sentence = mistake(pretrain("never", "space3", "--init", "bert"), capfd)
    assert "but the corpora were prepared with one of 600" in sentence
    sentence = mistake(pretrain("never", "space3", "--init", "bert", prepared, "--config.model.hidden=8"), capfd)
    assert "does not fit the model: backbone/embedding/norm/norm/bias is 16 but must be 8" in sentence
    assert not Path("never").exists()


def test_a_run_in_other_layouts(finished, tmp_path):
    """What was trained goes into BERT's layout and into that of the published code, and comes back the same."""
    for action, out in (("to-space", tmp_path / "x.safetensors"), ("to-bert", tmp_path / "bert")):
        assert main(["convert", action, str(finished), "--out", str(out)]) == 0
    back = ["convert", "from-space", str(tmp_path / "x.safetensors"), "--recipe", finished.name, "--heads", "2"]
    assert main([*back, "--out", str(tmp_path / "back")]) == 0
    run, there = read_weights(str(finished)), read_weights(str(tmp_path / "back"))
    assert set(run.arrays) - set(there.arrays) <= {"selector/kernel", "selector/bias"}
    for path, array in there.arrays.items():
        np.testing.assert_array_equal(array, run.arrays[path])
    assert set(read_weights(str(tmp_path / "bert")).arrays) < set(run.arrays)


@pytest.fixture
def page(world, finished, monkeypatch):
    """What the page about Python works with: a run that has ended, an agent without a step, no CSV yet."""
    monkeypatch.setattr("space_jax.tasks.predictor.require_steps", lambda *_: None)  # steps of an agent take long
    Path("mine.py").write_text(CONFIG)
    shutil.copytree(finished, "runs/mine")
    sizes = {"context_length": 64, "target_length": 64, "max_turn_tokens": 18, "max_state_tokens": 20}
    sizes |= {"max_act_tokens": 10, "max_response_tokens": 12}
    fields = {f"task.{name}": size for name, size in sizes.items()}
    fields |= {"data.options": "dialogues=10", "train.epochs": 0, "train.predict_batch": 8}
    space_jax.finetune(space_jax.load_config("finetune/simulated_agent", fields), "runs/agent", "runs/mine")


@pytest.mark.slow  # .ci/run runs it
@pytest.mark.parametrize("finished", ["space3"], indirect=True)
def test_the_examples_of_the_page_about_python(page):
    path = Path(__file__).resolve().parents[1] / "docs" / "python.md"
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(str(path), module_relative=False, optionflags=options, encoding="utf-8")
    assert failed == 0
    assert tried > 25


def start(arguments, cache):
    """The real command in a process of its own."""
    environment = {**os.environ, **cache, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    # Where the tests were started in the background, SIGINT is ignored, and a new process would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        command = [sys.executable, "-m", "space_jax", *arguments]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def wait_for_step(process, workdir, step):
    """Returns once the run has written down that step."""
    deadline = time.monotonic() + 300
    while not any(done >= step for done, _ in losses(workdir)):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.slow  # .ci/run runs it
def test_killed_stopped_and_resumed_equals_undisturbed(long_run, cache):
    """SIGKILL after a checkpoint, SIGTERM, Ctrl-C, and then to the end: every loss is the same bit for bit."""
    workdir = Path("disturbed")
    command = pretrain(workdir, *LONG, LONG_DROPOUT)

    killed = start(command, cache)
    wait_for_step(killed, workdir, 12)
    killed.kill()
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    saved = find_checkpoints(workdir / "checkpoints").steps
    assert saved
    assert saved[-1] < 80

    for number in (signal.SIGTERM, signal.SIGINT):
        before = find_checkpoints(workdir / "checkpoints").steps[-1]
        stopped = start(command, cache)
        wait_for_step(stopped, workdir, losses(workdir)[-1][0] + 3)
        stopped.send_signal(number)
        _, err = stopped.communicate()
        assert stopped.returncode == 0, err
        assert f"resuming at step {before}\n" in err
        assert ("interrupted: finishes the step, then saves" in err) == (number == signal.SIGINT)
        last = losses(workdir)[-1][0]
        assert last < 90
        assert f"stopped after step {last}; the same command continues from here\n" in err
        assert find_checkpoints(workdir / "checkpoints").steps[-1] == last

    assert main(command) == 0
    assert losses(workdir) == losses(long_run)
    assert losses(workdir, "eval") == losses(long_run, "eval")
    assert [step for step, _ in losses(workdir)] == list(range(1, 91))
