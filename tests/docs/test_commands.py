"""Every command that the documents show is one that the program takes.

Here a command is parsed by its own parser, its configuration is read and its overrides are applied; nothing runs.
`test_running.py` runs them.
"""

import argparse
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from space_jax import build_corpus, train_tokenizer
from space_jax.cli import make_parser
from space_jax.config_files import load_config, parse_overrides
from space_jax.shipped_configs import shipped_configs
from tests.docs.commands import DOCUMENTS, PROGRAMS, ROOT, Command, every_command

COMMANDS = every_command()
# Programs of others: whether they do what a document says is not ours to test.
FOREIGN = ("gcloud", "ssh", "cp", "cat", "git", "export", "jupyter", ".")


# What only benchmarks import, of extras that need not be there.
OF_EXTRAS = ("sentence_transformers", "sklearn", "torch", "transformers")


class ParsedError(Exception):
    """Raised in place of what a script does once it has read its arguments."""


def test_the_documents_have_commands():
    found = {command.document for command in COMMANDS}
    silent = {path.relative_to(ROOT).as_posix() for path in DOCUMENTS} - found
    assert silent == {"docs/data_format.md", "benchmarks/torch_baseline.py"}
    assert len(COMMANDS) > 120
    assert {"README.md", "docs/weights.md", "configs/finetune/sgd.py", "Makefile"} <= found


def verbs(words: list[str]) -> list[str]:
    """The words that lead from the parser to a subcommand, as in `data build`."""
    parser, path = make_parser(), []
    for word in words:
        choices = [a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not choices or word not in choices[0]:
            break
        parser, path = choices[0][word], [*path, word]
    return path


def is_mention(command: Command) -> bool:
    """Whether a span only names a command (`space-jax data build`) without saying what it should do."""
    return command.inline and len(command.words) > 1 and verbs(command.words[1:]) == command.words[1:]


def run_of(command: Command, workdir: str) -> Command:
    """The command of the same document that trains in this workdir."""
    (found,) = {
        other
        for other in COMMANDS
        if other.document == command.document and other.words[1:2] in (["pretrain"], ["finetune"])
        if f"--workdir {workdir}" in f"{other.text} " and ":" not in other.words[other.words.index("--config") + 1]
    }
    return found


@pytest.fixture(scope="session")
def loaded(tmp_path_factory):
    """`load_config`, for which a small corpus stands for the one that own_dialogues takes its sizes from."""
    folder = tmp_path_factory.mktemp("own")
    train_tokenizer("simulated", folder / "tokenizer", vocab_size=500, options={"dialogues": 10})
    build_corpus("simulated", folder / "corpus", folder / "tokenizer", options={"dialogues": 10})

    def load(name: str, overrides: dict[str, str]) -> object:
        name = name.partition(":")[0] if "own_dialogues" in name else name
        return load_config(f"{name}:{folder / 'corpus'}" if "own_dialogues" in name else name, overrides)

    return load


def check_space_jax(command: Command, load_config) -> None:
    if is_mention(command):
        return
    given, rest = make_parser().parse_known_args(command.words[1:])
    overrides = parse_overrides(rest)
    assert not overrides or given.takes_config
    config = getattr(given, "config", None)
    if config is None and overrides:
        of_run = run_of(command, str(given.workdir)).words
        config = of_run[of_run.index("--config") + 1]
    if config is not None:
        load_config(config, overrides)


def run_where_it_can(script: Path) -> None:
    try:
        runpy.run_path(str(script), run_name="__main__")
    except ModuleNotFoundError as error:
        if error.name in OF_EXTRAS:
            pytest.skip(f"{error.name} comes with an extra")
        raise


def check_script(command: Command, monkeypatch, load_config) -> None:
    """`python benchmarks/X.py ...`: the arguments are those that its parser takes."""
    script, arguments = command.script
    for name in ("parse_args", "parse_known_args"):
        parse = getattr(argparse.ArgumentParser, name)

        def parsed(self, *given, parse=parse, **named):
            result = parse(self, *given, **named)
            if not given:  # argparse calls itself with the arguments
                raise ParsedError(result)
            return result

        monkeypatch.setattr(argparse.ArgumentParser, name, parsed)
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    monkeypatch.syspath_prepend(str((ROOT / script).parent))
    with pytest.raises(ParsedError) as caught:
        run_where_it_can(ROOT / script)
    found = caught.value.args[0]
    given, rest = found if isinstance(found, tuple) else (found, [])
    if hasattr(given, "config"):
        load_config(given.config, parse_overrides(rest))
    assert hasattr(given, "config") or not rest


def check_pip(command: Command) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    wanted = re.search(r"\[([\w,-]+)\]", command.text)
    assert command.words[1] == "install"
    assert wanted is None or set(wanted[1].split(",")) <= set(extras)


def check_make(command: Command) -> None:
    subprocess.run(["make", "--dry-run", *command.words[1:]], cwd=ROOT, capture_output=True, check=True)


def check_tpu_script(command: Command) -> None:
    path = ROOT / command.program
    assert path.stat().st_mode & 0o100
    subprocess.run(["bash", str(path), "--help"], cwd=ROOT, capture_output=True, check=True)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_command_is_one_that_its_program_takes(command, monkeypatch, loaded):
    monkeypatch.chdir(ROOT)
    program = command.program
    assert program in PROGRAMS
    if program == "space-jax":
        check_space_jax(command, loaded)
    elif program == "python":
        check_script(command, monkeypatch, loaded)
    elif program == "pip":
        check_pip(command)
    elif program == "make":
        check_make(command)
    elif program.startswith("tpu_scripts/"):
        check_tpu_script(command)
    else:
        assert program in FOREIGN


@pytest.fixture(scope="module")
def shipped(loaded) -> list:
    """Every shipped configuration: together they have every recipe and every task."""
    return [loaded(name, {}) for name in shipped_configs()]


@pytest.fixture(scope="module")
def options() -> set[str]:
    """The options of every command and subcommand of the package, and of the benchmarks."""

    def of(parser: argparse.ArgumentParser) -> set[str]:
        found = {option for action in parser._actions for option in action.option_strings}
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                found |= set().union(*map(of, action.choices.values()))
        return found

    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").rglob("*.py"))
    return of(make_parser()) | set(re.findall(r'add_argument\("(--[a-z-]+)"', scripts))


def has_field(config: object, name: str) -> bool:
    """Whether a configuration has a field of this dotted name."""
    for part in name.split("."):
        if not hasattr(config, part):
            return False
        config = getattr(config, part)
    return True


def fields_in(text: str) -> set[str]:
    """The configuration fields that a text names, as `--config.train.steps=5` does."""
    return set(re.findall(r"--config\.([\w.]+?)=", text)) - {"X", "task.X"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_field_and_option_in_the_text_exists(path, shipped, options):
    text = path.read_text(encoding="utf-8")
    if path.parent == ROOT / "tpu_scripts":
        return  # their own options; test_single_steps.py has them
    for name in fields_in(text):
        assert any(has_field(config, name) for config in shipped), name
    if path.suffix == ".md":
        assert set(re.findall(r"(?<=`)--[a-z][a-z-]+(?=[` =])", text)) - options == set()
