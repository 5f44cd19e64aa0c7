"""Every command that the documents show runs, one document after the other, in a folder of small data.

The folder stands for a checkout with corpora: `data/` holds every corpus with a few dialogues, `minilm` means a tiny
BERT, and models have one layer of 16 units. What a document takes for granted, another document makes (`AFTER`).
`LIMITS` shortens commands by options added at their end; `PLACEHOLDERS` says what the words in capitals are here;
`NOT_RUN` lists what cannot run, and why. A command of a kind that none of them knows is run as it stands.
"""

import contextlib
import io
import os
import runpy
import shutil
import sys
from pathlib import Path

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

from space_jax.cli import main
from space_jax.convert import minilm
from space_jax.corpora.registry import corpus
from space_jax.dialogue.jsonl import write_jsonl
from space_jax.features.example import without_labels
from space_jax.world.corpus_worlds import SimulatedBackend
from tests.convert.bert_folder import bert_state, write_bert_folder
from tests.docs.commands import DOCUMENTS, ROOT, Command, commands_of, commands_of_target
from tests.docs.small_corpora import write_corpora
from tests.docs.test_commands import FOREIGN, is_mention

pytestmark = pytest.mark.slow

REFERENCE = ROOT / "tests" / "convert" / "reference"

# Document -> those whose runs and corpora it takes for granted.
AFTER = {
    "README.md": ("Makefile",),
    "docs/own_data.md": ("Makefile",),
    "docs/agents.md": (
        *("configs/finetune/simulated_agent.py", "configs/finetune/camrest676.py"),
        "configs/finetune/multiwoz_e2e.py",
    ),
    "docs/exporting.md": ("configs/finetune/banking77.py", "configs/space3.py"),
    "docs/labelling.md": ("README.md",),
    "docs/map.md": ("docs/pretraining.md",),
    "docs/pretraining.md": ("configs/space3_sgd.py",),
    "docs/scaling.md": ("configs/space3_sgd.py",),
    "docs/weights.md": ("configs/space3.py",),
    "configs/own_dialogues.py": ("README.md",),
    "configs/finetune/own_agent.py": ("README.md",),
    "configs/finetune/simulated_agent.py": ("Makefile",),
    "configs/finetune/woz2_text.py": ("configs/space3.py",),
    "benchmarks/act_f1_by_source.py": ("configs/space1.py",),
    "benchmarks/attention_dropout.py": ("configs/space3.py",),
    "benchmarks/input_wait.py": ("configs/space3_sgd.py",),
    "benchmarks/map_purity.py": ("configs/space3_sgd.py",),
    "benchmarks/mteb_banking77.py": ("docs/exporting.md",),
    "benchmarks/padding.py": ("configs/space3.py",),
    "benchmarks/pipeline_speed.py": ("configs/space3_sgd.py",),
    "benchmarks/predict_speed.py": ("configs/finetune/banking77.py",),
    "benchmarks/respond_speed.py": ("configs/finetune/simulated_agent.py",),
    "benchmarks/slot_questions.py": ("configs/finetune/slot_questions.py",),
    "benchmarks/step_profile.py": ("configs/space3_sgd.py",),
}

# The beginning of a document's command -> what its placeholders are here. All that fit apply, the longest last.
PLACEHOLDERS = {
    "": {"SGD_FOLDER": "data/sgd", "/data/million": "million"},
    "docs/corpora.md": {"NAME": "woz2", "FOLDER": "data/woz2", "DIR": "data"},
    "docs/agents.md": {"OUT": "prepared"},
    "configs/finetune/own_agent.py": {
        "--config.task.database=my_tables": "--config.task.database=tables",
        "runs/shop/run": "runs/mine/run",
    },
    "docs/mixtures.md": {"NAME_OR_FILE": "unidial", "NAME": "unida", "DIR": "data", "OUT": "runs/mixture"},
    "docs/mixtures.md space-jax data build NAME ": {"OUT": "runs/mixture-of-two-workers"},
    "docs/mixtures.md python benchmarks/pipeline_speed.py": {"OUT": "runs/mixture-of-two-workers"},
    "docs/mixtures.md space-jax data build unida ": {"OUT": "runs/mixture-unida"},
    "docs/mixtures.md space-jax data build anpredial ": {"OUT": "runs/mixture-anpredial"},
    "docs/mixtures.md space-jax data build anpredial --data-root DIR --tokenizer minilm --out OUT --few": {
        "OUT": "runs/mixture-few"
    },
    "docs/map.md": {"RUN": "runs/sgd/minilm", "DIR": "data"},
    "docs/scaling.md": {"RUN": "runs/sgd/minilm"},
    "docs/weights.md space-jax convert": {"DIR": "runs/space3", "OUT": "converted", "DIR_OR_FILE": "minilm"},
    "docs/weights.md space-jax convert from-space": {
        "X.model": str(REFERENCE / "space3_small.safetensors"),
        "vocab.txt": "published_vocab.txt",
    },
    "docs/weights.md space-jax convert from-bert": {"OUT": "converted-bert"},
    "docs/weights.md space-jax convert to-": {"OUT": "as-bert", "X.model": "as-space.safetensors"},
    "docs/weights.md space-jax pretrain": {"DIR": "runs/space3"},
    "docs/weights.md space-jax convert check": {
        "X.model": str(REFERENCE / "space3_small.safetensors"),
        "x.json": str(REFERENCE / "space3_small.json"),
        "in.npz": str(REFERENCE / "space3_small_inputs.npz"),
        "out.npz": str(REFERENCE / "space3_small_outputs.npz"),
        "gen.npz": str(REFERENCE / "space3_small_generation.npz"),
    },
    "benchmarks/act_f1_by_source.py": {
        **{"before=RUN": "before=runs/space1", "after=RUN": "after=runs/space1_released"},
        **{"OUT": "runs/corpus", "DIR": "data"},
    },
    "benchmarks/corpus_counts.py": {"DIR": "data"},
    "benchmarks/map_purity.py": {"RUN": "runs/sgd/minilm", "DIR": "data"},
    "benchmarks/padding.py": {"SGD_CORPUS": "runs/corpus", "DAILYDIALOG_CORPUS": "runs/corpus"},
}

MODEL = tuple(f"--config.model.{size}" for size in ("layers=1", "hidden=16", "heads=2", "mlp=32"))
BATCH = ("--config.data.batch_size=8", "--config.data.eval_examples=8")
FINETUNE = ("--config.train.epochs=1", "--config.train.batch_size=8", "--config.train.predict_batch=8")
FINETUNE = (*FINETUNE, "--config.train.keep_by=last")  # so short a training is seldom better than none
DIALOGUE = tuple(
    f"--config.task.{size}"
    for size in (
        *("context_length=64", "target_length=64", "max_turn_tokens=18", "max_state_tokens=20"),
        *("max_act_tokens=10", "max_response_tokens=12"),
    )
)
# Verbs, or scripts -> what makes them short.
LIMITS = {
    "tokenizer train": ("--vocab-size", "600"),
    "tokenizer train sgd": ("--vocab-size", "400"),
    "pretrain": (*MODEL, *BATCH, "--config.train.steps=1"),
    "finetune": FINETUNE,
    "bench": (*MODEL, *BATCH, "--steps", "1"),
    "play": ("--dialogues", "2"),
    "respond": ("--limit", "2"),
    "show": ("--n", "1"),
    "convert from-space": ("--heads", "2"),
    "benchmarks/delexicalise.py": ("--limit", "10"),
    "benchmarks/labelling_loop.py": ("--rounds", "2", "--n", "2", "--seeds", "1"),
    "benchmarks/attention_dropout.py": ("--steps", "3", "--seeds", "1"),
    "benchmarks/build_memory.py": ("--dialogues", "20", "--workers", "1", "--tokenizer", "bert", "--results", "."),
    "benchmarks/input_wait.py": ("--examples", "512", "--seconds", "0.2", "--workers", "0"),
    "benchmarks/map_purity.py": ("--groups", "1"),
    "benchmarks/padding.py": ("--seeds", "1", "--batches", "1"),
    "benchmarks/pipeline_speed.py": ("--batches", "2"),
    "benchmarks/pool_memory.py": ("--batch", "16"),
    "benchmarks/respond_speed.py": ("--dialogues", "2", "--together", "2,1"),
    "benchmarks/step_profile.py": (*MODEL, *BATCH),
    "benchmarks/tree_similarity.py": ("--batch", "8", "--rounds", "1"),
}
DIALOGUES = ("--dialogues", "60")  # of the simulated corpus

# The beginning of a command -> why it is not run.
NOT_RUN = {
    "space-jax chat --workdir runs/agent/run --web": "serves until Ctrl-C; tests/chat/test_browser.py opens the page",
    "space-jax serve": "serves until Ctrl-C; tests/serving asks it",
    "space-jax convert from-released": "no released file is at hand; tests/convert/released reads recorded weights",
    "space-jax compile": "needs libtpu for --topology; tests/scale/test_compile.py compiles",
    "space-jax data download": "needs a network; tests/corpora/test_source_files.py downloads from this machine",
    "space-jax data verify": "the small files are not those with the checksums; test_source_files.py verifies",
    "python -m tests.reading.fuzzing": "needs minutes and the tests beside it",
    "python -m benchmarks.claim run": "needs hours; tests/benchmarks/test_claim.py has its plan and statistics",
    "python benchmarks/interruptions.py": "kills runs of an agent again and again, for minutes at least",
    "python benchmarks/attention_memory.py": "needs libtpu; tests/scale/test_memory_traffic.py has how it counts",
    "python benchmarks/out_of_scope.py": "needs hundreds of utterances: it measures halves of validation",
    "python benchmarks/serve_load.py": "needs minutes and the extra serve",
    "python benchmarks/against_torch.py": "needs minutes; tests/benchmarks/test_torch_baseline.py runs both sides",
    "make": "the commands of `make quickstart` are among those that run here; the other targets run in CI",
    "pip": "installs packages",
    "tpu_scripts/": "need machines that cost money; tests/tpu_scripts runs them against a stand-in",
}


def why_not(command: Command) -> str | None:
    """Why a command is not run; None if it is."""
    if command.program in FOREIGN and command.program != "cat":
        return "a program of others"
    text = command.text.removeprefix(".venv/bin/")
    return next((reason for start, reason in NOT_RUN.items() if text.startswith(start)), None)


def arguments_of(command: Command) -> list[str]:
    """The words of a command, placeholders replaced and made short."""
    place = f"{command.document} {command.text}"
    words: dict[str, str] = {}
    for start in sorted(PLACEHOLDERS, key=len):
        words |= PLACEHOLDERS[start] if place.startswith(start) else {}
    given = command.words[1:] if command.program in ("space-jax", "cat") else [command.script[0], *command.script[1]]
    arguments = [words.get(word, word) for word in given]
    if "--seeds" in arguments:
        arguments[arguments.index("--seeds") + 1] = "0,1"
    named = " ".join(arguments)
    for start, more in LIMITS.items():
        arguments += more if f"{named} ".startswith(f"{start} ") else ()
    if "simulated" in arguments:
        arguments += DIALOGUES
    if "finetune" in arguments and any(name in named for name in ("agent", "camrest676", "kvret", "multiwoz_e2e")):
        arguments += DIALOGUE
        if "simulated_agent" in named:
            arguments.append("--config.data.options=dialogues=20")
    return arguments


def made_by(arguments: list[str]) -> list[Path]:
    """The files and folders that a command makes."""
    trains = arguments[0] in ("pretrain", "finetune")
    options = ("--out", "--prepare", *(("--workdir",) if trains else ()))
    return [Path(arguments[i + 1]) for i, word in enumerate(arguments) if word in options]


def run(command: Command) -> None:
    """Runs it in this process."""
    arguments = arguments_of(command)
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
        for module in ("api.pretrained", "exporting.exportable", "training.run_reader"):
            patch.setattr(f"space_jax.{module}.require_steps", lambda *_, **__: None)  # nor is one step
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"I need a cheap hotel.\n/quit\n")))
        if command.program == "space-jax":
            assert main(arguments) == 0
        elif command.program == "cat":
            print("".join(Path(name).read_text(encoding="utf-8") for name in arguments), end="")
        else:
            patch.setattr(sys, "argv", arguments)
            patch.syspath_prepend(str(Path(arguments[0]).parent))
            runpy.run_path(arguments[0], run_name="__main__")
    if command.output:
        output.flush()
        Path(command.output).write_bytes(output.buffer.getvalue())


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The folder that the commands run in, with the compilation cache that they share."""
    folder = tmp_path_factory.mktemp("checkout")
    settings = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("compiled")),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_disable_most_optimizations": True,
    }
    before = {name: jax.config.values[name] for name in settings}
    working = os.getcwd()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()
        patch.setattr(minilm, "minilm_folder", lambda: folder / "bert")
        os.chdir(folder)
        _fill(folder)
        yield folder
        os.chdir(working)
        for name, value in before.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()


def _fill(folder: Path) -> None:
    """What the reader has beside the program: corpora, weights, files of their own."""
    for name in ("configs", "benchmarks", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    write_corpora(folder / "data")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,?!'-_:;[]&"
    pieces = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"[unused{n}]" for n in range(60)))
    pieces += (*letters, *(f"##{letter}" for letter in letters))
    sizes = {"hidden": 16, "layers": 1, "mlp": 32, "positions": 512, "roles": 2}
    write_bert_folder(folder / "bert", bert_state(pieces, **sizes), pieces, num_attention_heads=2, num_hidden_layers=1)
    shutil.copy(folder / "bert" / "vocab.txt", folder)
    Path("published_vocab.txt").write_text("\n".join(pieces[:67]) + "\n")  # the tokens of the recorded SPACE-3
    Path("my_dialogues").mkdir()
    for split in ("train", "validation"):
        dialogues = corpus("simulated").load(None, split, dialogues=60)
        half = (without_labels(one) if number % 2 else one for number, one in enumerate(dialogues))
        write_jsonl(Path("my_dialogues") / f"{split}.jsonl", half)
    Path("tables").mkdir()
    hotels = "".join(f"{row['name']},{row['area']}\n" for row in SimulatedBackend().database.query("hotel", {}))
    Path("tables", "hotel.csv").write_text(f"name,area\n{hotels}")
    Path("any.csv").write_text("text,label\na thai place,card_arrival\n")
    Path("test.csv").write_text("text,category\na thai place,card_arrival\n")
    Path("questions.jsonl").write_text('{"question": "which food?", "passage": "a thai table at the mill"}\n')
    Path("utterances.jsonl").write_text('{"text": "a thai place"}\n')
    _fill_sources()


def _fill_sources() -> None:
    """What docs/own_data.md imports."""
    Path("logs").mkdir()
    talk = "[10:02] Customer: bicycle {0} has a flat tyre\nAgent: bring number {0} in\n\n"
    Path("logs/monday.txt").write_text("".join(map(talk.format, range(30))))
    rows = (f"how much is repair {number}?;{'ab'[number % 2]}\n" for number in range(20))
    Path("questions.csv").write_text("question;intent\n" + "".join(rows))
    Path("calls.csv").write_text("call,said_by,words\n1,customer,hi\n1,agent,hello\n")


NAMES = [*(path.relative_to(ROOT).as_posix() for path in DOCUMENTS), "Makefile"]


@pytest.fixture(scope="module")
def ran(checkout):
    """Runs the commands of a document once, after those of the documents that it needs."""
    done: set[str] = set()

    def run_document(name: str) -> None:
        for earlier in AFTER.get(name, ()):
            if earlier not in done:
                run_document(earlier)
        if name in done:
            return
        done.add(name)
        commands = commands_of_target("quickstart") if name == "Makefile" else commands_of(ROOT / name)
        runnable = [command for command in commands if why_not(command) is None and not is_mention(command)]
        for path in (path for command in runnable for path in made_by(arguments_of(command))):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        for command in runnable:
            try:
                run(command)
            except BaseException as error:
                error.add_note(f"{command} (run with {' '.join(arguments_of(command))})")
                raise

    return run_document


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_of_a_document_run(name, ran):
    ran(name)


def test_what_is_listed_is_there():
    """A placeholder, a limit or a reason that no command needs any more goes."""
    commands = [command for path in DOCUMENTS for command in commands_of(path)]
    reasons = {why_not(command) for command in commands}
    assert {start for start, reason in NOT_RUN.items() if reason not in reasons} == set()
    for start, words in PLACEHOLDERS.items():
        fitting = [command for command in commands if f"{command.document} {command.text}".startswith(start)]
        assert set(words) <= {word for command in fitting for word in command.words}, start
    shown = [" ".join(command.words[1:]) for command in commands if command.program in ("space-jax", "python")]
    assert {start for start in LIMITS if not any(f"{text} ".startswith(f"{start} ") for text in shown)} == set()
    assert {*AFTER, *(name for names in AFTER.values() for name in names)} <= set(NAMES)
